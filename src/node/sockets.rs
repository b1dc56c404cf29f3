//! Sockets as Linux lists them in `/proc/net/tcp` and `tcp6`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address and port that something listens on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listener {
    pub address: IpAddr,
    pub port: u16,
}

/// Reads the lines of listening sockets; what is no such line is passed over.
pub(super) fn parse(lines: &[&str]) -> Vec<Listener> {
    lines.iter().filter_map(|line| listener(line)).collect()
}

/// The address that reaches a listener from its own host.
pub(super) fn reachable(listener: &Listener) -> IpAddr {
    match listener.address {
        // A wildcard IPv6 socket of a JVM takes IPv4 too (`IPV6_V6ONLY` is off in the JDK), and `::1` may be switched off.
        address if address.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        address => address,
    }
}

/// A socket that listens, or one that is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Socket {
    pub local: Listener,
    pub remote: Listener,
    pub established: bool,
}

/// Reads the lines of sockets with both of their ends.
pub(super) fn connections(lines: &[&str]) -> Vec<Socket> {
    let socket = |line: &&str| {
        let state = line.split_whitespace().nth(3)?;
        // TCP_ESTABLISHED and TCP_LISTEN of the kernel's tcp_states.h.
        let established = match state {
            "01" => true,
            "0A" => false,
            _ => return None,
        };
        Some(Socket { local: end(line, 1)?, remote: end(line, 2)?, established })
    };
    lines.iter().filter_map(socket).collect()
}

fn listener(line: &str) -> Option<Listener> {
    end(line, 1)
}

fn end(line: &str, column: usize) -> Option<Listener> {
    let (address, port) = line.split_whitespace().nth(column)?.split_once(':')?;
    Some(Listener { address: address_of(address)?, port: u16::from_str_radix(port, 16).ok()? })
}

/// The kernel prints each group of 32 bits as a number in the machine's order, which is little-endian wherever Cassandra
/// is released for.
fn address_of(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| -> Option<[u8; 4]> {
        u32::from_str_radix(hex.get(at..at + 8)?, 16).ok().map(u32::to_le_bytes)
    };
    match hex.len() {
        8 => Some(IpAddr::V4(Ipv4Addr::from(word(0)?))),
        32 => {
            let mut bytes = [0; 16];
            for (index, chunk) in bytes.chunks_mut(4).enumerate() {
                chunk.copy_from_slice(&word(index * 8)?);
            }
            let address = Ipv6Addr::from(bytes);
            Some(address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_read_with_the_address_that_reaches_it() {
        let tail = "00000000:0000 0A 00000000:00000000 00:00000000 00000000   990        0 31337 1";
        for (socket, address, port, reached) in [
            ("0B004D0A:2352", "10.77.0.11", 9042, "10.77.0.11"),
            ("00000000:1B58", "0.0.0.0", 7000, "127.0.0.1"),
            ("00000000000000000000000000000000:2352", "::", 9042, "127.0.0.1"),
            ("0000000000000000FFFF00000B004D0A:2352", "10.77.0.11", 9042, "10.77.0.11"),
            ("00000000000000000000000001000000:2352", "::1", 9042, "::1"),
            ("B80D0120000000000000000001000000:2352", "2001:db8::1", 9042, "2001:db8::1"),
        ] {
            let found = parse(&[&format!("   1: {socket} {tail}"), "rubbish"]);
            assert_eq!(found, [Listener { address: address.parse().unwrap(), port }], "{socket}");
            assert_eq!(reachable(&found[0]).to_string(), reached);
        }
    }
}
