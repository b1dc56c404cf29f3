//! `ringwalk stores` as an operator runs it, and what keytool and openssl say of what it made.

mod clients;
mod company;
mod development;
mod inspect;
mod issue;
mod refusals;
mod ring;
mod trust;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

const CA_PASSWORD: &str = "correct horse";

const INVENTORY: &str = "cluster: orders\nnodes:\n  - { name: \"n[1..3]\", address: \"10.1.0.[11..13]\" }\n";

/// An operator's directory.
pub struct Desk(tempfile::TempDir);

/// What a command printed and how it ended.
pub struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Desk {
    /// With nothing but an inventory of three nodes that nobody can reach.
    pub fn empty() -> Desk {
        let desk = Desk(tempfile::tempdir().unwrap());
        desk.write("inventory.yaml", INVENTORY);
        desk
    }

    /// … and with a CA whose key is not encrypted: opening one takes a second of hashing, and most tests are of other things.
    pub fn with_ca() -> Desk {
        static MADE: OnceLock<(String, String)> = OnceLock::new();
        let (certificate, key) = MADE.get_or_init(|| {
            let desk = Desk::with_sealed_ca();
            let key = desk.sh("openssl pkey -in ca/ca.key -passin 'pass:correct horse'");
            (desk.read("ca/ca.pem"), key)
        });
        let desk = Desk::empty();
        std::fs::create_dir(desk.path("ca")).unwrap();
        desk.write("ca/ca.pem", certificate);
        desk.write("ca/ca.key", key);
        desk
    }

    /// … and with a CA as it is made.
    pub fn with_sealed_ca() -> Desk {
        let desk = Desk::empty();
        desk.stores("new-ca --name OrdersCA --password env:CA_PASSWORD --out ca").done();
        desk
    }

    /// … and with stores that it signed.
    pub fn with_stores(options: &str) -> Desk {
        let desk = Desk::with_ca();
        desk.issue(options).done();
        desk
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn mode(&self, name: &str) -> u32 {
        self.path(name).metadata().unwrap().permissions().mode() & 0o7777
    }

    /// `ringwalk stores …`, words parted by blanks.
    pub fn stores(&self, words: &str) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringwalk"));
        command.arg("stores").args(words.split(' ').filter(|word| !word.is_empty()));
        command.env("CA_PASSWORD", CA_PASSWORD).env_remove("RINGWALK_INVENTORY");
        self.run(&mut command)
    }

    /// `ringwalk stores issue` with the CA, of an inventory whose nodes are not asked.
    pub fn issue(&self, options: &str) -> Said {
        self.stores(&format!(
            "issue -i inventory.yaml --offline --ca ca --ca-password env:CA_PASSWORD --out stores {options}"
        ))
    }

    pub fn run(&self, command: &mut Command) -> Said {
        let output = command.current_dir(self.0.path()).stdin(Stdio::null()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// A line of shell in the directory; it must succeed.
    pub fn sh(&self, line: &str) -> String {
        let said = self.run(Command::new("sh").args(["-ec", line]));
        assert_eq!(said.code, 0, "{line}\n{}{}", said.out, said.err);
        said.out
    }

    /// Every file below the directory with its bytes: what must not change.
    pub fn everything(&self) -> Vec<(PathBuf, Vec<u8>)> {
        fn add(directory: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
            for entry in std::fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => add(&path, files),
                    false => files.push((path.clone(), std::fs::read(path).unwrap())),
                }
            }
        }
        let mut files = Vec::new();
        add(self.0.path(), &mut files);
        files.sort();
        files
    }

    /// The leaf in a PKCS12 keystore, as openssl takes it out, in `NAME.crt`.
    pub fn leaf(&self, keystore: &str, password: &str, name: &str) {
        self.sh(&format!(
            "openssl pkcs12 -in {keystore} -passin file:{password} -nokeys -clcerts -out {name}.crt"
        ));
    }
}

impl Said {
    #[track_caller]
    pub fn done(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        assert_eq!(self.err, "");
        self.out
    }

    /// Refused before anything was made, with exactly this on standard error.
    #[track_caller]
    pub fn refused(self, expected: &str) {
        assert_eq!((self.err.as_str(), self.code), (expected, 2), "\n{}", self.err);
        assert_eq!(self.out, "");
    }
}
