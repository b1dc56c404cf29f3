//! What was typed after `ringwalk stores`.

use crate::formats::store::StoreKind;
use crate::pki::key::KeyKind;
use crate::secret::{NoSource, SOURCES, SecretSource};
use clap::builder::TypedValueParser;
use clap::{Args, Subcommand, ValueEnum};
use std::ffi::OsStr;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum StoresCommand {
    /// Make a CA: its certificate and its encrypted private key
    NewCa(NewCaArguments),
    /// Make a keystore for every node of the inventory, and the truststore
    #[command(after_help = ISSUE)]
    Issue(Box<IssueArguments>),
    /// Make keystores of the certificates that a CA sent back for requests
    Import(ImportArguments),
    /// Make a truststore of several CAs, for the time in which a cluster changes its CA
    Trust(TrustArguments),
    /// Make what a client connects with: PEM, PKCS12, JKS and a cqlshrc
    Client(ClientArguments),
    /// Show what a store holds, or what a port serves
    Inspect(InspectArguments),
}

const ISSUE: &str = "\
A first time:
  ringwalk stores new-ca --name 'Orders CA' --password prompt: --out ca
  ringwalk stores issue -i INVENTORY --ca ca --out stores
With the company's CA:
  ringwalk stores issue -i INVENTORY --csr --out stores
  ringwalk stores import --out stores --signed DIR --ca-chain FILE
Before the certificates end:
  ringwalk stores issue -i INVENTORY --ca ca --renew --out stores
  ringwalk stores issue -i INVENTORY --csr --renew --out stores

No file is ever overwritten.";

#[derive(Debug, Args)]
pub struct NewCaArguments {
    /// What the CA is called in certificates
    #[arg(long, value_name = "NAME", value_parser = common_name)]
    pub name: String,
    /// Where `ca.pem` and `ca.key` will be
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// What the private key is encrypted with: env:NAME, file:PATH, command:… or prompt:
    #[arg(long, value_name = "SOURCE", default_value = "prompt:", value_parser = SourceParser)]
    pub password: SecretSource,
    #[arg(long, value_enum, default_value = "p384", help = "The kind of its key")]
    pub key: CaKey,
    /// How long it counts
    #[arg(long, default_value = "3650", value_parser = clap::value_parser!(u32).range(1..=36500))]
    pub days: u32,
}

/// Browsers' CAs give 398 days at most, and those who check certificates have come to ask for no more of others.
const LEAF_DAYS: &str = "397";

#[derive(Debug, Args)]
pub struct IssueArguments {
    /// Where the stores will be
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// The directory of the CA that signs: `ca.pem` and `ca.key`
    #[arg(long, value_name = "DIR", required_unless_present_any = ["csr", "development"])]
    pub ca: Option<PathBuf>,
    /// What its private key is encrypted with: env:NAME, file:PATH, command:… or prompt:
    #[arg(long, value_name = "SOURCE", default_value = "prompt:", value_parser = SourceParser)]
    pub ca_password: SecretSource,
    /// Only this node; may be repeated
    #[arg(long, value_name = "NODE")]
    pub node: Vec<String>,
    /// One more name or address in every certificate, such as one that all nodes share; may be repeated
    #[arg(long, value_name = "NAME", value_parser = san)]
    pub san: Vec<crate::pki::names::San>,
    /// How long the certificates count
    #[arg(long, default_value = LEAF_DAYS, value_parser = clap::value_parser!(u32).range(1..=36500))]
    pub days: u32,
    #[arg(long, value_enum, default_value = "p256", help = "The kind of a node's key")]
    pub key: LeafKey,
    /// The form of the stores [default: pkcs12]
    #[arg(long = "type", value_enum, value_name = "TYPE", conflicts_with = "csr")]
    pub kind: Option<StoreType>,
    /// Do not ask the nodes under which addresses they are known: the inventory's have to do
    #[arg(long)]
    pub offline: bool,
    /// New keys and certificates, or requests, beside the old ones, in DIR/YYYY-MM-DD, with the same CA and passwords
    #[arg(long, conflicts_with = "development")]
    pub renew: bool,
    /// Requests for another CA to sign, and keys, in place of keystores
    #[arg(long, conflicts_with_all = ["ca", "development"])]
    pub csr: bool,
    /// Each node signs its own certificate, and trusts it: for a cluster that does not matter
    #[arg(long, conflicts_with = "ca")]
    pub development: bool,
}

#[derive(Debug, Args)]
pub struct ImportArguments {
    /// Where `issue --csr` put requests and keys, and where the stores will be; of a renewal, DIR/YYYY-MM-DD
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Where the signed certificates are: NODE.pem, .crt, .cer or .p7b; PEM, DER or PKCS#7
    #[arg(long, value_name = "DIR")]
    pub signed: PathBuf,
    /// The CA's certificates up to its root, if those files do not have them: PEM, DER or PKCS#7
    #[arg(long, value_name = "FILE")]
    pub ca_chain: Option<PathBuf>,
    /// Only this node; may be repeated
    #[arg(long, value_name = "NODE")]
    pub node: Vec<String>,
    /// The form of the stores
    #[arg(long = "type", value_enum, value_name = "TYPE", default_value = "pkcs12")]
    pub kind: StoreType,
}

#[derive(Debug, Args)]
pub struct TrustArguments {
    /// Certificates of CAs: PEM, DER or PKCS#7
    #[arg(value_name = "CERT", required = true)]
    pub certificates: Vec<PathBuf>,
    /// The truststore to make
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Its password: env:NAME, file:PATH, command:… or prompt: [default: the one in truststore.password beside it]
    #[arg(long, value_name = "SOURCE", value_parser = SourceParser)]
    pub password: Option<SecretSource>,
    /// The form of the store [default: what the file's name ends in: p12, jks or pem]
    #[arg(long = "type", value_enum, value_name = "TYPE")]
    pub kind: Option<StoreType>,
}

#[derive(Debug, Args)]
pub struct ClientArguments {
    /// For whom: the name in the certificate and of the directory
    #[arg(long, value_name = "NAME", value_parser = file_name)]
    pub user: String,
    /// The directory of the CA that signs: `ca.pem` and `ca.key`
    #[arg(long, value_name = "DIR")]
    pub ca: PathBuf,
    /// What its private key is encrypted with: env:NAME, file:PATH, command:… or prompt:
    #[arg(long, value_name = "SOURCE", default_value = "prompt:", value_parser = SourceParser)]
    pub ca_password: SecretSource,
    /// Where the directory NAME will be
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Where that directory will stand on the client's machine, for cqlshrc [default: where it is made]
    #[arg(long, value_name = "DIR")]
    pub at: Option<PathBuf>,
    /// How long the certificate counts
    #[arg(long, default_value = LEAF_DAYS, value_parser = clap::value_parser!(u32).range(1..=36500))]
    pub days: u32,
    #[arg(long, value_enum, default_value = "p256", help = "The kind of the key")]
    pub key: LeafKey,
}

#[derive(Debug, Args)]
pub struct InspectArguments {
    /// A store (JKS, PKCS12, PEM), or the address and port of a node
    #[arg(value_name = "FILE|HOST:PORT")]
    pub what: String,
    /// The store's password: env:NAME, file:PATH, command:… or prompt:
    #[arg(long, value_name = "SOURCE", value_parser = SourceParser)]
    pub password: Option<SecretSource>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum CaKey {
    P384,
    #[value(name = "rsa-4096")]
    Rsa4096,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LeafKey {
    P256,
    #[value(name = "rsa-3072")]
    Rsa3072,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StoreType {
    Pkcs12,
    Jks,
    Pem,
}

impl From<CaKey> for KeyKind {
    fn from(key: CaKey) -> KeyKind {
        match key {
            CaKey::P384 => KeyKind::P384,
            CaKey::Rsa4096 => KeyKind::Rsa4096,
        }
    }
}

impl From<LeafKey> for KeyKind {
    fn from(key: LeafKey) -> KeyKind {
        match key {
            LeafKey::P256 => KeyKind::P256,
            LeafKey::Rsa3072 => KeyKind::Rsa3072,
        }
    }
}

impl From<StoreType> for StoreKind {
    fn from(kind: StoreType) -> StoreKind {
        match kind {
            StoreType::Pkcs12 => StoreKind::Pkcs12,
            StoreType::Jks => StoreKind::Jks,
            StoreType::Pem => StoreKind::Pem,
        }
    }
}

/// Reads a source. clap would quote what it refuses, which may be the secret itself.
#[derive(Clone)]
struct SourceParser;

impl TypedValueParser for SourceParser {
    type Value = SecretSource;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<SecretSource, clap::Error> {
        let why = match value.to_str().map(str::parse) {
            Some(Ok(source)) => return Ok(source),
            Some(Err(why)) => why,
            None => NoSource::Clear,
        };
        let option = argument.and_then(|argument| argument.get_long()).unwrap_or("password");
        let message = format!("--{option}: {why}; {SOURCES}\n");
        Err(command.clone().error(clap::error::ErrorKind::ValueValidation, message))
    }
}

fn san(text: &str) -> Result<crate::pki::names::San, &'static str> {
    crate::pki::names::San::parse(text).ok_or("neither a host name nor an address")
}

fn common_name(text: &str) -> Result<String, &'static str> {
    match text.trim() {
        "" => Err("a CA needs a name"),
        // RFC 5280, `ub-common-name`; OpenSSL refuses a longer one.
        name if name.chars().count() > 64 => Err("a name in a certificate has 64 characters at most"),
        name if name.chars().any(char::is_control) => Err("a name has no control characters"),
        name => Ok(name.to_owned()),
    }
}

fn file_name(text: &str) -> Result<String, &'static str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@');
    match text {
        "" | "." | ".." => Err("a user needs a name"),
        _ if text.len() > 64 => Err("64 characters at most"),
        _ if !text.chars().all(fits) || text.starts_with('-') => {
            Err("letters, digits, `-`, `_`, `.` and `@`: it names a directory too")
        }
        _ => Ok(text.to_owned()),
    }
}
