//! A phase after which a node would not start: what its file says beside the phase decides it.

use super::ports::ClientOptions;
use crate::diagnostic::Diagnostic;
use crate::facts::NodeFacts;
use crate::facts::policy::NoStart;
use crate::input::Input;

/// What speaks against starting a node with these options.
pub fn problem(
    input: &Input,
    phase: usize,
    facts: &NodeFacts,
    becomes: &ClientOptions,
) -> Option<Diagnostic> {
    let port = match becomes.row(facts).start() {
        Err(NoStart::SecondPortWithoutTls { port }) => port,
        // What a phase brings does not stand there yet; whether a store will is judged with the stores.
        Ok(_) | Err(NoStart::NoKeystore) => return None,
    };
    let message = format!(
        "phase `{}` would leave `{}` with `native_transport_port_ssl: {port}` and TLS off: Cassandra does not start",
        input.playbook.phases[phase].name, facts.node
    );
    let help = "add `native_transport_port_ssl: null` to the phase, which takes the port out of the file";
    Some(input.playbook.source.diagnostic_of(&format!("phases[{phase}].name"), message, help))
}
