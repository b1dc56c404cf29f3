//! From an empty directory: a CA, stores, a plan, TLS on every node, and the real cqlsh and driver with a client's bundle.

use super::desk::{RINGWALK, ROLLOUT};
use super::rig::{nodes, ring, ring_says, state, until, version_and_layout};
use super::wire;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// A directory in which nothing is yet, and what was said there last.
pub struct Empty {
    pub directory: PathBuf,
}

pub fn scene() {
    let here = Empty::of_this_ring();
    let _ = fs::remove_dir_all(&here.directory);
    fs::create_dir(&here.directory).unwrap();
    here.write("inventory.yaml", &ring_says(&["inventory"]));
    here.says(&["stores", "new-ca", "--name", "Own CA", "--password", "env:CA_PASSWORD", "--out", "ca"]);
    let issued =
        here.says(&with_ca(&["issue", "-i", "inventory.yaml", "--type", form().0, "--out", "stores"]));
    assert!(!issued.contains("inventory alone"), "the ring was asked: {issued}");
    for (name, address) in nodes() {
        assert!(issued.contains(&format!("  {name}  {name}, {address}\n")), "{issued}");
    }
    let stores = &issued[issued.find("stores:\n").unwrap()..];
    let files = ["-i", "inventory.yaml", "-p", "enable.yaml", "--runs-dir", "runs"];
    here.write("enable.yaml", &format!("playbook: own\n{stores}{}{ROLLOUT}", phases()));
    if wire::serves_tls(&nodes()[0].1, 9042) {
        // Clients of the CA before would be refused; that there are none but ours, which know the new one, is to be said.
        let (code, refused) = here.run(&[&["plan"], &files[..]].concat());
        assert!(
            code == 2 && refused.contains("(ca_overlap)") && refused.contains("`client_truststores`"),
            "{refused}"
        );
    }
    let clients = "  client_truststores: [ { from: ca/ca.pem } ]\n";
    here.write("enable.yaml", &format!("playbook: own\n{stores}{clients}{}{ROLLOUT}", phases()));
    let (code, plan) = here.run(&[&["plan", "--out", "plan.json"], &files[..]].concat());
    assert!(code == 10 && plan.contains("3 of 3 nodes change"), "{plan}");
    here.says(&["apply", "--yes", "--runs-dir", "runs", "plan.json"]);
    here.says(&with_ca(&["client", "--user", "app", "--out", "clients"]));
    // Another CA of the same name: trust is in the key.
    here.says(&["stores", "new-ca", "--name", "Own CA", "--password", "env:CA_PASSWORD", "--out", "other"]);
    here.cqlsh_connects_with_the_bundle_alone();
    here.the_driver_checks_chain_and_address();
    here.a_renewal_is_taken_up(&files);
    here.a_truststore_that_drops_who_is_connected_is_refused();
}

/// Each form is played on some ring: what `--type` calls it, and how its files end.
pub fn form() -> (&'static str, &'static str) {
    let (version, layout) = version_and_layout();
    match (version.as_str(), layout.as_str()) {
        ("3.11", _) => ("jks", "jks"),
        // Read since 4.1.
        ("5.0" | "4.1", "tarball") => ("pem", "pem"),
        _ => ("pkcs12", "p12"),
    }
}

/// One restart a node; a client must show its certificate.
fn phases() -> String {
    let factory = match form().0 {
        "pem" => {
            ", ssl_context_factory: { class_name: org.apache.cassandra.security.PEMBasedSslContextFactory }"
        }
        _ => "",
    };
    format!(
        "phases:
  - name: mutual
    client_encryption_options: {{ enabled: true, optional: false, require_client_auth: true{factory} }}
"
    )
}

fn with_ca<'a>(words: &[&'a str]) -> Vec<&'a str> {
    [&["stores"], words, &["--ca", "ca", "--ca-password", "env:CA_PASSWORD"]].concat()
}

impl Empty {
    /// As the scene left it.
    pub fn of_this_ring() -> Empty {
        Empty { directory: state().join("own") }
    }

    /// A line as an operator types it; what was said, if it ended with this code.
    pub fn shell(&self, line: &str, code: i32) -> String {
        println!("$ {line}");
        let programs = Path::new(RINGWALK).parent().unwrap().display();
        let mut command = ring();
        command
            .args(["run", "sh", "-c", &format!("PATH={programs}:$PATH; {line}")])
            .current_dir(&self.directory);
        command.env("CA_PASSWORD", "correct horse").env("RINGWALK_RUNS", "runs").stdin(Stdio::null());
        command.env("RINGWALK_INVENTORY", "inventory.yaml").env("RINGWALK_PLAYBOOK", "rotate-ca.yaml");
        let (ended, text) = self.output(command);
        assert_eq!(ended, code, "{line}\n{text}");
        text
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.directory.join(name), text).unwrap();
    }

    fn command(&self, words: &[&str]) -> Command {
        println!("$ {}", words.join(" "));
        let mut command = ring();
        command
            .args(words)
            .current_dir(&self.directory)
            .env("CA_PASSWORD", "correct horse")
            .stdin(Stdio::null());
        command
    }

    fn output(&self, mut command: Command) -> (i32, String) {
        let output = command.output().unwrap();
        let text =
            [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        println!("{text}[{}]\n", output.status);
        (output.status.code().unwrap_or(-1), text)
    }

    fn run(&self, words: &[&str]) -> (i32, String) {
        self.output(self.command(&[&["run", RINGWALK], words].concat()))
    }

    /// ringwalk, which must succeed.
    fn says(&self, words: &[&str]) -> String {
        let (code, text) = self.run(words);
        assert_eq!(code, 0, "{text}");
        text
    }

    fn cqlsh(&self, cqlshrc: &str, address: &str) -> (i32, String) {
        let ask = "SELECT cluster_name FROM system.local";
        self.output(self.command(&["cqlsh", "--cqlshrc", cqlshrc, "-e", ask, address]))
    }

    fn cqlsh_connects_with_the_bundle_alone(&self) {
        let rc = fs::read_to_string(self.directory.join("clients/app/cqlshrc")).unwrap();
        let line = |key: &str| rc.lines().find(|line| line.starts_with(key)).unwrap();
        let other = format!("certfile = {}", self.directory.join("other/ca.pem").display());
        self.write("of-another-ca", &rc.replace(line("certfile"), &other));
        self.write("without-a-certificate", &rc.replace(line("usercert"), "").replace(line("userkey"), ""));
        self.write("without-the-ca", &rc.replace(line("certfile"), ""));
        self.write("in-plaintext", "");
        for (_, address) in nodes() {
            let (code, text) = self.cqlsh("clients/app/cqlshrc", &address);
            assert!(code == 0 && text.contains("rig"), "{text}");
        }
        let address = &nodes()[0].1;
        for cqlshrc in ["of-another-ca", "without-a-certificate", "in-plaintext"] {
            let (code, text) = self.cqlsh(cqlshrc, address);
            assert!(code != 0 && text.contains("Connection error"), "{cqlshrc}: {text}");
        }
        // It does not even try: `validate` needs a CA.
        let (code, text) = self.cqlsh("without-the-ca", address);
        assert!(code != 0 && !text.contains("rig"), "{text}");
    }

    /// Whether a client is served that trusts this CA and shows this certificate, with its key.
    pub fn client(&self, authority: &str, own: Option<&[String; 2]>) -> bool {
        let mut words = vec!["client", "--tls", authority, "--check-hostname", "--seconds", "3"];
        if let Some([certificate, key]) = own {
            words.extend(["--cert", certificate, "--key", key]);
        }
        self.output(self.command(&words)).0 == 0
    }

    fn the_driver_checks_chain_and_address(&self) {
        let own = ["clients/app/app.pem", "clients/app/app.key"].map(Into::into);
        assert!(self.client("clients/app/ca.pem", Some(&own)));
        assert!(!self.client("other/ca.pem", Some(&own)), "nodes of another CA");
        assert!(
            !self.client("/etc/ssl/certs/ca-certificates.crt", Some(&own)),
            "the CA is none that a system knows"
        );
        assert!(!self.client("clients/app/ca.pem", None), "no certificate of its own");
    }

    fn a_renewal_is_taken_up(&self, files: &[&str]) {
        let issued = self.says(&with_ca(&["issue", "-i", "inventory.yaml", "--renew", "--out", "stores"]));
        assert!(
            !issued.contains("inventory alone"),
            "a port that demands a certificate was asked with one: {issued}"
        );
        let stores = &issued[issued.find("stores:\n").unwrap()..];
        self.write("enable.yaml", &format!("playbook: own\n{stores}{}{ROLLOUT}", phases()));
        self.says(&[&["apply", "--yes"], files].concat());
        let own = ["clients/app/app.pem", "clients/app/app.key"].map(Into::into);
        assert!(self.client("clients/app/ca.pem", Some(&own)));
        let (_, address) = &nodes()[0];
        let shown = self.says(&["stores", "inspect", &format!("{address}:9042"), "--output", "json"]);
        let served: serde_json::Value = serde_json::from_str(&shown).unwrap();
        let made = self.newest_keystore();
        let made = self.says(&[
            "stores",
            "inspect",
            &made,
            "--password",
            "file:stores/keystore.password",
            "--output",
            "json",
        ]);
        let made: serde_json::Value = serde_json::from_str(&made).unwrap();
        let of = |json: &serde_json::Value| json["entries"][0]["certificate"]["sha256"].clone();
        assert_eq!(of(&served), of(&made));
    }

    /// Before 4.0 a node does not tell who is connected: there it can be a warning only.
    fn a_truststore_that_drops_who_is_connected_is_refused(&self) {
        let issue = ["stores", "issue", "-i", "inventory.yaml", "--offline", "--type", form().0];
        let by = ["--ca", "other", "--ca-password", "env:CA_PASSWORD", "--out", "of-another"];
        self.says(&[&issue[..], &by].concat());
        let enable = fs::read_to_string(self.directory.join("enable.yaml")).unwrap();
        assert_eq!(enable.matches("stores/truststore.").count(), 2, "the store and its password: {enable}");
        self.write("drop.yaml", &enable.replace("stores/truststore.", "of-another/truststore."));
        let mut connected = self.command(&[
            "client",
            "--tls",
            "clients/app/ca.pem",
            "--cert",
            "clients/app/app.pem",
            "--key",
            "clients/app/app.key",
            "--ready",
            "ready",
            "--until",
            "until",
            "--seconds",
            "300",
        ]);
        let mut connected = connected.spawn().unwrap();
        let ready = self.directory.join("ready");
        until("the client reads and writes", Duration::from_secs(90), || ready.exists());
        let (code, text) =
            self.run(&["plan", "-i", "inventory.yaml", "-p", "drop.yaml", "--runs-dir", "runs"]);
        match version_and_layout().0.as_str() {
            "3.11" => {
                // Who is connected is not told; that the nodes' own certificates are of that CA is seen.
                let says = "drops the CA of the certificate that the node shows still";
                assert!(code == 2 && text.contains(says) && text.contains("(ca_overlap)"), "{text}");
            }
            _ => {
                let says = "connected clients would be refused (known_clients)";
                assert!(code == 2 && text.contains(says), "{text}");
            }
        }
        self.write("until", "");
        assert!(connected.wait().unwrap().success(), "a query of the connected client failed");
    }

    /// Of n1, in the directory of the day.
    fn newest_keystore(&self) -> String {
        let entries = fs::read_dir(self.directory.join("stores")).unwrap();
        let day = entries.map(|entry| entry.unwrap().path()).find(|path| path.is_dir()).unwrap();
        day.join(format!("n1.{}", form().1)).display().to_string()
    }
}
