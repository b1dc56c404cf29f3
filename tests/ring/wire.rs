//! The client port of a node as openssl and a plaintext client see it: witnesses that are not ringwalk.

use super::desk::Desk;
use super::rig::{nodes, ring};

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
        assert!(!takes_plaintext(&address), "{name} takes plaintext");
    }
}

fn fingerprint(certificate: &str) -> String {
    let text = shell(&format!("{certificate} -noout -fingerprint -sha256"));
    assert!(text.contains('='), "no certificate: {certificate}");
    text
}

/// Whether CQL's OPTIONS in plaintext is answered; a frame of a server begins with 0x84 here.
pub fn takes_plaintext(address: &str) -> bool {
    let ask = format!(
        "exec 3<>/dev/tcp/{address}/9042; printf '\\4\\0\\0\\0\\5\\0\\0\\0\\0' >&3; timeout 3 head -c1 <&3 | od -An -tx1"
    );
    shell(&ask).trim() == "84"
}

fn shell(line: &str) -> String {
    let output = ring().args(["run", "bash", "-c", line]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}
