//! What a client port serves, as seen on the wire: plaintext, TLS, its certificate, and whether it wants ours.

mod handshake;
pub mod offer;
pub mod storage;

pub use handshake::{ClientIdentity, TlsVersion};

use crate::transport::{Connection, Host, HostError};
use handshake::{Seen, client_config};
use rustls::pki_types::ServerName;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tokio_rustls::{TlsConnector, client::TlsStream};

/// A handshake and one answer take milliseconds; a node that collects garbage takes a second or two.
const DEADLINE: Duration = Duration::from_secs(5);

/// In TLS 1.3 a server judges our certificate after the handshake, and its alert can be lost if we write first
/// (measured: 38 of 146 tries). Over a slow link the alert may come later; then the refusal is seen without its reason.
const ALERT_GRACE: Duration = Duration::from_millis(300);

/// CQL OPTIONS in protocol v4: every version answers it without a login.
const OPTIONS: [u8; 9] = [4, 0, 0, 0, 5, 0, 0, 0, 0];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireLook {
    pub plaintext: Plaintext,
    pub tls: Tls,
}

impl WireLook {
    /// Nothing listens. Silence is no proof of that: it may be the way there that is slow.
    pub fn is_closed(&self) -> bool {
        self.plaintext == Plaintext::Closed && self.tls == Tls::Closed
    }

    /// It speaks TLS alone, and none that we speak: it said so by an alert. Who is hung up on may have met a port that is full.
    pub fn agrees_on_nothing(&self) -> Option<&str> {
        match (&self.plaintext, &self.tls) {
            (Plaintext::Refused(_) | Plaintext::Silent, Tls::Refused(why)) if why.contains(ALERT) => {
                Some(why)
            }
            _ => None,
        }
    }

    /// It serves nobody who looks as we did, for want of a certificate.
    pub fn wants_another_certificate(&self) -> bool {
        let is_refused = match &self.tls {
            Tls::Served(served) => served.client_certificate.is_demanded(),
            Tls::Refused(_) | Tls::NotTls | Tls::Silent | Tls::Closed => false,
        };
        is_refused && self.plaintext != Plaintext::Accepted
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plaintext {
    /// CQL answered.
    Accepted,
    /// Something listens and does not speak plaintext CQL; the text says how it showed that.
    Refused(String),
    /// Something listens and said nothing until the deadline.
    Silent,
    /// Nothing listens.
    Closed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// The server showed its certificate. Whether it also serves us is in `options_answered`.
    Served(Served),
    /// It speaks TLS, and ended the handshake before it showed a certificate.
    Refused(String),
    /// It answered in something that is not TLS.
    NotTls,
    Silent,
    Closed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    pub version: TlsVersion,
    /// `None` where the handshake ended on our certificate.
    pub suite: Option<String>,
    /// DER, leaf first.
    pub chain: Vec<Vec<u8>>,
    /// Lowercase hex.
    pub leaf_sha256: String,
    /// CQL answered inside TLS: the only proof that a client would be served.
    pub options_answered: bool,
    pub client_certificate: ClientCertificate,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientCertificate {
    /// The server did not ask for one.
    NotAsked,
    /// It asked, and served us without one.
    Optional,
    /// It asked, and did not serve us without one; the text is its alert.
    Demanded(String),
    /// It asked, and served us with ours.
    Accepted,
    /// It asked, and did not serve us with ours; the text is its alert.
    Rejected(String),
}

impl ClientCertificate {
    /// Nobody is served without one that it takes.
    pub fn is_demanded(&self) -> bool {
        match self {
            ClientCertificate::Demanded(_) | ClientCertificate::Rejected(_) => true,
            ClientCertificate::NotAsked | ClientCertificate::Optional | ClientCertificate::Accepted => false,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum WireError {
    #[error("cannot look at port {port}")]
    Host {
        port: u16,
        #[source]
        source: HostError,
    },
    #[error("cannot use the client certificate")]
    Identity(#[source] rustls::Error),
    #[error("`{0}` is neither an address nor a host name")]
    Address(String),
    #[error("no TLS connection to port {port}")]
    Handshake {
        port: u16,
        #[source]
        source: io::Error,
    },
    #[error("no answer within {seconds} s from port {port}")]
    Deadline { port: u16, seconds: u64 },
}

/// Looks at a port in plaintext and in TLS at once. The server's certificate is recorded, not judged.
pub async fn look(
    host: &dyn Host,
    address: &str,
    port: u16,
    identity: Option<&ClientIdentity>,
) -> Result<WireLook, WireError> {
    let (plaintext, tls) =
        tokio::join!(look_in_plaintext(host, address, port), look_in_tls(host, address, port, identity));
    Ok(WireLook { plaintext: plaintext?, tls: tls? })
}

/// The certificates that a port shows in a handshake, DER, leaf first; empty where it serves no TLS. Nothing is said
/// inside of TLS: it is for ports that do not speak CQL.
pub async fn shown(host: &dyn Host, address: &str, port: u16) -> Result<Vec<Vec<u8>>, WireError> {
    let (config, seen) = client_config(None)?;
    let name = server_name(address)?;
    let handshake = async {
        if let Some(connection) = connect(host, address, port).await? {
            // A server that wants our certificate ends the handshake, and has shown its own by then.
            let _ = TlsConnector::from(config).connect(name, connection).await;
        }
        Ok(())
    };
    timeout(DEADLINE, handshake).await.unwrap_or(Ok(()))?;
    Ok(seen.chain())
}

/// A connection on which CQL can be spoken: plain, or inside TLS. It serves to read a ring that we reach over SSH, so
/// the server's certificate is not judged here either.
pub async fn cql_connection(
    host: &dyn Host,
    address: &str,
    port: u16,
    tls: bool,
    identity: Option<&ClientIdentity>,
) -> Result<Box<dyn Connection>, WireError> {
    let open = async {
        let connection =
            host.connect(address, port).await.map_err(|source| WireError::Host { port, source })?;
        if !tls {
            return Ok(connection);
        }
        let (config, _) = client_config(identity)?;
        let stream = TlsConnector::from(config).connect(server_name(address)?, connection).await;
        Ok(Box::new(stream.map_err(|source| WireError::Handshake { port, source })?) as Box<dyn Connection>)
    };
    timeout(DEADLINE, open).await.map_err(|_| WireError::Deadline { port, seconds: DEADLINE.as_secs() })?
}

async fn look_in_plaintext(host: &dyn Host, address: &str, port: u16) -> Result<Plaintext, WireError> {
    let look = async {
        let Some(mut connection) = connect(host, address, port).await? else { return Ok(Plaintext::Closed) };
        Ok(match ask_options(&mut connection).await {
            Ok(Reply::Cql) => Plaintext::Accepted,
            Ok(Reply::TlsAlert(description)) => Plaintext::Refused(format!("TLS alert {description}")),
            Ok(Reply::Other(first)) => Plaintext::Refused(format!("an answer that starts with byte {first}")),
            Err(error) => Plaintext::Refused(ended(&error)),
        })
    };
    timeout(DEADLINE, look).await.unwrap_or(Ok(Plaintext::Silent))
}

async fn look_in_tls(
    host: &dyn Host,
    address: &str,
    port: u16,
    identity: Option<&ClientIdentity>,
) -> Result<Tls, WireError> {
    let (config, seen) = client_config(identity)?;
    let name = server_name(address)?;
    let handshake = async {
        let connection = connect(host, address, port).await?;
        Ok(match connection {
            Some(connection) => Some(TlsConnector::from(config).connect(name, connection).await),
            None => None,
        })
    };
    match timeout(DEADLINE, handshake).await {
        Err(_) => Ok(Tls::Silent),
        Ok(Err(error)) => Err(error),
        Ok(Ok(None)) => Ok(Tls::Closed),
        Ok(Ok(Some(Ok(stream)))) => Ok(served(stream, &seen, identity.is_some()).await),
        Ok(Ok(Some(Err(error)))) => Ok(ended_early(&error, &seen, identity.is_some())),
    }
}

/// `None`: nothing listens there.
async fn connect(
    host: &dyn Host,
    address: &str,
    port: u16,
) -> Result<Option<Box<dyn Connection>>, WireError> {
    match host.connect(address, port).await {
        Ok(connection) => Ok(Some(connection)),
        Err(HostError::Refused { .. }) => Ok(None),
        Err(source) => Err(WireError::Host { port, source }),
    }
}

async fn served(mut stream: TlsStream<Box<dyn Connection>>, seen: &Seen, with_identity: bool) -> Tls {
    let asked = seen.asked();
    let tls = stream.get_ref().1;
    let is_tls13 = tls.protocol_version() == Some(rustls::ProtocolVersion::TLSv1_3);
    let suite = tls.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str());
    let answer = ask_in_tls(&mut stream, is_tls13 && asked).await;
    Tls::Served(Served {
        version: if is_tls13 { TlsVersion::Tls13 } else { TlsVersion::Tls12 },
        suite: suite.map(String::from),
        chain: seen.chain(),
        leaf_sha256: seen.leaf_sha256(),
        options_answered: answer.is_ok(),
        client_certificate: client_certificate(asked, with_identity, answer),
    })
}

/// One OPTIONS inside TLS; the error says how the connection ended, or that no CQL came.
async fn ask_in_tls(stream: &mut TlsStream<Box<dyn Connection>>, alert_may_come: bool) -> Result<(), String> {
    if alert_may_come {
        let mut byte = [0];
        // A server that speaks before it is asked is no Cassandra; the byte is not missed.
        match timeout(ALERT_GRACE, stream.read(&mut byte)).await {
            Ok(Ok(0)) => return Err(ended(&io::ErrorKind::UnexpectedEof.into())),
            Ok(Err(error)) => return Err(ended(&error)),
            Ok(Ok(_)) | Err(_) => {}
        }
    }
    match timeout(DEADLINE, ask_options(stream)).await {
        Ok(Ok(Reply::Cql)) => Ok(()),
        Ok(Ok(Reply::TlsAlert(_) | Reply::Other(_))) => Err("an answer that is not CQL".into()),
        Ok(Err(error)) => Err(ended(&error)),
        Err(_) => Err("no answer to CQL OPTIONS".into()),
    }
}

fn client_certificate(asked: bool, with_identity: bool, answer: Result<(), String>) -> ClientCertificate {
    match (asked, with_identity, answer) {
        (false, _, _) => ClientCertificate::NotAsked,
        (true, false, Ok(())) => ClientCertificate::Optional,
        (true, false, Err(alert)) => ClientCertificate::Demanded(alert),
        (true, true, Ok(())) => ClientCertificate::Accepted,
        (true, true, Err(alert)) => ClientCertificate::Rejected(alert),
    }
}

/// A handshake that failed. In TLS 1.2 a client certificate is judged within it, after the server showed its own.
fn ended_early(error: &io::Error, seen: &Seen, with_identity: bool) -> Tls {
    use rustls::Error::{AlertReceived, InvalidMessage};
    let tls_error = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let asked = seen.asked();
    match (seen.version(), tls_error) {
        (Some(version), Some(AlertReceived(_)) | None) if asked => Tls::Served(Served {
            version,
            suite: None,
            chain: seen.chain(),
            leaf_sha256: seen.leaf_sha256(),
            options_answered: false,
            client_certificate: client_certificate(true, with_identity, Err(ended(error))),
        }),
        (_, Some(InvalidMessage(_))) => Tls::NotTls,
        (_, _) => Tls::Refused(ended(error)),
    }
}

/// As rustls has it in the text of `AlertReceived`.
const ALERT: &str = "received fatal alert";

/// How a record of TLS that is an alert begins.
const ALERT_RECORD: u8 = 0x15;

enum Reply {
    Cql,
    TlsAlert(u8),
    Other(u8),
}

/// Sends OPTIONS and reads the start of the answer. A CQL ERROR is CQL too.
async fn ask_options(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<Reply> {
    stream.write_all(&OPTIONS).await?;
    stream.flush().await?;
    let first = stream.read_u8().await?;
    if first == ALERT_RECORD {
        // Version, length, level: the alert's description is the seventh byte.
        let mut rest = [0; 6];
        stream.read_exact(&mut rest).await?;
        return Ok(Reply::TlsAlert(rest[5]));
    }
    Ok(if first & 0x80 != 0 { Reply::Cql } else { Reply::Other(first) })
}

/// How a connection ended, in the operator's words.
fn ended(error: &io::Error) -> String {
    if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return tls.to_string();
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "the connection was closed".into(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => "the connection was reset".into(),
        _ => error.to_string(),
    }
}

fn server_name(address: &str) -> Result<ServerName<'static>, WireError> {
    ServerName::try_from(address.to_string()).map_err(|_| WireError::Address(address.into()))
}
