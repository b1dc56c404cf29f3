//! When nodes may be begun: times of the week, in UTC, such as `Sat,Sun 22:00-05:00 UTC`.

use super::reader::Reader;
use super::record::Record;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One or more times of the week; open while one of them is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Window(Vec<Times>);

/// A span of hours that begins on some days of the week; one that ends before it begins ends on the day after.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Times {
    text: String,
    /// From Monday on.
    days: [bool; 7],
    /// Minutes since midnight.
    from_m: i64,
    lasts_m: i64,
}

/// What is wrong with a text, and a way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoWindow {
    pub message: String,
    pub help: String,
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const DAY_M: i64 = 24 * 60;
const WEEK_S: i64 = 7 * DAY_M * 60;
/// 1970 began on a Thursday.
const MONDAY_TO_EPOCH_S: i64 = 3 * DAY_M * 60;

impl Window {
    pub fn parse(texts: &[String]) -> Result<Window, NoWindow> {
        texts.iter().map(|text| Times::parse(text)).collect::<Result<_, _>>().map(Window)
    }

    pub fn is_open(&self, at: Timestamp) -> bool {
        let week_s = since_monday_s(at);
        self.0.iter().any(|times| {
            times.starts_s().any(|start_s| (week_s - start_s).rem_euclid(WEEK_S) < times.lasts_m * 60)
        })
    }

    /// When it opens next; `at` itself while it is open.
    pub fn opens_at(&self, at: Timestamp) -> Timestamp {
        if self.is_open(at) {
            return at;
        }
        let week_s = since_monday_s(at);
        let starts_s = self.0.iter().flat_map(Times::starts_s);
        let in_s = starts_s.map(|start_s| (start_s - week_s).rem_euclid(WEEK_S)).min().unwrap_or(WEEK_S);
        // A second has begun when `at` falls into it.
        let begun = Timestamp::from_second(at.as_second()).unwrap_or(at);
        begun.checked_add(SignedDuration::from_secs(in_s)).unwrap_or(at)
    }
}

fn since_monday_s(at: Timestamp) -> i64 {
    (at.as_second() + MONDAY_TO_EPOCH_S).rem_euclid(WEEK_S)
}

impl Times {
    fn parse(text: &str) -> Result<Times, NoWindow> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (days, hours) = match words[..] {
            [hours, "UTC"] => (None, hours),
            [days, hours, "UTC"] => (Some(days), hours),
            _ => return Err(no_utc(text)),
        };
        let (from, until) =
            hours.split_once('-').ok_or_else(|| no(format!("`{hours}` is no time from-to"), EXAMPLE))?;
        let (from_m, until_m) = (minutes(from)?, minutes(until)?);
        if from_m == until_m || from_m == DAY_M {
            let help = "for example `22:00-05:00`; a whole day is `00:00-24:00`";
            return Err(no(format!("`{hours}` is no time at all"), help));
        }
        let lasts_m = (until_m - from_m).rem_euclid(DAY_M);
        let lasts_m = if lasts_m == 0 { DAY_M } else { lasts_m };
        let days = days.map_or(Ok([true; 7]), days_of)?;
        Ok(Times { text: words.join(" "), days, from_m, lasts_m })
    }

    /// When it begins, in seconds since Monday.
    fn starts_s(&self) -> impl Iterator<Item = i64> + '_ {
        let days = self.days.iter().zip(0..).filter(|(is_one, _)| **is_one);
        days.map(|(_, day): (_, i64)| (day * DAY_M + self.from_m) * 60)
    }
}

/// What does not end with `UTC`, or is no window at all.
fn no_utc(text: &str) -> NoWindow {
    let help = "write its hours in UTC and end it with `UTC`, which controllers and nodes agree on and which knows no \
                summer time";
    let last = text.split_whitespace().last().unwrap_or_default();
    match (text.contains(':') && last != "UTC", last.contains(':')) {
        (true, true) => no(format!("`{text}` does not say that it is in UTC"), help),
        (true, false) => no(format!("`{last}`: a window is in UTC"), help),
        (false, _) => no(format!("`{text}` is no window"), EXAMPLE),
    }
}

/// `Sat,Sun` or `Mon-Thu`.
fn days_of(text: &str) -> Result<[bool; 7], NoWindow> {
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(first)?, day(last)?);
        let count = (last + 7 - first) % 7;
        (0..=count).for_each(|more| days[(first + more) % 7] = true);
    }
    Ok(days)
}

fn day(text: &str) -> Result<usize, NoWindow> {
    DAYS.iter().position(|day| day.eq_ignore_ascii_case(text)).ok_or_else(|| {
        let help = format!("days are {}; `Mon-Thu` is four of them", DAYS.join(", "));
        NoWindow { message: format!("`{text}` is no day of the week"), help }
    })
}

/// `22:00` in minutes since midnight; `24:00` is the end of a day.
fn minutes(text: &str) -> Result<i64, NoWindow> {
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts = text.split_once(':').filter(|(hour, minute)| digits(hour) && digits(minute));
    let number = |part: &str| part.parse::<i64>().ok();
    parts
        .and_then(|(hour, minute)| Some((number(hour)?, number(minute)?)))
        .filter(|(hour, minute)| *minute < 60 && hour * 60 + minute <= DAY_M)
        .map(|(hour, minute)| hour * 60 + minute)
        .ok_or_else(|| no(format!("`{text}` is no time of day"), "write it as `22:00`"))
}

const EXAMPLE: &str = "for example `Sat,Sun 22:00-05:00 UTC`, `Mon-Thu 01:00-04:30 UTC` or `22:00-05:00 UTC`";

fn no(message: String, help: &str) -> NoWindow {
    NoWindow { message, help: help.into() }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<&str> = self.0.iter().map(|times| times.text.as_str()).collect();
        f.write_str(&texts.join(" and "))
    }
}

impl TryFrom<Vec<String>> for Window {
    type Error = String;

    fn try_from(texts: Vec<String>) -> Result<Window, String> {
        Window::parse(&texts).map_err(|problem| problem.message)
    }
}

impl From<Window> for Vec<String> {
    fn from(window: Window) -> Vec<String> {
        window.0.into_iter().map(|times| times.text).collect()
    }
}

/// `window` of a `rollout`; what is wrong with it is noted.
pub(super) fn read(rollout: &Record, reader: &mut Reader) -> Option<Window> {
    let texts = rollout.texts("window");
    let field = rollout.field("window")?;
    let span = if texts.len() > 1 { field.key } else { field.at };
    // What could not be read at all is noted already.
    if texts.is_empty() {
        return None;
    }
    let problems: Vec<NoWindow> = texts.iter().filter_map(|text| Times::parse(text).err()).collect();
    problems.into_iter().for_each(|NoWindow { message, help }| reader.refuse(span, message, help));
    Window::parse(&texts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(texts: &[&str]) -> Window {
        Window::parse(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn it_is_open_from_its_first_second_to_its_last_and_over_midnight() {
        // 2026-11-28 is a Saturday.
        for (texts, time, opens) in [
            (&["Sat,Sun 22:00-05:00 UTC"][..], "2026-11-28T21:59:59Z", "2026-11-28T22:00:00Z"),
            (&["Sat,Sun 22:00-05:00 UTC"], "2026-11-28T22:00:00Z", "2026-11-28T22:00:00Z"),
            (&["Sat,Sun 22:00-05:00 UTC"], "2026-11-29T04:59:59Z", "2026-11-29T04:59:59Z"),
            (&["Sat,Sun 22:00-05:00 UTC"], "2026-11-29T05:00:00Z", "2026-11-29T22:00:00Z"),
            // Sunday's goes on into the next week.
            (&["Sat,Sun 22:00-05:00 UTC"], "2026-11-30T03:00:00Z", "2026-11-30T03:00:00Z"),
            (&["Sat,Sun 22:00-05:00 UTC"], "2026-11-30T05:00:00Z", "2026-12-05T22:00:00Z"),
            (&["22:00-05:00 UTC"], "2026-11-24T21:00:00.5Z", "2026-11-24T22:00:00Z"),
            (&["Mon-Fri 09:00-12:30 UTC"], "2026-11-27T12:29:59Z", "2026-11-27T12:29:59Z"),
            (&["Mon-Fri 09:00-12:30 UTC"], "2026-11-27T12:30:00Z", "2026-11-30T09:00:00Z"),
            (&["Fri-Mon 00:00-24:00 UTC"], "2026-11-30T23:59:59Z", "2026-11-30T23:59:59Z"),
            (&["Fri-Mon 00:00-24:00 UTC"], "2026-12-01T00:00:00Z", "2026-12-04T00:00:00Z"),
            (&["Tue 01:00-02:00 UTC", "Wed 03:00-04:00 UTC"], "2026-12-01T02:00:00Z", "2026-12-02T03:00:00Z"),
            (&["Thu 00:00-00:01 UTC"], "1970-01-01T00:00:30Z", "1970-01-01T00:00:30Z"),
        ] {
            let window = window(texts);
            assert_eq!(window.opens_at(at(time)), at(opens), "{texts:?} at {time}");
            assert_eq!(window.is_open(at(time)), time == opens, "{texts:?} at {time}");
        }
    }

    #[test]
    fn it_reads_back_as_it_was_written() {
        let both = window(&["Sat 01:00-02:00 UTC", "02:00-03:00  UTC"]);
        assert_eq!(both.to_string(), "Sat 01:00-02:00 UTC and 02:00-03:00 UTC");
        let json = serde_json::to_string(&both).unwrap();
        assert_eq!(serde_json::from_str::<Window>(&json).unwrap(), both);
    }
}
