//! A real OpenSSH server on 127.0.0.1, its keys, and a home to connect from; all gone with the value.

use ringwalk::secret::Secret;
use ringwalk::transport::ssh::{Pool, PoolOptions, SshHost, Target};
use ringwalk::transport::ssh_config::Environment;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub struct Sshd {
    pub directory: TempDir,
    pub port: u16,
    child: Child,
}

/// A directory with `.ssh/`, from which the tests connect.
pub struct Home {
    pub directory: TempDir,
}

pub const LOCALHOST: &str = "127.0.0.1";

impl Sshd {
    pub fn start() -> Sshd {
        Sshd::with("")
    }

    /// Starts a server with three host keys and, in its directory, nobody in `authorized_keys`.
    pub fn with(extra_config: &str) -> Sshd {
        let program = Path::new("/usr/sbin/sshd");
        assert!(program.exists(), "{} is missing: install the package openssh-server", program.display());
        let directory = tempfile::tempdir().unwrap();
        for kind in ["ed25519", "ecdsa", "rsa"] {
            generate(&directory.path().join(format!("host_{kind}")), kind, "");
        }
        fs::create_dir_all("/run/sshd").ok(); // where sshd, as root, separates its privileges
        fs::write(directory.path().join("authorized_keys"), "").unwrap();
        let port = TcpListener::bind((LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let at = directory.path().display();
        let config = format!(
            "{extra_config}\nPort {port}\nListenAddress {LOCALHOST}\nHostKey {at}/host_ed25519\n\
             HostKey {at}/host_ecdsa\nHostKey {at}/host_rsa\nAuthorizedKeysFile {at}/authorized_keys\n\
             PidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin yes\nPasswordAuthentication no\n\
             KbdInteractiveAuthentication no\nMaxStartups 500\n"
        );
        let config_file = directory.path().join("sshd_config");
        fs::write(&config_file, config).unwrap();
        let log = fs::File::create(directory.path().join("log")).unwrap();
        let mut server = Command::new(program);
        server.arg("-D").arg("-e").arg("-f").arg(&config_file).stderr(log).stdin(Stdio::null());
        let child = server.spawn().unwrap();
        let sshd = Sshd { directory, port, child };
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect((LOCALHOST, port)).is_err() {
            assert!(Instant::now() < deadline, "sshd did not come up: {}", sshd.log());
            std::thread::sleep(Duration::from_millis(10));
        }
        sshd
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// How many logins the server has seen.
    pub fn logins(&self) -> usize {
        self.log().lines().filter(|line| line.starts_with("Accepted ")).count()
    }

    pub fn authorize(&self, public_key_file: &Path) {
        let line = fs::read_to_string(public_key_file).unwrap();
        let file = self.path("authorized_keys");
        let before = fs::read_to_string(&file).unwrap();
        fs::write(file, before + &line).unwrap();
    }

    /// A host key's line for known_hosts.
    pub fn known_line(&self, kind: &str) -> String {
        let key = fs::read_to_string(self.path(&format!("host_{kind}.pub"))).unwrap();
        format!("[{LOCALHOST}]:{} {}", self.port, key.trim())
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Home {
    pub fn new() -> Home {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join(".ssh")).unwrap();
        Home { directory }
    }

    /// A home whose `id_ed25519` the server lets in and that knows the server.
    pub fn welcome_at(servers: &[&Sshd]) -> Home {
        let home = Home::new();
        let key = home.ssh("id_ed25519");
        generate(&key, "ed25519", "");
        for server in servers {
            server.authorize(&key.with_extension("pub"));
            home.know(server);
        }
        home
    }

    pub fn ssh(&self, name: &str) -> PathBuf {
        self.directory.path().join(".ssh").join(name)
    }

    pub fn know(&self, server: &Sshd) {
        let file = self.ssh("known_hosts");
        let before = fs::read_to_string(&file).unwrap_or_default();
        fs::write(file, format!("{before}{}\n", server.known_line("ed25519"))).unwrap();
    }

    pub fn options(&self) -> PoolOptions {
        let environment = Environment::of_this_process();
        PoolOptions {
            environment: Environment { home: self.directory.path().to_owned(), ..environment },
            agent: None,
            ..PoolOptions::default()
        }
    }

    pub fn pool(&self) -> Arc<Pool> {
        Pool::new(self.options())
    }
}

/// What an inventory would say about a server, with nothing but its address and port.
pub fn target(server: &Sshd) -> Target {
    Target {
        name: "n1".to_owned(),
        address: LOCALHOST.to_owned(),
        user: None,
        port: Some(server.port),
        identities: Vec::new(),
        passphrase: None,
        jump: None,
        become_root: false,
        accept_new: false,
        known_hosts: None,
        config: None,
        connect_timeout: Duration::from_secs(20),
    }
}

/// A host at a server that lets its home in.
pub fn host(server: &Sshd, home: &Home) -> SshHost {
    SshHost::new(target(server), home.pool())
}

pub fn passphrase(text: &str) -> Option<Secret> {
    Some(Secret::new(text))
}

/// Makes a key pair; `kind` is `rsa`, `ed25519`, `ecdsa` or, with its size, `ecdsa-521`.
pub fn generate(file: &Path, kind: &str, passphrase: &str) {
    let (kind, size) = kind.split_once('-').unwrap_or((kind, if kind == "rsa" { "2048" } else { "256" }));
    run("ssh-keygen", &["-q", "-t", kind, "-b", size, "-N", passphrase, "-C", "test", "-f", &text(file)]);
}

/// Signs a public key: `options` are those of `ssh-keygen -s`.
pub fn certify(authority: &Path, public: &Path, options: &[&str]) {
    let (authority, public) = (text(authority), text(public));
    let arguments = [&["-q", "-s", &authority, "-I", "test"][..], options, &[&public]].concat();
    run("ssh-keygen", &arguments);
}

pub fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

pub fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
