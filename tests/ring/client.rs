//! Applications that read and write at QUORUM while a scene plays.

use super::desk::Desk;
use super::rig::{ring, ring_says, until};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

pub struct Clients {
    child: Child,
    directory: PathBuf,
}

impl Clients {
    /// In plaintext or TLS, as the nodes take it; returns once they read and write.
    pub fn of(desk: &Desk) -> Clients {
        Clients::speaking(desk, "either")
    }

    /// `plain`, `tls`, or `either`.
    pub fn speaking(desk: &Desk, way: &str) -> Clients {
        Clients::with(desk, way, &[])
    }

    /// With further options of the rig's client.
    pub fn with(desk: &Desk, way: &str, options: &[&str]) -> Clients {
        let (flag, authority) =
            (format!("--{way}"), desk.directory.join("stores/ca.pem").display().to_string());
        let words: &[&str] = if way == "plain" { &[&flag] } else { &[&flag, &authority] };
        Clients::started(&desk.directory.join(format!("client-{way}")), &[words, options].concat())
    }

    /// With these options of the rig's client; what it says of itself is kept in the directory.
    pub fn started(directory: &Path, words: &[&str]) -> Clients {
        let _ = fs::remove_dir_all(directory);
        fs::create_dir_all(directory).unwrap();
        let log = fs::File::create(directory.join("log")).unwrap();
        let mut client = ring();
        client.arg("client").args(words);
        for file in ["until", "ready", "report"] {
            client.arg(format!("--{file}")).arg(directory.join(file));
        }
        // It ends by itself if the scene fails.
        client.args(["--seconds", "600"]).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let clients = Clients { child: client.spawn().unwrap(), directory: directory.to_owned() };
        let ready = clients.directory.join("ready");
        until("the clients read and write", Duration::from_secs(90), || ready.exists());
        clients
    }

    /// Whether a client that begins now, in TLS, reads and writes.
    pub fn can_connect(desk: &Desk) -> bool {
        let mut client = ring();
        client.args(["client", "--tls"]).arg(desk.directory.join("stores/ca.pem")).args(["--seconds", "3"]);
        let output = client.stdin(Stdio::null()).output().unwrap();
        println!("{}", String::from_utf8_lossy(&[output.stdout, output.stderr].concat()));
        output.status.success()
    }

    /// The rig's client would see an outage: it is shown one, by nodes that are stopped. The cluster speaks TLS alone.
    pub fn see_an_outage(desk: &Desk) {
        let authority = desk.directory.join("stores/ca.pem").display().to_string();
        let told = ring_says(&["client", "--negative-control", "--tls", &authority]);
        assert!(told.contains("negative control: the client saw "), "{told}");
        println!("{told}");
    }

    /// No query of an application that retries has failed, and every row that was written was read.
    pub fn saw_no_failure(mut self) {
        fs::write(self.directory.join("until"), "").unwrap();
        let status = self.child.wait().unwrap();
        let log = fs::read_to_string(self.directory.join("log")).unwrap();
        println!("{log}");
        assert!(status.success(), "a query failed:\n{log}");
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        let _ = fs::write(self.directory.join("until"), "");
    }
}
