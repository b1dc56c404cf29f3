//! OpenSSH's host patterns: `*`, `?`, and lists in which `!` excludes (ssh_config(5), PATTERNS; `match.c`).

/// Whether `text` matches `pattern`, in which `*` stands for any characters and `?` for one.
pub fn matches(text: &str, pattern: &str) -> bool {
    let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
    let (mut at, mut next) = (0, 0);
    // Where the last star stood, and the text it has swallowed so far: a mismatch later on goes back there.
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        if next < pattern.len() && pattern[next] == b'*' {
            star = Some((next, at));
            next += 1;
        } else if next < pattern.len() && (pattern[next] == b'?' || pattern[next] == text[at]) {
            at += 1;
            next += 1;
        } else if let Some((star_at, swallowed)) = star {
            star = Some((star_at, swallowed + 1));
            at = swallowed + 1;
            next = star_at + 1;
        } else {
            return false;
        }
    }
    pattern[next..].iter().all(|byte| *byte == b'*')
}

/// Whether `text` matches a list of patterns: one of them, and none of those that begin with `!`.
pub fn matches_list<'a>(text: &str, patterns: impl IntoIterator<Item = &'a str>) -> bool {
    let mut found = false;
    for pattern in patterns {
        match pattern.strip_prefix('!') {
            Some(excluded) if matches(text, excluded) => return false,
            Some(_) => {}
            None => found |= matches(text, pattern),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_match_as_in_openssh() {
        let cases = [
            ("a", "a", true),
            ("a", "b", false),
            ("", "", true),
            ("", "*", true),
            ("", "?", false),
            ("abc", "a*c", true),
            ("abcbc", "a*bc", true),
            ("abcb", "a*bc", false),
            ("abc", "???", true),
            ("abc", "??", false),
            ("abc", "*b*", true),
            ("abc", "**", true),
            ("[10.0.0.1]:2222", "[10.0.*]:2222", true),
            ("[10.0.0.1]:2222", "10.0.*", false),
        ];
        for (text, pattern, expected) in cases {
            assert_eq!(matches(text, pattern), expected, "{text} against {pattern}");
        }
    }

    #[test]
    fn an_exclusion_wins_wherever_it_stands_and_matches_nothing_alone() {
        assert!(matches_list("a1", ["a*", "!b*"]));
        assert!(!matches_list("a1", ["a*", "!a1"]));
        assert!(!matches_list("a1", ["!a1", "a*"]));
        assert!(!matches_list("a1", ["!b1"]));
    }
}
