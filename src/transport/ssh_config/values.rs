//! The values that ssh_config keywords take.

use super::StrictHostKeys;
use std::time::Duration;

/// A TCP port.
pub fn port(word: &str) -> Result<u16, String> {
    word.parse().ok().filter(|port| *port != 0).ok_or_else(|| format!("`{word}` is not a port"))
}

/// yes or no.
pub fn flag(word: &str) -> Result<bool, String> {
    match word.to_lowercase().as_str() {
        "yes" | "true" => Ok(true),
        "no" | "false" => Ok(false),
        _ => Err(format!("`{word}` is neither yes nor no")),
    }
}

/// The values of `StrictHostKeyChecking`.
pub fn strict(word: &str) -> Result<StrictHostKeys, String> {
    match word.to_lowercase().as_str() {
        "yes" | "true" => Ok(StrictHostKeys::Yes),
        "no" | "false" | "off" => Ok(StrictHostKeys::No),
        "ask" => Ok(StrictHostKeys::Ask),
        "accept-new" => Ok(StrictHostKeys::AcceptNew),
        _ => Err(format!("`{word}` is not one of yes, no, ask, accept-new")),
    }
}

/// A time as in sshd_config(5), TIME FORMATS: `90`, `1m30s`; `none` and 0 are no limit.
pub fn time(word: &str) -> Result<Option<Duration>, String> {
    if word.eq_ignore_ascii_case("none") {
        return Ok(None);
    }
    let wrong = || format!("`{word}` is not a time");
    let mut total_s: u64 = 0;
    let mut digits = String::new();
    for character in word.chars().chain(std::iter::once('s')) {
        if character.is_ascii_digit() {
            digits.push(character);
            continue;
        }
        let unit_s = match character.to_ascii_lowercase() {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return Err(wrong()),
        };
        if digits.is_empty() {
            // The unit that was appended for a plain number, after a number that has its own.
            continue;
        }
        let count: u64 = digits.parse().map_err(|_| wrong())?;
        total_s = count.checked_mul(unit_s).and_then(|s| s.checked_add(total_s)).ok_or_else(wrong)?;
        digits.clear();
    }
    let is_number = word.starts_with(|c: char| c.is_ascii_digit());
    match total_s {
        0 if is_number => Ok(None),
        0 => Err(wrong()),
        _ => Ok(Some(Duration::from_secs(total_s))),
    }
}
