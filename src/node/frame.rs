//! What a script printed, taken apart: sections with a name and a length, so that any bytes can stand in them.

use std::collections::BTreeMap;

/// The sections of one answer. A header is `NAME LENGTH` and a line feed, then come the bytes and a line feed; with `-` for
/// a length come lines, and one with nothing but a full stop. The last section may have no length and goes to the end.
pub(super) struct Sections<'a>(BTreeMap<&'a str, &'a [u8]>);

/// Which section is missing or damaged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("section `{section}` is {problem}")]
pub struct FrameError {
    pub section: String,
    pub problem: &'static str,
}

impl<'a> Sections<'a> {
    pub fn parse(mut rest: &'a [u8]) -> Result<Sections<'a>, FrameError> {
        let damaged = |section: &[u8], problem| FrameError {
            section: String::from_utf8_lossy(&section[..section.len().min(40)]).into_owned(),
            problem,
        };
        let mut sections = BTreeMap::new();
        while !rest.is_empty() {
            let end = rest.iter().position(|byte| *byte == b'\n').ok_or_else(|| damaged(rest, "cut off"))?;
            let header = std::str::from_utf8(&rest[..end]).map_err(|_| damaged(&rest[..end], "no header"))?;
            rest = &rest[end + 1..];
            let Some((name, length)) = header.split_once(' ') else {
                sections.insert(header, rest);
                break;
            };
            if length == "-" {
                let (lines, behind) = lines(rest).ok_or_else(|| damaged(name.as_bytes(), "cut off"))?;
                sections.insert(name, lines);
                rest = behind;
                continue;
            }
            let length: usize = length.parse().map_err(|_| damaged(header.as_bytes(), "no header"))?;
            if rest.get(length) != Some(&b'\n') {
                return Err(damaged(name.as_bytes(), "cut off"));
            }
            sections.insert(name, &rest[..length]);
            rest = &rest[length + 1..];
        }
        Ok(Sections(sections))
    }

    pub fn bytes(&self, name: &str) -> Option<&'a [u8]> {
        self.0.get(name).copied()
    }

    /// A section that every answer has, as text.
    pub fn text(&self, name: &str) -> Result<&'a str, FrameError> {
        let broken = |problem| FrameError { section: name.into(), problem };
        let bytes = self.bytes(name).ok_or_else(|| broken("missing"))?;
        std::str::from_utf8(bytes).map_err(|_| broken("not UTF-8"))
    }

    /// A section's lines; none if the section is empty.
    pub fn lines(&self, name: &str) -> Result<Vec<&'a str>, FrameError> {
        Ok(self.text(name)?.split('\n').filter(|line| !line.is_empty()).collect())
    }
}

/// The lines up to a full stop, and what comes behind it.
fn lines(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    const END: &[u8] = b"\n.\n";
    if let Some(behind) = rest.strip_prefix(&END[1..]) {
        return Some((&[], behind));
    }
    let at = rest.windows(END.len()).position(|window| window == END)?;
    Some((&rest[..at], &rest[at + END.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_stand_in_a_section_and_a_cut_answer_is_no_answer() {
        let sections =
            Sections::parse(b"a 3\nx\ny\nempty 0\n\nlines -\nx\n.y\n.\nnone -\n.\nyaml\nb 99\n\xff").unwrap();
        assert_eq!(sections.text("lines").unwrap(), "x\n.y");
        assert_eq!(sections.text("none").unwrap(), "");
        assert_eq!(sections.text("a").unwrap(), "x\ny");
        assert_eq!(sections.lines("empty").unwrap(), Vec::<&str>::new());
        assert_eq!(sections.bytes("yaml").unwrap(), b"b 99\n\xff");
        assert_eq!(sections.text("yaml").unwrap_err().to_string(), "section `yaml` is not UTF-8");
        assert_eq!(sections.text("b").unwrap_err().to_string(), "section `b` is missing");
        for (cut, problem) in [
            (&b"a 3\nx"[..], "section `a` is cut off"),
            (b"a 3", "section `a 3` is cut off"),
            (b"a -\nx\n", "section `a` is cut off"),
            (b"bash: warning: x\n", "section `bash: warning: x` is no header"),
        ] {
            assert_eq!(Sections::parse(cut).err().unwrap().to_string(), problem);
        }
    }
}
