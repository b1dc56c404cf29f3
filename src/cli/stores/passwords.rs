//! The passwords of stores: random, each in a file of its own that a playbook can name as `file:PATH`.

use super::files::{self, Access};
use crate::cli::secrets;
use crate::diagnostic::Diagnostic;
use crate::pki::password::password;
use crate::secret::{Secret, SecretSource};
use std::io::IsTerminal;
use std::path::Path;
use zeroize::Zeroizing;

/// The password in this file; a new one if there is no such file yet.
pub fn kept_in(path: &Path) -> Result<Secret, Diagnostic> {
    if path.symlink_metadata().is_ok() {
        return read(&SecretSource::File(path.to_owned()), "the stores' password", &[]);
    }
    let new = password(&*random()?);
    let line = Zeroizing::new([new.expose(), "\n"].concat());
    files::create(path, line.as_bytes(), Access::Owner)?;
    Ok(new)
}

pub fn random<const BYTES: usize>() -> Result<Zeroizing<[u8; BYTES]>, Diagnostic> {
    let mut bytes = Zeroizing::new([0; BYTES]);
    aws_lc_rs::rand::fill(bytes.as_mut())
        .map_err(|_| Diagnostic::new("random numbers", "the operating system gives none"))?;
    Ok(bytes)
}

/// A secret that exists. `beside`: other sources of this command, none of whose variables a `command:` gets to see.
pub fn read(source: &SecretSource, used_for: &str, beside: &[&SecretSource]) -> Result<Secret, Diagnostic> {
    secrets::read(source, used_for, Path::new("."), beside)
        .map_err(|secrets::Unread { problem, help }| Diagnostic::new("command line", problem).help(help))
}

/// A secret that is chosen now: asked for twice, since nobody sees what they type.
pub fn chosen(source: &SecretSource, used_for: &str) -> Result<Secret, Diagnostic> {
    let first = read(source, used_for, &[])?;
    let asks = match source {
        SecretSource::Prompt => std::io::stdin().is_terminal(),
        SecretSource::Env(_) | SecretSource::File(_) | SecretSource::Command(_) => false,
    };
    if asks && read(source, &format!("{used_for}, again"), &[])? != first {
        return Err(Diagnostic::new("command line", format!("{used_for}: the two differ")).help("try again"));
    }
    Ok(first)
}
