//! Ranges in names and addresses: `orders-[2..9]` stands for eight nodes, `[a,b]` for two.

/// Cassandra clusters end at some thousands of nodes; a larger number is a slip in a range.
pub const NODES_MAX: usize = 10_000;

/// Why a text with brackets is neither a range nor a list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRange {
    #[error("has a bracket that stands alone")]
    Unclosed,
    #[error("has more than one range")]
    Several,
    #[error("has brackets that hold neither a range nor a list")]
    Neither,
    #[error("has an IPv6 address in brackets")]
    Ipv6,
    #[error("has a range that counts down")]
    Descending,
    #[error("has a range whose ends have different widths")]
    Widths,
    #[error("stands for more than {NODES_MAX} nodes")]
    TooMany,
}

impl BadRange {
    /// The way out.
    pub fn help(&self) -> &'static str {
        match self {
            BadRange::Unclosed | BadRange::Neither => {
                "a range is written `orders-[2..9]`, a list `orders-[a,b]`"
            }
            BadRange::Several => "write one entry for each value of the first range",
            BadRange::Ipv6 => "write the address without brackets",
            BadRange::Descending => "write the smaller number first",
            BadRange::Widths => "write both ends with the same number of digits: `[01..12]`, `[1..12]`",
            BadRange::TooMany => "a cluster of one run has at most 10000 nodes: look for a digit too many",
        }
    }
}

/// Every text that this one stands for, in order; itself if it has no brackets.
pub fn expand(text: &str) -> Result<Vec<String>, BadRange> {
    let Some((before, rest)) = text.split_once('[') else {
        return if text.contains(']') { Err(BadRange::Unclosed) } else { Ok(vec![text.to_owned()]) };
    };
    let (inside, after) = rest.split_once(']').ok_or(BadRange::Unclosed)?;
    if after.contains('[') {
        return Err(BadRange::Several);
    }
    if before.contains(']') || inside.contains('[') || after.contains(']') {
        return Err(BadRange::Unclosed);
    }
    let middle = match inside.split_once("..") {
        Some((first, last)) => range(first.trim(), last.trim())?,
        None if inside.contains(':') => return Err(BadRange::Ipv6),
        None => list(inside)?,
    };
    Ok(middle.into_iter().map(|middle| format!("{before}{middle}{after}")).collect())
}

fn range(first: &str, last: &str) -> Result<Vec<String>, BadRange> {
    let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text.parse::<u32>().map_err(|_| BadRange::Neither),
        false => Err(BadRange::Neither),
    };
    let (from, until) = (number(first)?, number(last)?);
    let is_padded = |text: &str| text.len() > 1 && text.starts_with('0');
    if (is_padded(first) || is_padded(last)) && first.len() != last.len() {
        return Err(BadRange::Widths);
    }
    if from > until {
        return Err(BadRange::Descending);
    }
    if (until - from) as usize >= NODES_MAX {
        return Err(BadRange::TooMany);
    }
    let width = if is_padded(first) { first.len() } else { 0 };
    Ok((from..=until).map(|number| format!("{number:0width$}")).collect())
}

fn list(inside: &str) -> Result<Vec<String>, BadRange> {
    let items: Vec<String> = inside.split(',').map(|item| item.trim().to_owned()).collect();
    if items.len() < 2 || items.iter().any(String::is_empty) { Err(BadRange::Neither) } else { Ok(items) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_keeps_the_width_of_its_ends() {
        let cases = [
            ("orders-1", "orders-1"),
            ("orders-[2..4]", "orders-2 orders-3 orders-4"),
            ("[9..11].example", "9.example 10.example 11.example"),
            ("n[08..10]", "n08 n09 n10"),
            ("n[001..002]", "n001 n002"),
            ("n[0..1]", "n0 n1"),
            ("n[5..5]", "n5"),
            ("n-[a, b]-x", "n-a-x n-b-x"),
        ];
        for (text, expected) in cases {
            assert_eq!(expand(text).expect(text).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_range_is_refused() {
        let cases = [
            ("n[1..3", BadRange::Unclosed),
            ("n]1[", BadRange::Unclosed),
            ("n1]", BadRange::Unclosed),
            ("n[[1..2]]", BadRange::Unclosed),
            ("n[1..2]]", BadRange::Unclosed),
            ("r[1..2]n[1..2]", BadRange::Several),
            ("n[]", BadRange::Neither),
            ("n[1]", BadRange::Neither),
            ("n[a..c]", BadRange::Neither),
            ("n[1..99999999999]", BadRange::Neither),
            ("n[-1..3]", BadRange::Neither),
            ("n[a,]", BadRange::Neither),
            ("[2001:db8::1]", BadRange::Ipv6),
            ("n[9..2]", BadRange::Descending),
            ("n[01..100]", BadRange::Widths),
            ("n[1..10001]", BadRange::TooMany),
            ("n[0..4294967295]", BadRange::TooMany),
        ];
        for (text, expected) in cases {
            assert_eq!(expand(text), Err(expected), "{text}");
        }
        assert_eq!(expand("n[1..10000]").map(|names| names.len()), Ok(NODES_MAX));
    }
}
