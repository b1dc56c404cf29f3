//! Many node names in few words, in the notation of the inventory: `orders-[2..9]`.

/// Names in natural order (`orders-9` before `orders-10`), runs of them folded.
pub fn folded(names: &[&str]) -> String {
    let mut sorted = names.to_vec();
    sorted.sort_by_cached_key(|name| natural(name));
    in_order(&sorted)
}

/// Names in the order given, runs of them folded.
pub fn in_order(names: &[&str]) -> String {
    // Three lines of a terminal: what has no pattern in it is not read further than that.
    const SHOWN: usize = 12;
    let runs = runs(names);
    let shown = runs.iter().take(SHOWN).map(Run::text).collect::<Vec<_>>().join(", ");
    match runs.iter().skip(SHOWN).map(|run| run.count).sum() {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Names that differ in one number only, which counts up.
struct Run<'a> {
    first: &'a str,
    last: &'a str,
    count: usize,
    /// The parts around the number, once there are two names.
    around: Option<(&'a str, &'a str)>,
}

fn runs<'a>(names: &[&'a str]) -> Vec<Run<'a>> {
    let mut runs: Vec<Run> = Vec::new();
    for &name in names {
        if let Some(run) = runs.last_mut()
            && let Some(around) = follows(run.last, name)
            && run.around.is_none_or(|known| known == around)
        {
            *run = Run { last: name, count: run.count + 1, around: Some(around), ..*run };
            continue;
        }
        runs.push(Run { first: name, last: name, count: 1, around: None });
    }
    runs
}

impl Run<'_> {
    fn text(&self) -> String {
        match self.around {
            Some((_, _)) if self.count == 2 => format!("{}, {}", self.first, self.last),
            Some((prefix, suffix)) => {
                let number = |name: &str| name[prefix.len()..name.len() - suffix.len()].to_string();
                format!("{prefix}[{}..{}]{suffix}", number(self.first), number(self.last))
            }
            None => self.first.into(),
        }
    }
}

/// The parts around the number that is one higher in `b` than in `a`, if that is all that differs.
fn follows<'a>(a: &str, b: &'a str) -> Option<(&'a str, &'a str)> {
    let same = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    let start = b.as_bytes()[..same].iter().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |at| at + 1);
    let digits =
        |name: &str| name.as_bytes()[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number_a, rest_a) = a.split_at_checked(start + digits(a))?;
    let (number_b, rest_b) = b.split_at_checked(start + digits(b))?;
    let (number_a, number_b) = (&number_a[start..], &number_b[start..]);
    let padded = |number: &str| number.len() > 1 && number.starts_with('0');
    let same_form = number_a.len() == number_b.len() || !(padded(number_a) || padded(number_b));
    let counts_up = number_a.parse::<u64>().ok()?.checked_add(1)? == number_b.parse::<u64>().ok()?;
    (rest_a == rest_b && same_form && counts_up).then_some((&b[..start], rest_b))
}

/// A sort key in which numbers count as numbers.
fn natural(name: &str) -> Vec<(u64, String)> {
    let mut key: Vec<(u64, String)> = vec![(0, String::new())];
    let mut in_number = false;
    for c in name.chars() {
        match (c.to_digit(10), key.last_mut()) {
            (Some(digit), Some((number, _))) if in_number => {
                *number = number.saturating_mul(10).saturating_add(digit.into())
            }
            (Some(digit), _) => key.push((digit.into(), String::new())),
            (None, Some((_, text))) => text.push(c),
            (None, None) => {}
        }
        in_number = c.is_ascii_digit();
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_count_up_are_folded() {
        let cases: &[(&[&str], &str)] = &[
            (&[], ""),
            (&["a"], "a"),
            (&["a-1", "a-2"], "a-1, a-2"),
            (&["a-10", "a-9", "a-8", "b"], "a-[8..10], b"),
            (&["a-08", "a-09", "a-10"], "a-[08..10]"),
            (&["a-1", "a-3", "a-4", "a-5"], "a-1, a-[3..5]"),
            (&["r1n1", "r1n2", "r1n3", "r2n1"], "r1n[1..3], r2n1"),
            (&["n1.x", "n2.x", "n3.x", "n4.y"], "n[1..3].x, n4.y"),
            (&["10.0.1.9", "10.0.1.10", "10.0.1.11"], "10.0.1.[9..11]"),
            (&["9", "10", "11"], "[9..11]"),
            (&["ü1", "ü2", "ü3"], "ü[1..3]"),
        ];
        for (names, text) in cases {
            assert_eq!(folded(names), *text);
        }
    }

    #[test]
    fn names_without_a_pattern_end_in_a_count() {
        let names: Vec<String> = (0..1000).map(|n| format!("{}-x", n * 7)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert!(folded(&names).ends_with(" and 988 more"));
    }
}
