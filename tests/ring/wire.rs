//! The client port of a node as openssl and a plaintext client see it: witnesses that are not ringwalk.

use super::desk::Desk;
use super::rig::{nodes, ring};
use std::io::{Read, Write};
use std::process::Stdio;

/// Every node serves exactly the leaf that is on the desk, for its address, and refuses plaintext.
pub fn is_tls_only_with_the_leaves_of(desk: &Desk) {
    for (name, address) in nodes() {
        let authority = desk.directory.join("stores/ca.pem").display().to_string();
        let show = format!(
            "openssl s_client -connect {address}:9042 -CAfile {authority} -verify_ip {address} </dev/null 2>/dev/null"
        );
        let served = shell(&show);
        assert!(served.contains("Verify return code: 0 (ok)"), "{name}: {served}");
        let leaf = desk.directory.join(format!("stores/{name}.pem")).display().to_string();
        assert_eq!(
            fingerprint(&format!("{show} | openssl x509")),
            fingerprint(&format!("openssl x509 -in {leaf}")),
            "{name}"
        );
        assert!(!takes_plaintext(&address, 9042), "{name} takes plaintext");
    }
}

fn fingerprint(certificate: &str) -> String {
    let text = shell(&format!("{certificate} -noout -fingerprint -sha256"));
    assert!(text.contains('='), "no certificate: {certificate}");
    text
}

/// Whether CQL's OPTIONS in plaintext is answered; a frame of a server begins with 0x84 here.
pub fn takes_plaintext(address: &str, port: u16) -> bool {
    let ask = format!(
        "exec 3<>/dev/tcp/{address}/{port}; printf '\\4\\0\\0\\0\\5\\0\\0\\0\\0' >&3; timeout 3 head -c1 <&3 | od -An -tx1"
    );
    shell(&ask).trim() == "84"
}

/// Whether a TLS handshake gets as far as the port's certificate.
pub fn serves_tls(address: &str, port: u16) -> bool {
    let show = format!("timeout 10 openssl s_client -connect {address}:{port} </dev/null 2>/dev/null");
    shell(&show).contains("BEGIN CERTIFICATE")
}

/// Whether TLS with these options of openssl, `--cert` and `--key`, gets an answer to OPTIONS: under TLS 1.3 a handshake
/// ends well for the client before the server judges its certificate.
pub fn answers_options(desk: &Desk, address: &str, certificate: &[&str]) -> bool {
    let authority = desk.directory.join("stores/ca.pem").display().to_string();
    let own = certificate.join(" ").replace("--", "-");
    let ask = format!(
        "(printf '\\4\\0\\0\\0\\5\\0\\0\\0\\0'; sleep 3) | timeout 10 openssl s_client -quiet -connect {address}:9042 \
         -CAfile {authority} {own} 2>/dev/null | grep -ac CQL_VERSION"
    );
    shell(&ask).trim() == "1"
}

fn shell(line: &str) -> String {
    let output = ring().args(["run", "bash", "-c", line]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A TLS connection that stays open while something happens to the node.
pub struct OpenConnection {
    child: std::process::Child,
}

impl OpenConnection {
    pub fn to(address: &str) -> OpenConnection {
        let line = format!("exec timeout 300 openssl s_client -quiet -connect {address}:9042 2>&1");
        let mut command = ring();
        command.args(["run", "bash", "-c", &line]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // `-quiet` tells of the chain that it verifies, on stderr, once the handshake is over.
        let mut told = [0; 1];
        child.stdout.as_mut().unwrap().read_exact(&mut told).unwrap();
        OpenConnection { child }
    }

    /// Whether OPTIONS is answered by SUPPORTED.
    pub fn answers(mut self) -> bool {
        self.child.stdin.take().unwrap().write_all(b"\x04\0\0\0\x05\0\0\0\0").unwrap();
        let mut seen = Vec::new();
        let mut byte = [0; 1];
        let out = self.child.stdout.as_mut().unwrap();
        while out.read_exact(&mut byte).is_ok() {
            seen.push(byte[0]);
            if seen.ends_with(b"PROTOCOL_VERSIONS") || seen.ends_with(b"CQL_VERSION") {
                return true;
            }
        }
        false
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
