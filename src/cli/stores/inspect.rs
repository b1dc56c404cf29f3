//! `ringwalk stores inspect`: what a store holds, or what a port serves.

use super::arguments::InspectArguments;
use super::{authority, files, passwords, problem};
use crate::cli::arguments::{Global, OutputForm};
use crate::cli::exit::Exit;
use crate::cli::{Trouble, print};
use crate::diagnostic::Diagnostic;
use crate::formats::certificate::Certificate;
use crate::formats::jks;
use crate::formats::store::{Store, StoreError};
use crate::node::wire::{self, Plaintext, Tls};
use crate::plan::judge;
use crate::plan::step::StoreName;
use crate::report::inspect::{Entry, Inspection, Role, ServedTls, text};
use crate::secret::Secret;
use crate::transport::here::Here;
use jiff::Timestamp;
use std::path::Path;

pub async fn run(global: &Global, options: &InspectArguments) -> Result<Exit, Trouble> {
    let path = Path::new(&options.what);
    let inspection = match (path.exists(), host_and_port(&options.what)) {
        (true, _) => file(path, options),
        (false, Some((host, port))) => served(&options.what, &host, port).await,
        (false, None) => Err(Diagnostic::new(&options.what, "there is no such file, and it is no HOST:PORT")),
    };
    let inspection = inspection.map_err(|problem| vec![problem])?;
    print(&match global.output() {
        OutputForm::Json => format!("{}\n", serde_json::json!(inspection)),
        OutputForm::Text => text(&inspection, Timestamp::now()),
    });
    Ok(Exit::Success)
}

/// `HOST:PORT`, an IPv6 address in brackets.
fn host_and_port(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let is_host = !host.is_empty() && !host.contains('/');
    port.parse().ok().filter(|_| is_host).map(|port| (host.to_owned(), port))
}

fn file(path: &Path, options: &InspectArguments) -> Result<Inspection, Diagnostic> {
    let bytes = files::read(path)?;
    let shown = path.display().to_string();
    let password = options
        .password
        .as_ref()
        .map(|source| passwords::read(source, &format!("the password of {shown}"), &[]));
    let password = password.transpose()?;
    let given = password.clone().unwrap_or_else(|| Secret::new(""));
    match Store::open(&bytes, &given) {
        Ok(store) => Ok(of_store(&shown, &store)),
        Err(StoreError::CertificateOnly) => {
            let certificates = authority::certificates(path)?;
            let entries = certificates.iter().map(|one| entry(Role::Certificate, "", one)).collect();
            let findings = judge::certificates(&certificates, Timestamp::now());
            let form = "certificate (DER)".into();
            Ok(Inspection { source: shown, form, entries, findings, tls: None })
        }
        Err(error @ StoreError::KeyPasswordDiffers { .. }) => match jks::locked(&bytes, &given) {
            Ok(store) => Ok(of_locked(&shown, &store, &error)),
            Err(_) => Err(problem(shown, &error, error.help())),
        },
        Err(StoreError::WrongPassword | StoreError::PasswordMissing) if password.is_none() => {
            Err(Diagnostic::new(shown, "it is locked, and no password is given")
                .help("add `--password env:NAME`, `file:PATH`, `command:…` or `prompt:`"))
        }
        Err(error) => Err(problem(shown, &error, error.help())),
    }
}

fn of_store(shown: &str, store: &Store) -> Inspection {
    let mut entries = Vec::new();
    for key in &store.keys {
        entries.extend(chain(Role::Key, &key.alias, &key.chain));
        if key.chain.is_empty() {
            entries.push(Entry { role: Role::KeyAlone, alias: key.alias.clone(), certificate: None });
        }
    }
    entries.extend(store.trusted.iter().map(|(alias, one)| entry(Role::Trusted, alias, one)));
    entries.extend(store.ignored.iter().map(|one| entry(Role::Ignored, "", one)));
    let findings = judge::store(store, Timestamp::now());
    Inspection { source: shown.to_owned(), form: form(store).into(), entries, findings, tls: None }
}

/// A store whose keys stay closed.
fn of_locked(shown: &str, store: &jks::Locked, error: &StoreError) -> Inspection {
    let of_keys = store.chains.iter().flat_map(|(alias, certificates)| chain(Role::Key, alias, certificates));
    let trusted = store.trusted.iter().map(|(alias, one)| entry(Role::Trusted, alias, one));
    let shown_certificates: Vec<Certificate> =
        store.chains.iter().flat_map(|(_, certificates)| certificates.clone()).collect();
    let mut findings = vec![judge::unopened(StoreName::Keystore, error)];
    findings.extend(judge::certificates(&shown_certificates, Timestamp::now()));
    Inspection {
        source: shown.to_owned(),
        form: "JKS".into(),
        entries: of_keys.chain(trusted).collect(),
        findings,
        tls: None,
    }
}

/// A certificate, and those that signed it.
fn chain<'a>(
    first: Role,
    alias: &'a str,
    certificates: &'a [Certificate],
) -> impl Iterator<Item = Entry> + use<'a> {
    let roles = std::iter::once(first).chain(std::iter::repeat(Role::Issuer));
    certificates.iter().zip(roles).map(move |(one, role)| entry(role, alias, one))
}

fn form(store: &Store) -> &'static str {
    use crate::formats::store::StoreKind;
    match store.kind {
        StoreKind::Jks => "JKS",
        StoreKind::Pkcs12 => "PKCS12",
        StoreKind::Pem => "PEM",
    }
}

fn entry(role: Role, alias: &str, certificate: &Certificate) -> Entry {
    Entry { role, alias: alias.to_owned(), certificate: Some(certificate.into()) }
}

async fn served(shown: &str, host: &str, port: u16) -> Result<Inspection, Diagnostic> {
    let look = wire::look(&Here, host, port, None).await.map_err(|error| problem(shown, &error, None))?;
    if look.plaintext == Plaintext::Closed && look.tls == Tls::Closed {
        return Err(Diagnostic::new(shown, "nothing listens there"));
    }
    let served = match &look.tls {
        Tls::Served(served) => Some(served),
        Tls::Refused(_) | Tls::NotTls | Tls::Silent | Tls::Closed => None,
    };
    let ders = served.iter().flat_map(|served| &served.chain);
    let certificates: Vec<Certificate> = ders
        .map(|der| Certificate::from_der(der).map_err(|error| problem(shown, &error, None)))
        .collect::<Result<_, _>>()?;
    Ok(Inspection {
        source: shown.to_owned(),
        form: "port".into(),
        entries: chain(Role::Served, "", &certificates).collect(),
        findings: judge::served(&certificates, host, Timestamp::now()),
        tls: Some(ServedTls::new(&look)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_and_its_port_are_told_apart() {
        let cases = [
            ("10.0.0.1:9042", Some(("10.0.0.1", 9042))),
            ("[2001:db8::1]:9042", Some(("2001:db8::1", 9042))),
            ("n1.example:9142", Some(("n1.example", 9142))),
            ("stores/n1.p12", None),
            ("n1:cql", None),
            (":9042", None),
            ("a/b:1", None),
        ];
        for (text, expected) in cases {
            let found = host_and_port(text);
            assert_eq!(found.as_ref().map(|(host, port)| (host.as_str(), *port)), expected, "{text}");
        }
    }
}
