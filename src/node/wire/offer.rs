//! What a port would agree to: versions of TLS and cipher suites. One hello a question; no handshake is finished.

use super::{WireError, connect};
use crate::facts::suites::{OF_TLS13, Protocol, SUITES, Strength, Suite};
use crate::transport::Host;
use std::collections::BTreeSet;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// As for any look at the wire. No answer counts as no: whether TLS is served at all is asked elsewhere.
const DEADLINE: Duration = Duration::from_secs(5);

/// The longest record of TLS, RFC 8446 5.2.
const RECORD_MAX_BYTES: usize = (1 << 14) + 256;

const HANDSHAKE: u8 = 22;
const SERVER_HELLO: u8 = 2;
const SUPPORTED_VERSIONS: u16 = 43;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offered {
    pub versions: BTreeSet<Protocol>,
    /// Of TLS 1.2.
    pub suites: Vec<&'static Suite>,
}

impl Offered {
    /// What a server had better not take.
    pub fn weak(&self) -> Vec<&'static Suite> {
        self.suites.iter().copied().filter(|suite| suite.strength != Strength::Sound).collect()
    }
}

/// Asks a port that serves TLS.
pub async fn look(host: &dyn Host, address: &str, port: u16) -> Result<Offered, WireError> {
    let at = Port { host, address, port };
    let [tls10, tls11, tls12, tls13] = Protocol::ALL.map(|version| at.speaks(version));
    let [sound, dated, broken] = Strength::ALL.map(|strength| at.takes(strength));
    let (tls10, tls11, tls12, tls13, sound, dated, broken) =
        tokio::join!(tls10, tls11, tls12, tls13, sound, dated, broken);
    let spoken = Protocol::ALL.into_iter().zip([tls10?, tls11?, tls12?, tls13?]);
    let versions = spoken.filter(|(_, is_spoken)| *is_spoken).map(|(version, _)| version).collect();
    Ok(Offered { versions, suites: [broken?, dated?, sound?].concat() })
}

struct Port<'a> {
    host: &'a dyn Host,
    address: &'a str,
    port: u16,
}

impl Port<'_> {
    async fn speaks(&self, version: Protocol) -> Result<bool, WireError> {
        let suites: Vec<u16> = OF_TLS13.into_iter().chain(SUITES.iter().map(|suite| suite.code)).collect();
        Ok(self.answer(version, &suites).await?.is_some_and(|chosen| chosen.version == version.code()))
    }

    /// A server names one suite a hello: it is asked again without that one until it refuses.
    async fn takes(&self, strength: Strength) -> Result<Vec<&'static Suite>, WireError> {
        let mut left: Vec<&'static Suite> =
            SUITES.iter().filter(|suite| suite.strength == strength).collect();
        let mut taken = Vec::new();
        while !left.is_empty() {
            let codes: Vec<u16> = left.iter().map(|suite| suite.code).collect();
            let Some(chosen) = self.answer(Protocol::Tls12, &codes).await? else { break };
            let Some(at) = left.iter().position(|suite| suite.code == chosen.suite) else { break };
            taken.push(left.remove(at));
        }
        Ok(taken)
    }

    async fn answer(&self, version: Protocol, suites: &[u16]) -> Result<Option<Chosen>, WireError> {
        let ask = async {
            let Some(mut connection) = connect(self.host, self.address, self.port).await? else {
                return Ok(None);
            };
            let hello = hello(version, suites);
            let answer = async {
                connection.write_all(&hello).await?;
                connection.flush().await?;
                record(&mut connection).await
            };
            Ok(answer.await.ok().and_then(|record| Chosen::of(&record)))
        };
        timeout(DEADLINE, ask).await.unwrap_or(Ok(None))
    }
}

/// The content of one handshake record.
async fn record(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut header = [0; 5];
    stream.read_exact(&mut header).await?;
    let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
    if header[0] != HANDSHAKE || length > RECORD_MAX_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut content = vec![0; length];
    stream.read_exact(&mut content).await?;
    Ok(content)
}

/// What a server hello chose; one that asks for another hello (TLS 1.3) has chosen too.
#[derive(Debug, PartialEq, Eq)]
struct Chosen {
    version: u16,
    suite: u16,
}

impl Chosen {
    fn of(record: &[u8]) -> Option<Chosen> {
        let (kind, body) = (*record.first()?, record.get(4..)?);
        let (version, behind_random) = (number(body)?, body.get(34..)?);
        let session = usize::from(*behind_random.first()?);
        let rest = behind_random.get(1 + session..)?;
        let suite = number(rest)?;
        let chosen = extension(rest.get(5..).unwrap_or_default(), SUPPORTED_VERSIONS).and_then(number);
        (kind == SERVER_HELLO).then_some(Chosen { version: chosen.unwrap_or(version), suite })
    }
}

fn number(bytes: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes([*bytes.first()?, *bytes.get(1)?]))
}

fn extension(mut rest: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let (kind, length) = (number(rest)?, usize::from(number(rest.get(2..)?)?));
        let content = rest.get(4..4 + length)?;
        if kind == wanted {
            return Some(content);
        }
        rest = rest.get(4 + length..)?;
    }
}

/// A client hello of this version and no other. It carries no key share: a server of TLS 1.3 then says which it wants,
/// and has agreed to the version by that. Its random is not: nothing is ever encrypted with it.
fn hello(version: Protocol, suites: &[u16]) -> Vec<u8> {
    // Elliptic curves: P-256, P-384, P-521, x25519. Signatures: ECDSA, RSA-PSS and RSA, down to SHA-1 for old versions.
    const GROUPS: [u16; 4] = [0x0017, 0x0018, 0x0019, 0x001d];
    const SIGNATURES: [u16; 12] =
        [0x0403, 0x0503, 0x0603, 0x0807, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201];
    let is_13 = version == Protocol::Tls13;
    let mut extensions = [
        with_length(0x000a, &sized(&words(&GROUPS))),
        with_length(0x000b, &[1, 0]),
        with_length(0x000d, &sized(&words(&SIGNATURES))),
    ]
    .concat();
    if is_13 {
        let versions = [&[2][..], &version.code().to_be_bytes()].concat();
        extensions.extend(with_length(SUPPORTED_VERSIONS, &versions));
        extensions.extend(with_length(0x0033, &sized(&[])));
    }
    let legacy = if is_13 { Protocol::Tls12 } else { version };
    let body = [
        &legacy.code().to_be_bytes()[..],
        &[0x52; 32],
        &[0],
        &sized(&words(suites)),
        &[1, 0],
        &sized(&extensions),
    ]
    .concat();
    let handshake = [&[1, 0][..], &sized(&body)].concat();
    [&[HANDSHAKE, 3, 1][..], &sized(&handshake)].concat()
}

fn words(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// With two bytes of length before it. A hello is a few hundred bytes.
fn sized(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat()
}

fn with_length(kind: u16, content: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &sized(content)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_hello_chose_is_read_and_what_is_cut_off_is_none() {
        let mut record = vec![SERVER_HELLO, 0, 0, 0, 3, 3];
        record.extend([7; 32]);
        record.extend([1, 9, 0xc0, 0x2f, 0, 0, 6, 0, 43, 0, 2, 3, 4]);
        assert_eq!(Chosen::of(&record), Some(Chosen { version: 0x0304, suite: 0xc02f }));
        assert_eq!(Chosen::of(&record[..42]), Some(Chosen { version: 0x0303, suite: 0xc02f }));
        assert_eq!(Chosen::of(&record[..40]), None);
        record[0] = 11;
        assert_eq!(Chosen::of(&record), None);
    }

    #[test]
    fn every_length_in_a_hello_is_that_of_what_follows() {
        let hello = hello(Protocol::Tls12, &[0xc02f]);
        assert_eq!(usize::from(number(&hello[3..]).unwrap()), hello.len() - 5);
        assert_eq!(usize::from(number(&hello[7..]).unwrap()), hello.len() - 9);
    }
}
