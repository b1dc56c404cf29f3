//! A value that cannot be printed or serialized, and the sources it may come from.

use std::fmt;
use zeroize::Zeroizing;

/// A secret text. `Debug` shows `[secret]`; there is no `Display` and no `Serialize`; memory is zeroed on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(Zeroizing::new(text.into()))
    }

    /// The secret itself. Callers hand it to a parser, a cipher or a command's stdin, never to a message.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}
