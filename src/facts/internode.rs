//! Whether two nodes reach each other: what one sends, from its `server_encryption_options`, and what the other takes.
//!
//! Source: `ServerEncryptionOptions` and `InboundConnectionInitiator` of 4.0.19 and 5.0.6, which do not differ in it;
//! `MessagingService.getServerSockets` and `OutboundTcpConnectionPool` of 3.11.19.

use serde::{Deserialize, Serialize};
use std::fmt;

/// `internode_encryption`: to whom a node speaks TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encrypts {
    #[default]
    None,
    /// To nodes of other datacenters.
    Dc,
    /// To nodes of other racks and datacenters.
    Rack,
    All,
}

/// Where a node takes what others send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ports {
    /// TLS and plaintext on one, since 4.0 (CASSANDRA-10404).
    One,
    /// One for each in 3.x: that of TLS closed where nothing is encrypted, that of plaintext where everything is. Who
    /// speaks TLS to a node connects to the port of TLS. There is no `optional`.
    Two {
        /// Since 3.0.24 and 3.11.10 a node refuses plaintext from those to whom it speaks TLS (CVE-2020-17516,
        /// `IncomingTcpConnection.isEncryptionRequired`).
        strict: bool,
    },
}

/// What decides it on one node, and where the node is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Internode {
    pub encrypts: Encrypts,
    pub ports: Ports,
    pub optional: Option<bool>,
    /// A keystore stands at the configured path: with it, what is neither on nor said to be off takes TLS too.
    pub keystore_stands: bool,
    pub datacenter: String,
    pub rack: String,
}

impl Encrypts {
    /// As Cassandra reads it, in any case.
    pub fn of(text: &str) -> Option<Encrypts> {
        let all = [Encrypts::None, Encrypts::Dc, Encrypts::Rack, Encrypts::All];
        all.into_iter().find(|known| known.to_string().eq_ignore_ascii_case(text))
    }
}

impl fmt::Display for Encrypts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Encrypts::None => "none",
            Encrypts::Dc => "dc",
            Encrypts::Rack => "rack",
            Encrypts::All => "all",
        })
    }
}

/// Why a node does not hear another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unheard {
    /// It is sent TLS, and takes plaintext only.
    Tls,
    /// It is sent plaintext, and takes TLS only.
    Plaintext,
}

impl Internode {
    /// Whether this node hears what another sends to it.
    pub fn hears(&self, sender: &Internode) -> Result<(), Unheard> {
        match sender.speaks_tls_with(self) {
            true if !self.takes_tls() => Err(Unheard::Tls),
            false if !self.takes_plaintext_from(sender) => Err(Unheard::Plaintext),
            true | false => Ok(()),
        }
    }

    /// `shouldEncrypt`.
    fn speaks_tls_with(&self, peer: &Internode) -> bool {
        let is_near = self.datacenter == peer.datacenter;
        match self.encrypts {
            Encrypts::None => false,
            Encrypts::Dc => !is_near,
            Encrypts::Rack => !is_near || self.rack != peer.rack,
            Encrypts::All => true,
        }
    }

    pub fn takes_tls(&self) -> bool {
        self.encrypts != Encrypts::None
            || self.ports == Ports::One && self.optional.unwrap_or(self.keystore_stands)
    }

    /// Whether any node may speak plaintext to it.
    pub fn takes_plaintext(&self) -> bool {
        self.is_optional() || self.encrypts != Encrypts::All
    }

    /// `isEncryptionRequired` asks only whether `optional` is written, and whether it would encrypt itself.
    fn takes_plaintext_from(&self, peer: &Internode) -> bool {
        match self.ports {
            Ports::One | Ports::Two { strict: true } => self.is_optional() || !self.speaks_tls_with(peer),
            Ports::Two { strict: false } => self.takes_plaintext(),
        }
    }

    fn is_optional(&self) -> bool {
        self.ports == Ports::One && self.optional == Some(true)
    }
}

/// What its port takes, as a plan says it.
impl fmt::Display for Internode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sends = match self.encrypts {
            Encrypts::None => "sends plaintext",
            Encrypts::Dc => "sends TLS to other datacenters",
            Encrypts::Rack => "sends TLS to other racks",
            Encrypts::All => "sends TLS",
        };
        let takes = match (self.takes_plaintext(), self.takes_tls()) {
            (true, true) => "TLS and plaintext",
            (true, false) => "plaintext only",
            (false, _) => "TLS only",
        };
        write!(f, "takes {takes}, {sends}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(encrypts: Encrypts, optional: Option<bool>, datacenter: &str) -> Internode {
        Internode {
            encrypts,
            ports: Ports::One,
            optional,
            keystore_stands: false,
            datacenter: datacenter.into(),
            rack: "r1".into(),
        }
    }

    #[test]
    fn neighbours_on_the_staged_way_hear_each_other_and_others_do_not() {
        let stages = [
            node(Encrypts::None, Some(false), "dc1"),
            node(Encrypts::None, Some(true), "dc1"),
            node(Encrypts::All, Some(true), "dc1"),
            node(Encrypts::All, Some(false), "dc1"),
        ];
        for (one, first) in stages.iter().enumerate() {
            for (other, second) in stages.iter().enumerate() {
                let both = first.hears(second).is_ok() && second.hears(first).is_ok();
                assert_eq!(both, one.abs_diff(other) <= 1, "{first} | {second}");
            }
        }
    }

    #[test]
    fn who_is_near_is_spoken_to_in_plaintext_by_dc_and_rack() {
        let (near, far) = (node(Encrypts::Dc, Some(false), "dc1"), node(Encrypts::None, Some(false), "dc2"));
        assert_eq!(near.hears(&near), Ok(()));
        assert_eq!(far.hears(&near), Err(Unheard::Tls));
        assert_eq!(near.hears(&far), Err(Unheard::Plaintext));
        let plain = node(Encrypts::None, Some(false), "dc1");
        assert!(near.hears(&plain).is_ok() && plain.hears(&near).is_ok());
    }

    #[test]
    fn a_keystore_that_stands_turns_tls_on_where_nothing_is_said() {
        let sender = node(Encrypts::All, Some(true), "dc1");
        for (optional, keystore_stands, hears) in
            [(None, true, true), (None, false, false), (Some(false), true, false)]
        {
            let receiver = Internode { keystore_stands, ..node(Encrypts::None, optional, "dc1") };
            assert_eq!(receiver.hears(&sender).is_ok(), hears, "{optional:?} {keystore_stands}");
        }
    }

    /// Before, `dc`, `rack`, `all`: neighbours hear each other where no two share a rack.
    #[test]
    fn on_two_ports_racks_of_one_node_come_to_tls_by_way_of_dc_and_rack() {
        let at = |encrypts, rack: &str| Internode {
            ports: Ports::Two { strict: false },
            rack: rack.into(),
            ..node(encrypts, None, "dc1")
        };
        let stages = [Encrypts::None, Encrypts::Dc, Encrypts::Rack, Encrypts::All];
        for (one, first) in stages.into_iter().enumerate() {
            for (other, second) in stages.into_iter().enumerate() {
                let (first, second) = (at(first, "r1"), at(second, "r2"));
                let both = first.hears(&second).is_ok() && second.hears(&first).is_ok();
                assert_eq!(both, one.abs_diff(other) <= 1, "{first} | {second}");
            }
        }
        let (changed, not_yet) = (at(Encrypts::All, "r1"), at(Encrypts::Rack, "r1"));
        assert_eq!(changed.hears(&not_yet), Err(Unheard::Plaintext));
        let far = Internode { datacenter: "dc2".into(), ..at(Encrypts::None, "r1") };
        assert_eq!(far.hears(&at(Encrypts::Dc, "r1")), Err(Unheard::Tls));
    }

    #[test]
    fn a_strict_node_refuses_plaintext_from_those_to_whom_it_speaks_tls() {
        let at = |encrypts, rack: &str| Internode {
            ports: Ports::Two { strict: true },
            rack: rack.into(),
            ..node(encrypts, None, "dc1")
        };
        let (rack, dc) = (at(Encrypts::Rack, "r1"), at(Encrypts::Dc, "r2"));
        assert_eq!(dc.hears(&rack), Ok(()));
        assert_eq!(rack.hears(&dc), Err(Unheard::Plaintext));
        assert_eq!(rack.hears(&at(Encrypts::Dc, "r1")), Ok(()));
    }
}
