//! The part of a file in which two versions of it differ, in whole top-level sections.

use super::tree::{Node, Value};
use super::verify::Read;

/// The sections of each version from the first that differs to the last; all around them is the same byte for byte.
/// `None` where a version is not made of block sections, or one of the two has nothing there.
pub fn touched<'a>(before: &Read<'a>, after: &Read<'a>) -> Option<(&'a str, &'a str)> {
    let (starts_before, starts_after) = (starts(before)?, starts(after)?);
    let same_at_front = same(before.text.bytes(), after.text.bytes());
    let begin = |starts: &[usize]| starts.iter().rev().find(|start| **start <= same_at_front).copied();
    let from = begin(&starts_before)?.min(begin(&starts_after)?);
    let shorter = before.text.len().min(after.text.len());
    let same_at_end = same(before.text.bytes().rev(), after.text.bytes().rev()).min(shorter - same_at_front);
    // Counted from the end, where both versions count alike.
    let end = |text: &str, starts: &[usize]| {
        let next = starts.iter().find(|start| **start > from && text.len() - **start <= same_at_end);
        next.map_or(0, |start| text.len() - start)
    };
    let left = end(before.text, &starts_before).min(end(after.text, &starts_after));
    let part = |text: &'a str| text.get(from..text.len() - left).filter(|part| !part.trim().is_empty());
    Some((part(before.text)?, part(after.text)?))
}

/// Where each top-level section begins.
fn starts(version: &Read<'_>) -> Option<Vec<usize>> {
    match version.root.as_ref()? {
        Node { value: Value::Mapping(entries), is_flow: false, .. } => {
            let starts: Vec<usize> = entries.iter().map(|entry| entry.key.bytes.start).collect();
            let in_first_column = |start: &usize| *start == 0 || version.text.as_bytes()[start - 1] == b'\n';
            starts.iter().all(in_first_column).then_some(starts)
        }
        Node { .. } => None,
    }
}

/// How many bytes two texts have in common from where they are read.
fn same(one: impl Iterator<Item = u8>, other: impl Iterator<Item = u8>) -> usize {
    one.zip(other).take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::yaml::parse;

    fn parts<'a>(before: &'a str, after: &'a str) -> Option<(&'a str, &'a str)> {
        let read = |text| Read { text, root: parse(text).expect("YAML") };
        touched(&read(before), &read(after))
    }

    #[test]
    fn whole_sections_around_the_difference() {
        let before = "a: 1\n# b\nb:\n  x: 1\n  y: 2\n# c\nc: 3\nd: 4\n";
        let cases = [
            (
                before.replace("x: 1", "x: 7"),
                Some(("b:\n  x: 1\n  y: 2\n# c\n", "b:\n  x: 7\n  y: 2\n# c\n")),
            ),
            (before.replace("d: 4", "d: 5"), Some(("d: 4\n", "d: 5\n"))),
            (before.replace("a: 1", "a: 9"), Some(("a: 1\n# b\n", "a: 9\n# b\n"))),
            (format!("{before}e: 5\n"), Some(("d: 4\n", "d: 4\ne: 5\n"))),
            (
                before.replace("c: 3\n", ""),
                Some(("b:\n  x: 1\n  y: 2\n# c\nc: 3\n", "b:\n  x: 1\n  y: 2\n# c\n")),
            ),
            ("{a: 1}".into(), None),
        ];
        for (after, expected) in &cases {
            let found = parts(before, after);
            match expected {
                None => assert_eq!(found, None),
                Some(_) => {
                    let (was, is) = found.expect("a part");
                    let (front, back) = before.split_once(was).expect("a part of it");
                    assert_eq!(*after, format!("{front}{is}{back}"), "what is around is the same");
                    assert!(was.len() < before.len());
                }
            }
        }
    }
}
