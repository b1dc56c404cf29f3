//! The operator's desk: inventory, playbooks, stores, and ringwalk started from there.

use super::rig::{nodes, repository, ring, ring_says, state, until, version_and_layout};
use super::screen::Screen;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub const RINGWALK: &str = env!("CARGO_BIN_EXE_ringwalk");

/// Quick: the ring is on this machine, and no canary needs watching for minutes.
pub const ROLLOUT: &str = "rollout:
  canary_look: 0s
  steady_looks: 2
  timeouts: { clients: 1s, drain: 30s, stop: 30s, start: 2m, hold: 60s }
";

/// A directory that lives and dies with the ring, so that scenes can be run one at a time.
pub struct Desk {
    pub directory: PathBuf,
}

impl Desk {
    pub fn of_this_ring() -> Desk {
        let directory = state().join("desk");
        fs::create_dir_all(&directory).unwrap();
        let desk = Desk { directory };
        desk.write("inventory.yaml", &ring_says(&["inventory"]));
        desk.write("enable.yaml", &enable(ROLLOUT));
        desk
    }

    /// The desk of another operator: the same files, runs of their own.
    pub fn beside(&self, name: &str) -> Desk {
        let desk = Desk { directory: self.directory.join(name) };
        fs::create_dir_all(&desk.directory).unwrap();
        desk.write("inventory.yaml", &self.read("inventory.yaml"));
        desk.write("enable.yaml", &self.read("enable.yaml"));
        let stores = desk.directory.join("stores");
        if !stores.exists() {
            std::os::unix::fs::symlink(self.directory.join("stores"), stores).unwrap();
        }
        desk
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.directory.join(name), text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.directory.join(name)).unwrap()
    }

    /// Stores for every node; the CA stays what it is, the leaves are new ones.
    pub fn make_stores(&self) {
        self.make_stores_for(397);
    }

    /// `-1`: their time ended yesterday.
    pub fn make_stores_for(&self, days: i32) {
        let pairs = nodes().into_iter().map(|(name, address)| format!("{name}={address}"));
        let mut stores = Command::new(repository().join("scripts/stores"));
        stores.arg(self.directory.join("stores")).args(["--type", store_type().0]);
        stores.args(["--days", &days.to_string()]).args(pairs);
        assert!(stores.status().unwrap().success());
    }

    /// ringwalk with the desk's inventory and `enable.yaml`, to its end.
    pub fn ringwalk(&self, words: &[&str]) -> Screen {
        self.ringwalk_with("enable.yaml", words)
    }

    pub fn ringwalk_with(&self, playbook: &str, words: &[&str]) -> Screen {
        self.ringwalk_on("inventory.yaml", playbook, words)
    }

    pub fn ringwalk_on(&self, inventory: &str, playbook: &str, words: &[&str]) -> Screen {
        self.start(inventory, playbook, words).screen()
    }

    /// ringwalk, while something happens to the ring.
    pub fn start(&self, inventory: &str, playbook: &str, words: &[&str]) -> Running {
        println!("$ ringwalk {} -i {inventory} -p {playbook}", words.join(" "));
        let live = self.directory.join("live.log");
        let out = fs::File::create(&live).unwrap();
        let err = out.try_clone().unwrap();
        // The shell tells its pid and becomes ringwalk.
        let script = "echo $$ >pid; exec \"$@\"";
        let mut command = ring();
        command.args([
            "run",
            "sh",
            "-c",
            script,
            "sh",
            RINGWALK,
            "--runs-dir",
            "runs",
            "-i",
            inventory,
            "-p",
            playbook,
        ]);
        command.args(words).current_dir(&self.directory).stdin(Stdio::null()).stdout(out).stderr(err);
        let [pid, password] = ["pid", "stores/password"].map(|name| self.directory.join(name));
        Running { child: command.spawn().unwrap(), live, pid, password }
    }

    pub fn password(&self) -> String {
        self.read("stores/password").trim().to_owned()
    }

    /// The id of the latest run.
    pub fn latest_run(&self) -> String {
        let runs = fs::read_dir(self.directory.join("runs")).unwrap();
        let names = runs.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.max().expect("a run")
    }
}

/// `PKCS12` and `p12`; 3.11 reads JKS without being told.
pub fn store_type() -> (&'static str, &'static str) {
    if version_and_layout().0 == "3.11" { ("JKS", "jks") } else { ("PKCS12", "p12") }
}

/// The commands of a page in `docs`, in its order, as words after `ringwalk`.
pub fn documented(page: &str) -> Vec<Vec<String>> {
    let page = fs::read_to_string(repository().join("docs").join(page)).unwrap();
    let blocks = page.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap());
    let lines = blocks.flat_map(str::lines).filter_map(|line| line.strip_prefix("ringwalk "));
    let words = |line: &str| line.split('#').next().unwrap().split_whitespace().map(Into::into).collect();
    lines.map(words).collect()
}

/// The phases of the last playbook on a page in `docs`, with times for a test.
pub fn documented_phases(page: &str) -> String {
    let page = fs::read_to_string(repository().join("docs").join(page)).unwrap();
    let playbook = page.rsplit("```yaml\n").next().unwrap().split("```").next().unwrap();
    let (_, phases) = playbook.split_once("phases:\n").expect("a playbook with phases");
    assert!(phases.contains("for: 15m"), "{phases}");
    format!("phases:\n{}", phases.replace("for: 15m", "for: 5s, within: 5m"))
}

/// The stores that every playbook here brings.
pub fn stores() -> String {
    let ext = store_type().1;
    format!(
        "playbook: enable-client-tls
stores:
  keystore:   {{ from: \"stores/{{node}}.{ext}\", to: /etc/cassandra-tls/keystore.{ext}, password: \"file:stores/password\" }}
  truststore: {{ from: stores/truststore.{ext}, to: /etc/cassandra-tls/truststore.{ext}, password: \"file:stores/password\" }}
"
    )
}

pub fn enable(rollout: &str) -> String {
    stores()
        + "phases:
  - name: accept
    client_encryption_options: { enabled: true, optional: true }
  - name: require
    client_encryption_options: { enabled: true, optional: false }
" + rollout
}

/// With a value that no Cassandra starts with, and of which no plan knows it; the file that comes with it says 32.
pub fn does_not_start(playbook: &str) -> String {
    with_reads(playbook, 1)
}

/// What is said in its log.
pub const DOES_NOT_START: &str = "concurrent_reads must be at least 2";

/// That value set right.
pub fn starts_again(playbook: &str) -> String {
    with_reads(playbook, 32)
}

fn with_reads(playbook: &str, reads: u32) -> String {
    let (accept, settings) =
        ("  - name: accept\n", format!("    settings: {{ concurrent_reads: {reads} }}\n"));
    assert!(playbook.contains(accept), "{playbook}");
    playbook.replace(accept, &format!("{accept}{settings}"))
}

pub struct Running {
    child: Child,
    /// What it says so far.
    live: PathBuf,
    pid: PathBuf,
    password: PathBuf,
}

impl Running {
    pub fn so_far(&self) -> String {
        fs::read_to_string(&self.live).unwrap()
    }

    /// Waits for words on the screen.
    pub fn until_it_says(&self, words: &str) {
        until(words, Duration::from_secs(300), || self.so_far().contains(words));
    }

    /// Its machine dies.
    pub fn kill(&self) {
        let pid = fs::read_to_string(&self.pid).unwrap();
        println!("-- kill -9");
        assert!(Command::new("kill").args(["-KILL", pid.trim()]).status().unwrap().success());
    }

    /// Ctrl-C.
    pub fn interrupt(&self) {
        let pid = fs::read_to_string(&self.pid).unwrap();
        println!("-- Ctrl-C");
        assert!(Command::new("kill").args(["-INT", pid.trim()]).status().unwrap().success());
    }

    pub fn screen(mut self) -> Screen {
        let status = self.child.wait().unwrap();
        let screen = Screen { code: status.code(), text: self.so_far() };
        println!("{}[exit {:?}]\n", screen.text, screen.code);
        let password = fs::read_to_string(&self.password).unwrap_or_default();
        assert!(password.is_empty() || !screen.text.contains(password.trim()), "a screen shows the password");
        screen
    }
}
