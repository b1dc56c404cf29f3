//! What a port shows on the wire, against a real `openssl s_server` and listeners that speak recorded bytes.

#[path = "support/this_host.rs"]
mod this_host;

use ringwalk::facts::suites::{Protocol, SPOKEN_HERE};
use ringwalk::node::wire::offer::{self, Offered};
use ringwalk::node::wire::{
    ClientCertificate, ClientIdentity, Plaintext, Served, Tls, TlsVersion, look, shown,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use this_host::ThisHost;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// CQL v4 SUPPORTED with an empty map, and what 4.0 says to a ClientHello on a plaintext port (measured).
const SUPPORTED: &[u8] = &[0x84, 0, 0, 0, 6, 0, 0, 0, 2, 0, 0];
const NOT_TLS: &[u8] = b"\x85\0\0\0\0\0\0\0\x4e\0\0\0\x0a\0\x48Invalid or unsupported protocol version (22); supported versions are (3/v3, 4/v4)";
/// What 4.0 and 4.1 say to plaintext on a port that demands TLS, and what 3.11 and 5.0 do (measured): nothing.
const ALERT: &[u8] = &[0x15, 3, 1, 0, 2, 2, 0x46];

/// A port that answers every connection's first bytes with these, or with `Hang` holds its tongue.
#[derive(Clone, Copy)]
enum Speech {
    Plaintext,
    Says(&'static [u8]),
    Hang,
}

async fn listener(speech: Speech) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut open = Vec::new();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut first = [0; 9];
            stream.read_exact(&mut first).await.unwrap();
            let answer = match speech {
                Speech::Plaintext if first == [4, 0, 0, 0, 5, 0, 0, 0, 0] => SUPPORTED,
                Speech::Plaintext => NOT_TLS,
                Speech::Says(bytes) => bytes,
                Speech::Hang => {
                    open.push(stream);
                    continue;
                }
            };
            stream.write_all(answer).await.unwrap();
        }
    });
    port
}

#[tokio::test]
async fn a_port_that_speaks_plaintext_or_refuses_it_is_told_apart() {
    let refused = |how: &str| Plaintext::Refused(how.into());
    for (speech, plaintext, tls) in [
        (Speech::Plaintext, Plaintext::Accepted, Tls::NotTls),
        (
            Speech::Says(ALERT),
            refused("TLS alert 70"),
            Tls::Refused("received fatal alert: ProtocolVersion".into()),
        ),
        (Speech::Says(b"SSH-2.0-x\r\n"), refused("an answer that starts with byte 83"), Tls::NotTls),
    ] {
        let seen = look(&ThisHost, "127.0.0.1", listener(speech).await, None).await.unwrap();
        assert_eq!((seen.plaintext, seen.tls), (plaintext, tls));
    }
}

#[tokio::test]
async fn a_port_that_closes_without_a_word_refuses() {
    let seen = look(&ThisHost, "127.0.0.1", listener(Speech::Says(b"")).await, None).await.unwrap();
    assert!(matches!(seen.plaintext, Plaintext::Refused(_)), "{seen:?}");
    assert!(matches!(seen.tls, Tls::Refused(_)), "{seen:?}");
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_is_closed() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let seen = look(&ThisHost, "127.0.0.1", port, None).await.unwrap();
    assert_eq!((seen.plaintext, seen.tls), (Plaintext::Closed, Tls::Closed));
}

#[tokio::test(start_paused = true)]
async fn a_port_that_says_nothing_is_silent_after_the_deadline() {
    let port = listener(Speech::Hang).await;
    let seen = look(&ThisHost, "127.0.0.1", port, None).await.unwrap();
    assert_eq!((seen.plaintext, seen.tls), (Plaintext::Silent, Tls::Silent));
}

/// Keys and certificates in a directory: `ca`, `server` and `client` signed by it, and `stranger` signed by itself.
struct Certificates(tempfile::TempDir);

impl Certificates {
    fn new() -> Certificates {
        let certificates = Certificates(tempfile::tempdir().unwrap());
        let new_key = "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        certificates.openssl(&format!("{new_key} -x509 -subj /CN=ca -keyout ca.key -out ca.crt"));
        certificates
            .openssl(&format!("{new_key} -x509 -subj /CN=stranger -keyout stranger.key -out stranger.crt"));
        for name in ["server", "client"] {
            certificates.openssl(&format!("{new_key} -subj /CN={name} -keyout {name}.key -out {name}.csr"));
            certificates.openssl(&format!(
                "x509 -req -in {name}.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out {name}.crt"
            ));
        }
        certificates
    }

    fn openssl(&self, arguments: &str) {
        let mut command = std::process::Command::new("openssl");
        let output = command.args(arguments.split(' ')).current_dir(self.0.path()).output().unwrap();
        assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn certificate(&self, name: &str) -> Vec<u8> {
        CertificateDer::from_pem_file(self.path(name)).unwrap().to_vec()
    }

    fn identity(&self, name: &str) -> ClientIdentity {
        let key = PrivateKeyDer::from_pem_file(self.path(&format!("{name}.key"))).unwrap();
        ClientIdentity {
            chain: vec![self.certificate(&format!("{name}.crt"))],
            key: key.secret_der().to_vec().into(),
        }
    }

    fn server(&self, options: &str) -> Server {
        Server::start(self.0.path(), options)
    }
}

/// `openssl s_server` that answers every nine bytes with SUPPORTED, as Cassandra answers OPTIONS.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start(directory: &Path, options: &str) -> Server {
        let arguments = "s_server -accept 127.0.0.1:0 -cert server.crt -key server.key -cert_chain ca.crt";
        let mut child = std::process::Command::new("openssl")
            .args(arguments.split(' ').chain(options.split_whitespace()))
            .current_dir(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let port = listening_port(&mut stdout);
        // Its own messages are text, so the bytes of an OPTIONS stand out.
        std::thread::spawn(move || {
            let (mut seen, mut byte) = (Vec::new(), [0]);
            while stdout.read(&mut byte).is_ok_and(|length| length == 1) {
                seen.push(byte[0]);
                if seen.ends_with(&[4, 0, 0, 0, 5, 0, 0, 0, 0]) {
                    stdin.write_all(SUPPORTED).unwrap();
                }
            }
        });
        Server { child, port }
    }

    async fn look(&self, identity: Option<&ClientIdentity>) -> (Plaintext, Tls) {
        let seen = look(&ThisHost, "127.0.0.1", self.port, identity).await.unwrap();
        (seen.plaintext, seen.tls)
    }

    async fn served(&self, identity: Option<&ClientIdentity>) -> Served {
        match self.look(identity).await.1 {
            Tls::Served(served) => served,
            other => panic!("{other:?}"),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `ACCEPT 127.0.0.1:40123` is the first thing that it prints.
fn listening_port(stdout: &mut impl Read) -> u16 {
    let (mut line, mut byte) = (String::new(), [0]);
    while stdout.read(&mut byte).is_ok_and(|length| length == 1) {
        line.push(byte[0] as char);
        if line.starts_with("ACCEPT ") && line.ends_with('\n') {
            return line.trim().rsplit(':').next().unwrap().parse().unwrap();
        }
        if line.ends_with('\n') {
            line.clear();
        }
    }
    panic!("s_server did not say where it listens: {line}")
}

#[tokio::test]
async fn a_tls_port_shows_its_version_its_chain_and_that_cql_answers() {
    let certificates = Certificates::new();
    let chain = vec![certificates.certificate("server.crt"), certificates.certificate("ca.crt")];
    let leaf: String = Sha256::digest(&chain[0]).iter().map(|byte| format!("{byte:02x}")).collect();
    for (options, version, suite) in [
        ("-tls1_3", TlsVersion::Tls13, "TLS13_AES_256_GCM_SHA384"),
        ("-tls1_2", TlsVersion::Tls12, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
    ] {
        let (plaintext, tls) = certificates.server(options).look(None).await;
        assert!(matches!(plaintext, Plaintext::Refused(_)), "{plaintext:?}");
        let expected = Served {
            version,
            suite: Some(suite.into()),
            chain: chain.clone(),
            leaf_sha256: leaf.clone(),
            options_answered: true,
            client_certificate: ClientCertificate::NotAsked,
        };
        assert_eq!(tls, Tls::Served(expected));
    }
}

#[tokio::test]
async fn a_port_that_demands_a_certificate_says_so_and_shows_its_own_all_the_same() {
    let certificates = Certificates::new();
    let (client, stranger) = (certificates.identity("client"), certificates.identity("stranger"));
    for version in ["-tls1_2", "-tls1_3"] {
        let server = certificates.server(&format!("{version} -Verify 1 -CAfile ca.crt -verify_return_error"));
        let without = server.served(None).await;
        assert!(!without.options_answered);
        assert!(matches!(without.client_certificate, ClientCertificate::Demanded(_)), "{without:?}");
        assert_eq!(without.chain[0], certificates.certificate("server.crt"));
        let with = server.served(Some(&client)).await;
        assert_eq!((with.options_answered, with.client_certificate), (true, ClientCertificate::Accepted));
        let refused = server.served(Some(&stranger)).await;
        assert!(!refused.options_answered);
        assert!(matches!(refused.client_certificate, ClientCertificate::Rejected(_)), "{refused:?}");
    }
}

#[tokio::test]
async fn a_port_that_only_asks_for_a_certificate_serves_without_one() {
    let certificates = Certificates::new();
    for version in ["-tls1_2", "-tls1_3"] {
        let server = certificates.server(&format!("{version} -verify 1 -CAfile ca.crt"));
        let served = server.served(None).await;
        assert_eq!((served.options_answered, served.client_certificate), (true, ClientCertificate::Optional));
    }
}

#[tokio::test]
async fn a_key_that_is_not_the_certificate_s_own_is_refused_before_it_is_used() {
    let certificates = Certificates::new();
    let mixed = ClientIdentity { key: certificates.identity("ca").key, ..certificates.identity("stranger") };
    let error = look(&ThisHost, "127.0.0.1", 9, Some(&mixed)).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot use the client certificate");
}

#[tokio::test]
async fn a_port_without_a_usable_key_refuses_every_handshake() {
    let certificates = Certificates::new();
    let tls = certificates.server("-tls1_2 -cipher AES128-SHA").look(None).await.1;
    assert_eq!(tls, Tls::Refused("received fatal alert: HandshakeFailure".into()));
}

/// webpki checks no signature of such a key; what the port serves is told all the same.
#[tokio::test]
async fn a_short_rsa_key_is_shown_and_cql_answers() {
    let certificates = Certificates::new();
    certificates.openssl("req -newkey rsa:1024 -nodes -subj /CN=short -keyout server.key -out server.csr");
    certificates.openssl("x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt");
    for version in ["-tls1_2", "-tls1_3"] {
        let served =
            certificates.server(&format!("{version} -cipher DEFAULT:@SECLEVEL=0")).served(None).await;
        assert_eq!(served.chain[0], certificates.certificate("server.crt"));
        assert!(served.options_answered);
    }
}

/// … of which a plan says whether a setting leaves any.
#[test]
fn the_suites_that_we_speak_are_those_of_the_library() {
    let suites = rustls::crypto::aws_lc_rs::default_provider().cipher_suites;
    let names = suites.iter().map(|suite| format!("{:?}", suite.suite()).replace("TLS13_", "TLS_"));
    assert_eq!(names.collect::<Vec<_>>(), SPOKEN_HERE);
}

#[tokio::test]
async fn versions_and_suites_that_a_port_takes_are_told() {
    let certificates = Certificates::new();
    let old = "-cipher ALL:COMPLEMENTOFALL:@SECLEVEL=0";
    for (options, versions, weak) in [
        ("", &[Protocol::Tls12, Protocol::Tls13][..], &["TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"][..]),
        ("-tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256", &[Protocol::Tls12], &[]),
        ("-tls1_3", &[Protocol::Tls13], &[]),
        (
            &format!("-tls1_2 {old}"),
            &[Protocol::Tls12],
            &["TLS_ECDHE_ECDSA_WITH_NULL_SHA", "TLS_ECDH_anon_WITH_AES_128_CBC_SHA"],
        ),
        (&format!("-tls1_1 {old}"), &[Protocol::Tls11], &[]),
        (&format!("-tls1 {old}"), &[Protocol::Tls10], &[]),
    ] {
        let server = certificates.server(options);
        let offered = offer::look(&ThisHost, "127.0.0.1", server.port).await.unwrap();
        assert_eq!(offered.versions.iter().copied().collect::<Vec<_>>(), versions, "{options}");
        let names: Vec<&str> = offered.weak().iter().map(|suite| suite.name).collect();
        assert!(weak.iter().all(|name| names.contains(name)), "{options}: {names:?}");
        if options.ends_with("ECDHE-ECDSA-AES128-GCM-SHA256") {
            let taken: Vec<&str> = offered.suites.iter().map(|suite| suite.name).collect();
            assert_eq!(taken, ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"]);
        }
        assert!(
            !weak.is_empty() || names.is_empty() || versions[0] < Protocol::Tls12,
            "{options}: {names:?}"
        );
    }
    assert_eq!(
        offer::look(&ThisHost, "127.0.0.1", listener(Speech::Plaintext).await).await.unwrap(),
        Offered::default()
    );
    let server = certificates.server("-Verify 1");
    let shown = shown(&ThisHost, "127.0.0.1", server.port).await.unwrap();
    assert_eq!(shown[0], certificates.certificate("server.crt"));
}
