//! What a client gets, against a server with a node's keystore that demands a certificate.

use crate::Desk;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

fn client(desk: &Desk, options: &str) -> String {
    desk.stores(&format!("client --user app --ca ca --ca-password env:CA_PASSWORD --out clients {options}"))
        .done()
}

#[test]
fn a_bundle_has_every_form_and_is_its_owners_alone() {
    let desk = Desk::with_ca();
    client(&desk, "");
    let files = desk.sh("cd clients/app; stat -c '%n %a' *");
    let expected = "app.jks 600\napp.key 600\napp.p12 600\napp.pem 644\nca.pem 644\ncqlshrc 600\npassword 600\n\
                    truststore.jks 600\ntruststore.p12 600\n";
    assert_eq!((files.as_str(), desk.mode("clients/app")), (expected, 0o700));
    for extension in ["p12", "jks"] {
        let list = |store: &str| {
            desk.sh(&format!(
                "keytool -list -keystore clients/app/{store}.{extension} -storepass:file clients/app/password 2>/dev/null"
            ))
        };
        assert!(list("app").contains("PrivateKeyEntry") && list("truststore").contains("trustedCertEntry"));
    }
    desk.sh("openssl verify -purpose sslclient -CAfile ca/ca.pem clients/app/app.pem");
    desk.sh("! openssl verify -purpose sslserver -CAfile ca/ca.pem clients/app/app.pem 2>&1");
}

#[test]
fn cqlshrc_names_files_where_they_will_stand() {
    let desk = Desk::with_ca();
    client(&desk, "--at /etc/app/tls");
    let expected = "; cqlsh --cqlshrc THIS_FILE HOST\n[connection]\nssl = true\n\n[ssl]\nvalidate = true\n\
                    certfile = /etc/app/tls/ca.pem\nusercert = /etc/app/tls/app.pem\nuserkey = /etc/app/tls/app.key\n";
    assert_eq!(desk.read("clients/app/cqlshrc"), expected);
    desk.stores("client --user two --ca ca --ca-password env:CA_PASSWORD --out clients").done();
    let here = desk.path("clients/two/ca.pem").display().to_string();
    assert!(desk.read("clients/two/cqlshrc").contains(&here));
}

#[test]
fn a_client_is_made_once() {
    let desk = Desk::with_ca();
    client(&desk, "");
    let before = desk.everything();
    desk.stores("client --user app --ca ca --ca-password env:CA_PASSWORD --out clients").refused(
        "error: it exists already, and nothing is overwritten\n --> clients/app\n\
         help: name another directory with `--out`, or move the old one away\n\n1 problem in clients/app\n",
    );
    assert!(desk.everything() == before);
}

/// `openssl s_server` with a node's keystore, and its port. Ends when it is dropped.
pub struct Server(Child, pub u16);

impl Server {
    /// `options`: what it asks of clients.
    pub fn start(desk: &Desk, options: &str) -> Server {
        desk.sh(
            "openssl pkcs12 -in stores/n1.p12 -passin file:stores/keystore.password -nodes -out server.pem",
        );
        Server::with(desk, "server.pem", options)
    }

    /// With this certificate, its key, and what comes after it.
    pub fn with(desk: &Desk, certificate: &str, options: &str) -> Server {
        let serve = format!("s_server -accept 127.0.0.1:0 -cert {certificate} -key {certificate}");
        let mut child = Command::new("openssl")
            .args(serve.split(' ').chain(options.split(' ').filter(|word| !word.is_empty())))
            .current_dir(desk.path(""))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.map_while(Result::ok).find(|line| line.starts_with("ACCEPT")).unwrap();
        let port = line.rsplit(':').next().unwrap().parse().unwrap();
        Server(child, port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Python's ssl is what cqlsh and the Python driver use; its context checks chain and address.
const CONNECT: &str = "import socket, ssl, sys
port, ca, chain = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
context = ssl.create_default_context(cafile=ca)
if chain: context.load_cert_chain(*chain)
with socket.create_connection(('127.0.0.1', port), timeout=10) as plain:
    tls = context.wrap_socket(plain, server_hostname='n1')
    tls.settimeout(3)
    try: tls.read(1)
    except (TimeoutError, socket.timeout): pass
print('connected')
";

#[test]
fn a_client_of_the_ca_is_served_and_a_stranger_is_not() {
    let desk = Desk::with_stores("--node n1");
    client(&desk, "");
    desk.sh(
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -out other.pem -subj /CN=other 2>&1",
    );
    desk.write("connect.py", CONNECT);
    let server = Server::start(&desk, "-Verify 2 -verify_return_error -CAfile ca/ca.pem");
    let connect = |arguments: &str| {
        let mut command = Command::new("python3");
        let port = server.1.to_string();
        desk.run(command.arg("connect.py").arg(port).args(arguments.split(' '))).code == 0
    };
    assert!(connect("clients/app/ca.pem clients/app/app.pem clients/app/app.key"));
    assert!(!connect("clients/app/ca.pem"), "without a certificate of its own");
    assert!(!connect("clients/app/ca.pem other.pem other.key"), "with one of another CA");
    assert!(!connect("other.pem clients/app/app.pem clients/app/app.key"), "without the CA");
}
