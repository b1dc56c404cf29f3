//! `ringwalk stores trust`: one truststore of several CAs, for the time in which a cluster goes from one to another.

use super::arguments::{StoreType, TrustArguments};
use super::shelf::{self, Shelf};
use super::{authority, files, make, passwords};
use crate::cli::arguments::{Global, OutputForm};
use crate::cli::exit::Exit;
use crate::cli::{Trouble, print};
use crate::diagnostic::Diagnostic;
use crate::formats::certificate::Certificate;
use crate::formats::store::StoreKind;
use crate::pki::stores;
use crate::report::stores::{Trusted, TrustedCertificate, trusted_text};
use crate::secret::{Secret, SecretSource};
use jiff::Timestamp;
use std::path::{Path, PathBuf};

pub fn run(global: &Global, options: &TrustArguments, now: Timestamp) -> Result<Exit, Trouble> {
    let one = |problem| Trouble::Refused(vec![problem]);
    let kind = kind(options).map_err(one)?;
    files::none_exists([options.out.as_path()], "name another file with `--out`").map_err(one)?;
    let certificates = wanted(&options.certificates)?;
    let shelf = Shelf { directory: directory(&options.out), kind };
    files::directory(&shelf.directory).map_err(one)?;
    let (password, source) = password(options, &shelf).map_err(one)?;
    make::store(&options.out, &stores::truststore(&certificates), kind, &password, now).map_err(one)?;
    let trusted = Trusted {
        file: options.out.clone(),
        certificates: certificates.iter().map(TrustedCertificate::from).collect(),
        store: shelf::truststore_line(&options.out, kind, &source),
        notes: certificates.iter().filter_map(|certificate| ended(certificate, now)).collect(),
    };
    print(&match global.output() {
        OutputForm::Json => format!("{}\n", serde_json::json!(trusted)),
        OutputForm::Text => trusted_text(&trusted),
    });
    Ok(Exit::Success)
}

/// What is asked for, or else what the file's name says.
fn kind(options: &TrustArguments) -> Result<StoreKind, Diagnostic> {
    let extension = options.out.extension().and_then(|extension| extension.to_str());
    let named = shelf::KINDS.into_iter().find(|kind| extension == Some(shelf::extension(*kind)));
    options.kind.map(StoreType::into).or(named).ok_or_else(|| {
        Diagnostic::new(options.out.display().to_string(), "its name does not say which form it is to have")
            .help("end it in `.p12`, `.jks` or `.pem`, or give `--type`")
    })
}

fn directory(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        Some(_) | None => PathBuf::from("."),
    }
}

/// Every certificate once, in the order of the command line; the problems of all files at once.
fn wanted(files: &[PathBuf]) -> Result<Vec<Certificate>, Vec<Diagnostic>> {
    let mut wanted: Vec<Certificate> = Vec::new();
    let mut problems = Vec::new();
    for file in files {
        match authority::certificates(file) {
            Ok(certificates) => {
                problems
                    .extend(certificates.iter().filter_map(|certificate| no_authority(file, certificate)));
                wanted.extend(certificates);
            }
            Err(problem) => problems.push(problem),
        }
    }
    let mut seen = std::collections::HashSet::new();
    wanted.retain(|certificate| seen.insert(certificate.sha256.clone()));
    if problems.is_empty() { Ok(wanted) } else { Err(problems) }
}

/// A certificate that signs itself is its own authority, as in a cluster for development.
fn no_authority(file: &Path, certificate: &Certificate) -> Option<Diagnostic> {
    (!certificate.is_ca && !certificate.is_self_signed()).then(|| {
        let message = format!(
            "`{}` is no CA: who has a certificate of its issuer would not be trusted",
            certificate.subject
        );
        Diagnostic::new(file.display().to_string(), message)
            .help(format!("name the certificate of its issuer, `{}`", certificate.issuer))
    })
}

/// The password of the truststores in this directory: a new contents under the old password is taken without a restart.
fn password(options: &TrustArguments, shelf: &Shelf) -> Result<(Secret, SecretSource), Diagnostic> {
    match &options.password {
        Some(source) => Ok((passwords::chosen(source, "the truststore's password")?, source.clone())),
        None => {
            let file = shelf.truststore_password();
            Ok((passwords::kept_in(&file)?, SecretSource::File(file)))
        }
    }
}

fn ended(certificate: &Certificate, now: Timestamp) -> Option<String> {
    let day = certificate.not_after.strftime("%Y-%m-%d");
    (certificate.not_after <= now).then(|| format!("`{}` ended on {day}", certificate.subject))
}
