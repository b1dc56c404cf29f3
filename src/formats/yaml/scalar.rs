//! Scalars as Cassandra reads them: SnakeYAML speaks YAML 1.1, where `yes` is a truth value and `0777` is octal.

use super::tree::{Node, Style, Value};

/// The truth value for a Boolean setting. SnakeYAML looks only at the letters there, quoted or not
/// (`SafeConstructor.BOOL_VALUES`; measured: `enabled: yes` and `enabled: 'true'` both enable TLS in 3.11 to 5.0).
pub fn as_bool_1_1(node: &Node) -> Option<bool> {
    match node.as_str()?.to_ascii_lowercase().as_str() {
        "yes" | "true" | "on" => Some(true),
        "no" | "false" | "off" => Some(false),
        _ => None,
    }
}

/// The number for an integer setting: `1_000`, octal `0777`, `0x1f`, `0b101` and sexagesimal `1:30` as in
/// `SafeConstructor.ConstructYamlInt`.
pub fn as_integer_1_1(node: &Node) -> Option<i64> {
    integer_1_1(node.as_str()?)
}

/// Whether a setting with a point says this number, however many digits either has.
pub fn is_same_decimal(node: &Node, wished: &str) -> bool {
    let number = |text: &str| text.parse::<f64>().ok();
    node.as_str().is_some_and(|text| number(text).is_some() && number(text) == number(wished))
}

/// Whether nothing is set: `key:`, `key: ~`, `key: null`. A quoted `'null'` is a text.
pub fn is_null(node: &Node) -> bool {
    match &node.value {
        Value::Scalar { text, style: Style::Plain } => is_null_text(text),
        Value::Scalar { style: Style::Quoted | Style::Block, .. } => false,
        Value::Sequence(_) | Value::Mapping(_) | Value::Alias(_) => false,
    }
}

fn is_null_text(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

fn integer_1_1(text: &str) -> Option<i64> {
    let digits = text.replace('_', "");
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, digits.strip_prefix('+').unwrap_or(&digits)),
    };
    // A second sign would be taken by the number parser below.
    if !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let size = if let Some(binary) = digits.strip_prefix("0b") {
        i64::from_str_radix(binary, 2).ok()?
    } else if let Some(hexadecimal) = digits.strip_prefix("0x") {
        i64::from_str_radix(hexadecimal, 16).ok()?
    } else if digits.contains(':') {
        sexagesimal(digits)?
    } else if digits.len() > 1 && digits.starts_with('0') {
        i64::from_str_radix(digits, 8).ok()?
    } else {
        digits.parse().ok()?
    };
    Some(sign * size)
}

fn sexagesimal(digits: &str) -> Option<i64> {
    digits.split(':').try_fold(0i64, |sum, part| {
        let part: i64 = part.parse().ok()?;
        sum.checked_mul(60)?.checked_add(part)
    })
}
