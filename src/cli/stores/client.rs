//! `ringwalk stores client`: what an application or a person connects with, in every form that drivers take.

use super::arguments::ClientArguments;
use super::files::{self, Access};
use super::{authority, make, passwords, pki_problem};
use crate::cli::arguments::{Global, OutputForm};
use crate::cli::exit::Exit;
use crate::cli::{Trouble, print};
use crate::diagnostic::Diagnostic;
use crate::formats::certificate::Certificate;
use crate::formats::pem;
use crate::formats::store::StoreKind;
use crate::pki::cqlshrc::{ClientFiles, cqlshrc};
use crate::pki::key::Key;
use crate::pki::subject::{Purpose, Subject};
use crate::pki::{Validity, stores};
use jiff::Timestamp;
use std::path::{Path, PathBuf};

pub fn run(global: &Global, options: &ClientArguments, now: Timestamp) -> Result<Exit, Trouble> {
    make(global, options, now).map_err(|problem| Trouble::Refused(vec![problem]))
}

fn make(global: &Global, options: &ClientArguments, now: Timestamp) -> Result<Exit, Diagnostic> {
    let directory = options.out.join(&options.user);
    files::none_exists(
        [directory.as_path()],
        "name another directory with `--out`, or move the old one away",
    )?;
    let at = place(options, &directory)?;
    let authority = authority::open(&options.ca, &options.ca_password, &[], now)?;
    let validity = Validity::days(now, options.days)
        .ok_or_else(|| Diagnostic::new("command line", "--days leads out of the calendar"))?;
    let key = Key::generate(options.key.into()).map_err(|error| pki_problem(&options.user, &error))?;
    let subject = Subject { name: options.user.clone(), sans: Vec::new(), purpose: Purpose::Client };
    let chain =
        authority.issue(&subject, &key, validity).map_err(|error| pki_problem(&options.user, &error))?;
    let not_after = chain[0].not_after;
    files::directory(&directory)?;
    let bundle =
        Bundle { user: &options.user, directory: &directory, key: &key, chain, root: authority.root() };
    bundle.write(&at, now)?;
    let rc = directory.join("cqlshrc");
    print(&match global.output() {
        OutputForm::Json => {
            let made = serde_json::json!({
                "directory": directory, "user": options.user, "not_after": not_after, "cqlshrc": rc,
            });
            format!("{made}\n")
        }
        OutputForm::Text => told(&options.user, &directory, not_after),
    });
    Ok(Exit::Success)
}

fn told(user: &str, directory: &Path, not_after: Timestamp) -> String {
    format!(
        "{user} until {}, in {}\n\
         \x20 ca.pem, {user}.pem, {user}.key   for drivers that take PEM; the key is not encrypted\n\
         \x20 {user}.p12, truststore.p12   for the Java driver; their password is in `password`\n\
         \x20 {user}.jks, truststore.jks   the same in JKS\n\
         \x20 cqlshrc   for cqlsh: cqlsh --cqlshrc {}/cqlshrc HOST\n",
        not_after.strftime("%Y-%m-%d"),
        directory.display(),
        directory.display(),
    )
}

/// Where the bundle will stand: `cqlsh` takes no path that is relative to its cqlshrc.
fn place(options: &ClientArguments, directory: &Path) -> Result<PathBuf, Diagnostic> {
    match &options.at {
        Some(at) if at.is_absolute() => Ok(at.clone()),
        Some(at) => {
            Err(Diagnostic::new("command line", format!("`--at {}` is not an absolute path", at.display()))
                .help("cqlsh would look for the files below whatever directory it is started in"))
        }
        None => std::path::absolute(directory).map_err(|error| {
            Diagnostic::new(directory.display().to_string(), format!("cannot tell where it is: {error}"))
        }),
    }
}

struct Bundle<'a> {
    user: &'a str,
    directory: &'a Path,
    key: &'a Key,
    chain: Vec<Certificate>,
    root: &'a Certificate,
}

impl Bundle<'_> {
    fn write(&self, at: &Path, now: Timestamp) -> Result<(), Diagnostic> {
        let file = |name: &str| self.directory.join(name);
        let own = |extension: &str| format!("{}.{extension}", self.user);
        let key = pem::write::key(&self.key.private());
        files::create(&file(&own("key")), key.as_bytes(), Access::Owner)?;
        let chain: String = self.chain.iter().map(pem::write::certificate).collect();
        files::create(&file(&own("pem")), chain.as_bytes(), Access::Everyone)?;
        files::create(&file("ca.pem"), pem::write::certificate(self.root).as_bytes(), Access::Everyone)?;
        let password = passwords::kept_in(&file("password"))?;
        let keystore = stores::keystore(self.user, self.key, self.chain.clone());
        let truststore = stores::truststore(std::slice::from_ref(self.root));
        for (kind, extension) in [(StoreKind::Pkcs12, "p12"), (StoreKind::Jks, "jks")] {
            make::store(&file(&own(extension)), &keystore, kind, &password, now)?;
            make::store(&file(&format!("truststore.{extension}")), &truststore, kind, &password, now)?;
        }
        let there = |name: &str| at.join(name).display().to_string();
        let rc = cqlshrc(&ClientFiles {
            authority: &there("ca.pem"),
            certificate: &there(&own("pem")),
            key: &there(&own("key")),
        });
        files::create(&file("cqlshrc"), rc.as_bytes(), Access::Owner)
    }
}
