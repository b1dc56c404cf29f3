//! Whether new contents of stores can be taken up by the running process, so that nothing is restarted.

use super::change::RestartReason;
use super::ports::ClientOptions;
use super::step::{PushStore, StoreName};
use crate::facts::NodeFacts;
use crate::facts::version::{Flavour, Version};

/// Before it, the TLS context of the client port is built once (CASSANDRA-14222; measured on 3.11).
const RELOADS_SINCE: Version = Version::new(4, 0, 0);

/// The process of a node as it is when a phase begins.
pub struct Running<'a> {
    pub facts: &'a NodeFacts,
    /// What its file says.
    pub options: &'a ClientOptions,
    /// Its TLS ports were seen to speak TLS: a process that was started without has no context to renew.
    pub serves_tls: bool,
}

/// The stores to reload, if that is all that would be restarted for: contents that were replaced at the path that the
/// process reads, which opens with the same password, since the file that holds it stays as it is.
pub fn instead_of(
    restart: &[RestartReason],
    pushes: &[PushStore],
    running: &Running<'_>,
) -> Option<Vec<StoreName>> {
    // DSE is a fork whose nodes do not all know the command: what it has cannot be told from its version.
    let knows_how = match running.facts.flavour {
        Flavour::Apache => running.facts.version >= RELOADS_SINCE,
        Flavour::Dse => false,
    };
    let is_read = |push: &PushStore| match push.store {
        StoreName::Keystore => push.path == running.options.keystore,
        StoreName::Truststore => push.path == running.options.truststore,
        // How the port between nodes takes up new contents was not measured.
        StoreName::InternodeKeystore | StoreName::InternodeTruststore => false,
    };
    let replaced = |store: StoreName| {
        let mut of_it = pushes.iter().filter(|push| push.store == store);
        // 4.1 and later watch only the files that stood there when the process started (`initHotReloading`).
        of_it.any(|push| push.was.is_some() && is_read(push))
    };
    let stores = restart.iter().map(|reason| match reason {
        RestartReason::StoreChanges { store } if replaced(*store) => Some(*store),
        RestartReason::StoreChanges { .. }
        | RestartReason::SettingsChange
        | RestartReason::Asked
        | RestartReason::NotRunning
        | RestartReason::Owed { .. }
        | RestartReason::WireDiffers { .. } => None,
    });
    let stores: Vec<StoreName> = stores.collect::<Option<_>>()?;
    (knows_how && running.serves_tls && !stores.is_empty()).then_some(stores)
}
