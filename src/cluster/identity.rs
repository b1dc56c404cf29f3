//! Which of a node's certificates its port takes from us: in a rotation of the CA that changes from phase to phase.

use super::Node;
use crate::node::wire::{self, ClientCertificate, ClientIdentity, Tls, WireError, WireLook};

/// Looks at a client port with the certificate of each phase in turn, until one is not rejected. Tells which that was:
/// what the port trusts is seen on the wire, not remembered.
pub async fn look<'a>(
    node: &'a Node,
    address: &str,
    port: u16,
) -> Result<(WireLook, Option<&'a ClientIdentity>), WireError> {
    let mut identities = node.credentials.identities.iter();
    let mut shown = identities.next();
    loop {
        let look = wire::look(node.host.as_ref(), address, port, shown).await?;
        match identities.next().filter(|_| is_rejected(&look)) {
            None => return Ok((look, shown)),
            next => shown = next,
        }
    }
}

fn is_rejected(look: &WireLook) -> bool {
    match &look.tls {
        Tls::Served(served) => matches!(served.client_certificate, ClientCertificate::Rejected(_)),
        Tls::Refused(_) | Tls::NotTls | Tls::Silent | Tls::Closed => false,
    }
}
