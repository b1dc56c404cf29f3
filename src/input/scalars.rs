//! Single values as an operator writes them: numbers, times and file modes.

use super::shape::Form;
use std::time::Duration;

/// A time: digits and one unit, `s`, `m`, `h` or `d`. The error is a way out.
pub fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|character: char| !character.is_ascii_digit());
    let unit = &text[digits.len()..];
    let number = digits.parse::<u64>().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let factor = match unit.trim() {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "" if number.is_some() => {
            return Err(format!("a time has a unit: `{digits}s`, `{digits}m` or `{digits}h`"));
        }
        _ => return Err(DURATION_HELP.to_owned()),
    };
    let seconds = number.and_then(|number| number.checked_mul(factor)).ok_or(DURATION_HELP)?;
    Ok(Duration::from_secs(seconds))
}

const DURATION_HELP: &str = "write whole seconds, minutes, hours or days: `90s`, `10m`, `1h`, `30d`";

/// A file mode: three octal digits, with or without the leading `0` or `0o`.
pub fn mode(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("0o").or_else(|| text.strip_prefix('0')).unwrap_or(text);
    let is_octal = digits.len() == 3 && digits.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    is_octal.then(|| u32::from_str_radix(digits, 8).ok()).flatten()
}

/// A whole number within limits.
pub fn whole(text: &str, least: u32, most: u32) -> Option<u32> {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse::<u32>().ok().filter(|number| is_digits && (least..=most).contains(number))
}

/// What is wrong with a path, if anything: the message's end and a way out.
pub fn path_problem(text: &str, form: &Form) -> Option<(String, String)> {
    let (absolute, template) = match form {
        Form::AbsolutePath => (true, false),
        Form::PathTemplate { absolute } => (*absolute, true),
        _ => return None,
    };
    if absolute && !text.starts_with('/') {
        let why = "must be an absolute path".to_owned();
        return Some((
            why,
            "begin it with `/`: a process reads any other path from where it was started".to_owned(),
        ));
    }
    if text.chars().any(char::is_control) {
        return Some((
            "holds a control character".to_owned(),
            "write it on one line, without tabs".to_owned(),
        ));
    }
    template.then(|| template_problem(text)).flatten()
}

/// A brace that is not part of `{node}` or `{address}`.
fn template_problem(text: &str) -> Option<(String, String)> {
    let rest = text.replace("{node}", "").replace("{address}", "");
    let open = rest.find(['{', '}'])?;
    let unknown: String = match rest[open..].find('}') {
        Some(close) => rest[open..=open + close].to_owned(),
        None => rest[open..].to_owned(),
    };
    let help = "the placeholders are `{node}`, a node's name, and `{address}`";
    Some((format!("holds `{unknown}`, which stands for nothing"), help.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_and_a_unit() {
        for (text, seconds) in
            [("0s", 0), ("90s", 90), ("10m", 600), ("1h", 3600), ("5 m", 300), ("30d", 2_592_000)]
        {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "s",
            "60",
            "1w",
            "1h30m",
            "-5s",
            "1.5h",
            "5ms",
            "99999999999999999999s",
            "18446744073709551615h",
            "٣s",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert_eq!(duration("60"), Err("a time has a unit: `60s`, `60m` or `60h`".to_owned()));
    }

    #[test]
    fn a_mode_is_octal() {
        for text in ["0400", "400", "0o400"] {
            assert_eq!(mode(text), Some(0o400), "{text}");
        }
        for text in ["", "0", "40", "0480", "00400", "1400", "rw-", "+400"] {
            assert_eq!(mode(text), None, "{text}");
        }
    }
}
