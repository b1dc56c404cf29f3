//! Edits and texts for the tests of YAML, short enough for tables.

use ringwalk::formats::yaml::{Edit, EditProblem, EditValue, edit};
use ringwalk::secret::Secret;

pub fn set(path: &str, value: EditValue) -> Edit {
    let section = "client_encryption_options";
    let path: Vec<_> =
        path.split('.').map(|key| if key == "tls" { section } else { key }.to_string()).collect();
    Edit { path, value }
}

pub fn secret(text: &str) -> EditValue {
    EditValue::Secret(Secret::new(text))
}

/// `tls` stands for `client_encryption_options` in texts too, so that cases stay on one line.
pub fn edited(before: &str, edits: &[Edit]) -> Result<String, Vec<EditProblem>> {
    let before = before.replace("tls", "client_encryption_options");
    let after = edit(before.as_bytes(), edits)?;
    Ok(String::from_utf8(after).unwrap().replace("client_encryption_options", "tls"))
}
