//! `ringwalk stores new-ca`: a root CA, its key encrypted.

use super::arguments::NewCaArguments;
use super::authority::{certificate_path, key_path};
use super::files::{self, Access};
use super::{passwords, pki_problem};
use crate::cli::arguments::{Global, OutputForm};
use crate::cli::exit::Exit;
use crate::cli::{Trouble, print};
use crate::diagnostic::Diagnostic;
use crate::formats::pem;
use crate::pki::Validity;
use crate::pki::authority::Authority;
use crate::pki::sealed::seal;
use jiff::Timestamp;

pub fn run(global: &Global, options: &NewCaArguments, now: Timestamp) -> Result<Exit, Trouble> {
    make(global, options, now).map_err(|problem| Trouble::Refused(vec![problem]))
}

fn make(global: &Global, options: &NewCaArguments, now: Timestamp) -> Result<Exit, Diagnostic> {
    let (certificate, key) = (certificate_path(&options.out), key_path(&options.out));
    files::none_exists([certificate.as_path(), key.as_path()], "name another directory with `--out`")?;
    let password = passwords::chosen(&options.password, "the password of the CA's private key")?;
    let validity = Validity::days(now, options.days)
        .ok_or_else(|| Diagnostic::new("command line", "--days leads out of the calendar"))?;
    let made = Authority::create(&options.name, options.key.into(), validity)
        .map_err(|error| pki_problem("the new CA", &error))?;
    let encrypted = seal(&made.key.private(), &password, &*passwords::random()?)
        .ok_or_else(|| Diagnostic::new("the new CA", "cannot encrypt its private key"))?;
    files::directory(&options.out)?;
    // The key first: a certificate without its key could sign nothing and would look like a CA.
    files::create(&key, encrypted.as_bytes(), Access::Owner)?;
    files::create(&certificate, pem::write::certificate(made.certificate()).as_bytes(), Access::Everyone)?;
    let own = made.certificate();
    print(&match global.output() {
        OutputForm::Json => {
            let made = serde_json::json!({
                "certificate": certificate, "key": key, "subject": own.subject, "not_after": own.not_after,
                "sha256": own.sha256,
            });
            format!("{made}\n")
        }
        OutputForm::Text => format!(
            "{} until {}, {}\n  {}  its certificate: clients trust it\n  {}  its private key, encrypted\n\
             Keep the key and its password apart, and a copy of each: what it signed is renewed with them.\n",
            own.subject,
            own.not_after.strftime("%Y-%m-%d"),
            own.key,
            certificate.display(),
            key.display(),
        ),
    });
    Ok(Exit::Success)
}
