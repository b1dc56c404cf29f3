//! What the port between nodes takes, as a node would find it: a greeting in plaintext, and a TLS handshake.
//!
//! Source: `HandshakeProtocol.java`, `Crc.java` and `InboundConnectionInitiator.java` of 4.0.19 and 5.0.6. A greeting is
//! answered with the versions of the protocol that the node speaks, unless the node wants TLS: then the connection is
//! closed. Ours speaks none that exists, so that the node answers it, says so once in its log, and lets it go.

use super::{ALERT_RECORD, DEADLINE, Plaintext, WireError, connect, ended, shown};
use crate::plan::change::sha256_hex;
use crate::transport::Host;
use std::net::{IpAddr, Ipv4Addr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageLook {
    pub plaintext: Plaintext,
    /// Of the certificate that a TLS handshake shows, lowercase hex; `None`: it shows none.
    pub leaf_sha256: Option<String>,
}

/// Looks for plaintext and for TLS at once. `address`: of the node, which the greeting gives as its own too; `tls_port`:
/// where TLS has a port of its own. A node whose plaintext has one takes it if it listens there, and needs no greeting.
pub async fn look(
    host: &dyn Host,
    address: &str,
    port: u16,
    tls_port: Option<u16>,
) -> Result<StorageLook, WireError> {
    let plaintext = plaintext(host, address, port, tls_port);
    let (plaintext, chain) = tokio::join!(plaintext, shown(host, address, tls_port.unwrap_or(port)));
    Ok(StorageLook { plaintext: plaintext?, leaf_sha256: chain?.first().map(|leaf| sha256_hex(leaf)) })
}

/// Looks for plaintext alone.
pub async fn plaintext(
    host: &dyn Host,
    address: &str,
    port: u16,
    tls_port: Option<u16>,
) -> Result<Plaintext, WireError> {
    match tls_port {
        None => greet(host, address, port).await,
        Some(_) => Ok(match connect(host, address, port).await? {
            Some(_) => Plaintext::Accepted,
            None => Plaintext::Closed,
        }),
    }
}

async fn greet(host: &dyn Host, address: &str, port: u16) -> Result<Plaintext, WireError> {
    let Some(mut connection) = connect(host, address, port).await? else { return Ok(Plaintext::Closed) };
    let from = address.parse().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let ask = async {
        connection.write_all(&greeting(from, port)).await?;
        connection.flush().await?;
        connection.read_u8().await
    };
    Ok(match timeout(DEADLINE, ask).await {
        Err(_) => Plaintext::Silent,
        Ok(Ok(ALERT_RECORD)) => Plaintext::Refused("a TLS alert".into()),
        Ok(Ok(_)) => Plaintext::Accepted,
        Ok(Err(error)) => Plaintext::Refused(ended(&error)),
    })
}

/// `Message.PROTOCOL_MAGIC`.
const MAGIC: u32 = 0xca55_2dfa;
/// `ConnectionType`: what would follow.
const URGENT_MESSAGES: u32 = 1;
/// A version of the protocol that no node speaks: 4.0 has 12, 5.0 has 13.
const NO_VERSION: u32 = 255;

/// `HandshakeProtocol.Initiate`: magic, flags, whose greeting it is, and a checksum.
fn greeting(from: IpAddr, port: u16) -> Vec<u8> {
    let mut message = MAGIC.to_be_bytes().to_vec();
    // The version of the greeting itself, and the lowest and the highest that are spoken.
    let flags = URGENT_MESSAGES | NO_VERSION << 8 | NO_VERSION << 16 | NO_VERSION << 24;
    message.extend(flags.to_be_bytes());
    let address = match from {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    message.push(if from.is_ipv4() { 6 } else { 18 });
    message.extend(address);
    message.extend(port.to_be_bytes());
    let checksum = checksum(&message);
    message.extend(checksum.to_be_bytes());
    message
}

/// CRC-32 as in zip, begun with four bytes that are not in the message.
fn checksum(message: &[u8]) -> u32 {
    const BEFORE: [u8; 4] = [0xfa, 0x2d, 0x55, 0xca];
    let step = |sum: u32, byte: &u8| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ ((sum & 1) * 0xedb8_8320))
    };
    !BEFORE.iter().chain(message).fold(u32::MAX, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The checksum is what Python's `zlib.crc32` makes of the same bytes.
    #[test]
    fn a_greeting_is_framed_as_cassandra_reads_it() {
        let from: IpAddr = "10.0.0.1".parse().expect("an address");
        let expected = "ca552dfaffffff01060a0000011b58b8033503";
        let hex: String = greeting(from, 7000).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, expected);
        let from: IpAddr = "2001:db8::1".parse().expect("an address");
        assert_eq!(greeting(from, 7000).len(), 31);
    }
}
