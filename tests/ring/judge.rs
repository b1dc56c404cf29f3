//! Stores that would break a node are refused before anything on any node is touched.

use super::desk::{Desk, store_type};
use super::rig::{nodes, on, yaml_path};
use std::fs;
use std::process::Command;

pub fn scene() {
    let desk = Desk::of_this_ring();
    let good = desk.directory.join("stores-good");
    let stores = desk.directory.join("stores");
    let _ = fs::remove_dir_all(&good);
    copy(&stores, &good);
    let before = everything();
    let ext = store_type().1;
    let remade = |extensions: &str, more: &str| {
        format!(
            "printf '{extensions}' >ext; openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out n2.key; \
             openssl req -new -key n2.key -subj /CN=n2 -out n2.csr; \
             openssl x509 -req -in n2.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out n2.pem -extfile ext {more}; \
             openssl pkcs12 -export -name n2 -inkey n2.key -in n2.pem -certfile ca.pem -out n2.{ext} -passout file:password"
        )
    };
    let san = "subjectAltName=DNS:n2,IP:10.77.0.12\\n";
    let no_key = format!("openssl pkcs12 -export -nokeys -in n2.pem -out n2.{ext} -passout file:password");
    let other_password =
        format!("openssl pkcs12 -export -in n2.pem -nokeys -out n2.{ext} -passout pass:another");
    let own_password = format!(
        "keytool -importkeystore -noprompt -srckeystore n2.{ext} -srcstorepass:file password -srcalias n2 -srckeypass:file password \
         -destkeystore n2.jks -deststoretype JKS -deststorepass:file password -destkeypass another; mv n2.jks n2.{ext}"
    );
    let cases = [
        ("opens", other_password),
        ("key_password", own_password),
        ("one_key", no_key),
        ("validity", remade(san, "-days -1")),
        ("server_use", remade(&format!("{san}extendedKeyUsage=clientAuth\\n"), "-days 90")),
        ("own_store", format!("mv n1.{ext} x; mv n2.{ext} n1.{ext}; mv x n2.{ext}")),
    ];
    for (rule, spoil) in cases {
        println!("-- {rule}");
        let _ = fs::remove_dir_all(&stores);
        copy(&good, &stores);
        let done = Command::new("bash").args(["-ec", &spoil]).current_dir(&stores).output().unwrap();
        assert!(done.status.success(), "{spoil}\n{}", String::from_utf8_lossy(&done.stderr));
        desk.ringwalk(&["apply", "--yes"]).exits(2).says(&format!("({rule})")).says("help:");
        assert_eq!(everything(), before, "{rule}: a node was touched");
    }
    let _ = fs::remove_dir_all(&stores);
    copy(&good, &stores);
    desk.ringwalk(&["check"]).exits(0).says_not("keystore of").says_not("truststore of");
}

/// Files by hash, and when each Cassandra began: what a touched node would not have as before.
fn everything() -> Vec<String> {
    let ask = |node: String| {
        let line = format!(
            "sha256sum {} /etc/cassandra-tls/* 2>/dev/null; ls -l /etc/cassandra-tls /var/lib/ringwalk 2>/dev/null; \
             for pid in $(pgrep -f '[C]assandraDaemon'); do cut -d' ' -f22 /proc/$pid/stat; done",
            yaml_path()
        );
        format!("{node}\n{}", on(&node, &line))
    };
    nodes().into_iter().map(|(name, _)| ask(name)).collect()
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
