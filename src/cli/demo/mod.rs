//! `ringwalk demo`: the main job, end to end, on nodes that it starts itself; by the same commands that an operator types.

mod nodes;

use super::arguments::{Arguments, DemoArguments, Global};
use super::exit::Exit;
use super::{Trouble, print};
use crate::formats::store::Store;
use crate::node::wire::{self, Plaintext, Tls};
use crate::secret::Secret;
use crate::transport::here::Here;
use anyhow::{Context, anyhow};
use clap::Parser;
use nodes::{Node, Nodes};
use std::path::Path;
use std::time::Instant;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

/// What is true of this demo and what is not.
const ABOUT: &str = "\
Three nodes are simulated in this process. Real: ringwalk and every step that it takes, SSH, the files, and the TLS and
CQL of the client ports. Not real: Cassandra, whose restarts and gossip are played, 25 times as fast. `scripts/demo` does the
same on real Cassandra (needs root on Debian or Ubuntu, takes three minutes).
";

const PLAYBOOK: &str = "\
playbook: enable-client-tls
stores:
  keystore:   { from: \"stores/{node}.p12\", to: /etc/cassandra/tls/keystore.p12, password: file:stores/keystore.password }
  truststore: { from: stores/truststore.p12, to: /etc/cassandra/tls/truststore.p12, password: file:stores/truststore.password }
phases:
  - name: accept     # TLS and plaintext on one port, so that clients can move
    client_encryption_options: { enabled: true, optional: true, store_type: PKCS12 }
  - name: require    # TLS only
    client_encryption_options: { optional: false }
rollout: { canary_look: 1s }   # a real canary is watched for longer
";

pub fn run(global: &Global, options: &DemoArguments) -> Result<Exit, Trouble> {
    let begun = Instant::now();
    let directory = tempfile::Builder::new().prefix("ringwalk-demo-").tempdir();
    let directory = directory.context("cannot make a temporary directory")?;
    let runtime = Runtime::new().context("cannot start the runtime")?;
    runtime.spawn(leave_on_a_signal(directory.path().to_owned()));
    let Nodes { world: _world, claim: _claim, nodes, port } =
        runtime.block_on(nodes::start(directory.path()))?;
    // What is shown is what was typed: names without a directory.
    std::env::set_current_dir(directory.path()).context("cannot go to the temporary directory")?;
    print(&format!("{ABOUT}\nFiles are in {}; n1's are in nodes/n1.\n", directory.path().display()));
    let told = tell(global, directory.path());
    let proved = told.and_then(|()| Ok(runtime.block_on(prove(&nodes, port))?));
    if proved.is_ok() {
        let seconds = begun.elapsed().as_secs();
        print(&format!("\ndone in {seconds} s, on simulated nodes; on real Cassandra: scripts/demo\n"));
    }
    if options.stay && proved.is_ok() {
        print("\nThe nodes stay up until Ctrl-C. From another terminal:\n");
        print(&format!(
            "  cd {}; ringwalk check -i inventory.yaml -p enable.yaml\n",
            directory.path().display()
        ));
        runtime.block_on(std::future::pending::<()>());
    }
    close(directory)?;
    proved.map(|()| Exit::Success)
}

/// The story: each command with what it prints.
fn tell(global: &Global, directory: &Path) -> Result<(), Trouble> {
    let step = |words: &str, expected: &[Exit]| typed(global, words, expected);
    nodes::write(&directory.join("ca.password"), "known-to-this-demo-only")?;
    nodes::write(&directory.join("enable.yaml"), PLAYBOOK)?;
    heading("a CA, and a keystore for each node");
    step("stores new-ca --name DemoCA --password file:ca.password --out ca", &[Exit::Success])?;
    step(
        "stores issue -i inventory.yaml --ca ca --ca-password file:ca.password --out stores",
        &[Exit::Success],
    )?;
    heading("what the nodes are now");
    step("check -i inventory.yaml -p enable.yaml", &[Exit::Success])?;
    heading("what would change");
    print(&format!("$ cat enable.yaml\n{PLAYBOOK}\n"));
    step("plan -i inventory.yaml -p enable.yaml --out plan.json", &[Exit::Changes])?;
    heading("one node after the other, each only when the last one is right");
    step("apply --yes plan.json", &[Exit::Success])?;
    heading("a second plan finds nothing to do");
    step("plan -i inventory.yaml -p enable.yaml", &[Exit::Success])
}

fn heading(text: &str) {
    print(&format!("\n== {text}\n"));
}

/// Does what is typed, as if it had been.
fn typed(global: &Global, words: &str, expected: &[Exit]) -> Result<(), Trouble> {
    print(&format!("$ ringwalk {words}\n"));
    let all = std::iter::once("ringwalk").chain(words.split(' '));
    let mut arguments = Arguments::try_parse_from(all).context("the demo's own command")?;
    let own = &mut arguments.global;
    (own.color, own.verbose) = (global.color, global.verbose);
    own.runs_dir = Some("runs".into());
    let exit = super::run(arguments)?;
    match expected.contains(&exit) {
        true => Ok(()),
        false => Err(anyhow!("`ringwalk {words}` ended with exit code {}", exit.code()).into()),
    }
}

/// Looks at every client port from here, past ringwalk's own way there, and compares with what was made.
async fn prove(nodes: &[Node], port: u16) -> anyhow::Result<()> {
    heading("what a client finds on each port");
    let password = std::fs::read_to_string("stores/keystore.password").context("cannot read the password")?;
    let password = Secret::new(password.trim_end());
    for Node { name, address } in nodes {
        let bytes = std::fs::read(format!("stores/{name}.p12")).context("cannot read a keystore")?;
        let store = Store::open(&bytes, &password).context("cannot open a keystore")?;
        let made = store.leaf().map(|leaf| leaf.sha256.clone()).unwrap_or_default();
        let look = wire::look(&Here, address, port, None).await?;
        let served = match look.tls {
            Tls::Served(served) => served.leaf_sha256,
            Tls::Refused(_) | Tls::NotTls | Tls::Silent | Tls::Closed => {
                return Err(anyhow!("{name} serves no TLS on {address}:{port}"));
            }
        };
        if served != made || look.plaintext == Plaintext::Accepted {
            return Err(anyhow!("{name} does not serve what was made for it, or still accepts plaintext"));
        }
        let short: String = served.chars().take(16).collect();
        print(&format!(
            "{name}  {address}:{port}  TLS with {short}, the certificate in stores/{name}.p12; no plaintext\n"
        ));
    }
    Ok(())
}

fn close(directory: TempDir) -> anyhow::Result<()> {
    let path = directory.path().to_owned();
    // A directory that somebody is in cannot be removed everywhere.
    std::env::set_current_dir("/").context("cannot leave the temporary directory")?;
    directory.close().with_context(|| format!("cannot remove {}", path.display()))
}

/// Nothing outlives a demo that is broken off: its nodes end with the process, and its files go.
async fn leave_on_a_signal(directory: std::path::PathBuf) {
    let listen = |kind| signal(kind);
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) =
        (listen(SignalKind::interrupt()), listen(SignalKind::terminate()), listen(SignalKind::hangup()))
    else {
        return;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
    let _ = std::fs::remove_dir_all(&directory);
    std::process::exit(Exit::Interrupted.code().into());
}
