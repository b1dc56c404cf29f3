//! Passwords for stores that nobody has to remember.

use crate::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

/// 192 bits: no guess is worth a try, and base64 of it has no padding.
pub const RANDOM_BYTES: usize = 24;

/// Printable ASCII without quotes or blanks: keytool opens a store with no other password (measured), and YAML, a shell
/// and a properties file take it as it is.
pub fn password(random: &[u8; RANDOM_BYTES]) -> Secret {
    let mut text = Zeroizing::new(String::with_capacity(RANDOM_BYTES * 2));
    URL_SAFE_NO_PAD.encode_string(random, &mut text);
    // A leading `-` would be taken for an option by whoever types it.
    match text.strip_prefix('-') {
        Some(rest) => Secret::new(["A", rest].concat()),
        None => Secret::new(text.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_plain_ascii_and_begins_with_no_dash() {
        for byte in 0..=u8::MAX {
            let password = password(&[byte; RANDOM_BYTES]);
            let text = password.expose();
            assert_eq!(text.len(), 32);
            assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'), "{text}");
            assert!(!text.starts_with('-'), "{text}");
        }
    }
}
