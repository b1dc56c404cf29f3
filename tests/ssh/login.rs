//! Which keys open a host.

use super::*;
use std::process::Child;

/// An ssh-agent that ends with the value.
struct Agent {
    child: Child,
    socket: std::path::PathBuf,
}

impl Agent {
    fn with(home: &Home, keys: &[&Path]) -> Agent {
        let socket = home.ssh("agent");
        let mut program = std::process::Command::new("ssh-agent");
        let child = program.args(["-D", "-a"]).arg(&socket).stdout(Stdio::null()).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        while !socket.exists() {
            assert!(Instant::now() < deadline, "ssh-agent did not come up");
            std::thread::sleep(Duration::from_millis(5));
        }
        for key in keys {
            let mut add = std::process::Command::new("ssh-add");
            assert!(add.arg("-q").arg(key).env("SSH_AUTH_SOCK", &socket).status().unwrap().success());
        }
        Agent { child, socket }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        fs::remove_file(&self.socket).ok();
    }
}

#[tokio::test]
async fn every_type_of_key_logs_in() {
    let server = Sshd::start();
    let home = Home::new();
    home.know(&server);
    for kind in ["ed25519", "rsa", "ecdsa", "ecdsa-384", "ecdsa-521"] {
        let key = home.ssh(&format!("key_{kind}"));
        generate(&key, kind, "");
        server.authorize(&key.with_extension("pub"));
        let host = SshHost::new(Target { identities: vec![key], ..target(&server) }, home.pool());
        assert_eq!(says(&host, "echo in").await, "in", "{kind}");
    }
    let key = home.ssh("key_pem");
    run("ssh-keygen", &["-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "", "-f", &text(&key)]);
    server.authorize(&key.with_extension("pub"));
    let host = SshHost::new(Target { identities: vec![key], ..target(&server) }, home.pool());
    assert_eq!(says(&host, "echo in").await, "in", "PEM");

    // Encrypted, and without the .pub file that would say which key it is.
    let key = home.ssh("key_encrypted_pem");
    run(
        "ssh-keygen",
        &["-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "open sesame", "-f", &text(&key)],
    );
    server.authorize(&key.with_extension("pub"));
    fs::remove_file(key.with_extension("pub")).unwrap();
    let encrypted =
        Target { identities: vec![key], passphrase: passphrase("open sesame"), ..target(&server) };
    assert_eq!(says(&SshHost::new(encrypted, home.pool()), "echo in").await, "in", "encrypted PEM");
}

#[tokio::test]
async fn a_passphrase_is_asked_for_once_and_only_if_the_host_takes_the_key() {
    let server = Sshd::start();
    let home = Home::welcome_at(&[&server]);
    let (encrypted, foreign) = (home.ssh("encrypted"), home.ssh("foreign"));
    generate(&encrypted, "ed25519", "open sesame");
    generate(&foreign, "ed25519", "other");
    server.authorize(&encrypted.with_extension("pub"));
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let ask = move |path: &str| {
        assert!(path.ends_with("/encrypted"), "{path}");
        // The first answer is mistyped.
        let wrong = count.fetch_add(1, Ordering::SeqCst) == 0;
        passphrase(if wrong { "open" } else { "open sesame" })
    };
    let pool = Pool::new(PoolOptions { ask_passphrase: Some(Arc::new(ask)), ..home.options() });
    let identities = vec![foreign, encrypted.clone()];
    let hosts: Vec<SshHost> = (0..4)
        .map(|_| SshHost::new(Target { identities: identities.clone(), ..target(&server) }, pool.clone()))
        .collect();
    let all = futures_util::future::join_all(hosts.iter().map(|host| says(host, "echo in"))).await;
    assert_eq!(all, ["in"; 4]);
    assert_eq!(asked.load(Ordering::SeqCst), 2);

    let given = |text| Target {
        identities: vec![encrypted.clone()],
        passphrase: passphrase(text),
        ..target(&server)
    };
    let host = SshHost::new(given("open sesame"), home.pool());
    assert_eq!(says(&host, "echo in").await, "in");
    let host = SshHost::new(given("hunter2"), home.pool());
    let error = chain(&host.run(&shell("true")).await.unwrap_err());
    assert!(error.contains("encrypted: the passphrase is wrong"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn the_agent_signs_for_its_keys_unless_identities_only_excludes_them() {
    let server = Sshd::start();
    let home = Home::new();
    home.know(&server);
    let directory = tempfile::tempdir().unwrap();
    for kind in ["ed25519", "rsa"] {
        let key = directory.path().join(kind);
        generate(&key, kind, "");
        fs::write(server.path("authorized_keys"), "").unwrap();
        server.authorize(&key.with_extension("pub"));
        let agent = Agent::with(&home, &[&key]);
        let pool = || Pool::new(PoolOptions { agent: Some(agent.socket.clone()), ..home.options() });
        fs::write(home.ssh("config"), "").unwrap();
        assert_eq!(says(&SshHost::new(target(&server), pool()), "echo in").await, "in", "{kind}");

        fs::write(home.ssh("config"), "IdentitiesOnly yes\n").unwrap();
        let error = SshHost::new(target(&server), pool()).run(&shell("true")).await.unwrap_err();
        assert!(matches!(error, HostError::AuthenticationRefused { .. }), "{error:?}");

        // Only the public key is on this machine: it picks the agent's private one.
        let public = format!("IdentitiesOnly yes\nIdentityFile {}.pub\n", key.display());
        fs::write(home.ssh("config"), public).unwrap();
        assert_eq!(says(&SshHost::new(target(&server), pool()), "echo in").await, "in", "{kind}");
    }
}

#[tokio::test]
async fn a_user_certificate_logs_in_from_beside_its_key_from_ssh_config_and_from_the_agent() {
    let authority = tempfile::tempdir().unwrap();
    let ca = authority.path().join("ca");
    generate(&ca, "ed25519", "");
    let server = Sshd::with(&format!("TrustedUserCAKeys {}.pub", ca.display()));
    let user = run("id", &["-un"]).trim().to_owned();
    for kind in ["ed25519", "rsa", "ecdsa"] {
        let home = Home::new();
        home.know(&server);
        let key = home.ssh("key");
        generate(&key, kind, "");
        let bare = SshHost::new(Target { identities: vec![key.clone()], ..target(&server) }, home.pool());
        bare.run(&shell("true")).await.unwrap_err();

        certify(&ca, &key.with_extension("pub"), &["-n", &user]);
        let beside = SshHost::new(Target { identities: vec![key.clone()], ..target(&server) }, home.pool());
        assert_eq!(says(&beside, "echo in").await, "in", "{kind} beside its key");

        let agent = Agent::with(&home, &[&key]);
        fs::rename(home.ssh("key"), home.ssh("moved")).unwrap();
        let pool = Pool::new(PoolOptions { agent: Some(agent.socket.clone()), ..home.options() });
        assert_eq!(says(&SshHost::new(target(&server), pool), "echo in").await, "in", "{kind} in the agent");

        fs::write(home.ssh("config"), "IdentityFile ~/.ssh/moved\nCertificateFile ~/.ssh/key-cert.pub\n")
            .unwrap();
        let named = SshHost::new(target(&server), home.pool());
        assert_eq!(says(&named, "echo in").await, "in", "{kind} in ssh_config");

        let bare = Agent::with(&home, &[&home.ssh("moved")]);
        fs::write(home.ssh("config"), "CertificateFile ~/.ssh/key-cert.pub\n").unwrap();
        let pool = Pool::new(PoolOptions { agent: Some(bare.socket.clone()), ..home.options() });
        let apart = SshHost::new(target(&server), pool);
        assert_eq!(says(&apart, "echo in").await, "in", "{kind} in ssh_config, its key in the agent");
    }
}

#[tokio::test]
async fn a_refused_login_lists_the_keys_that_were_tried_and_stops_before_the_server_does() {
    let server = Sshd::start();
    let home = Home::new();
    home.know(&server);
    let mut config = String::new();
    for number in 0..8 {
        generate(&home.ssh(&format!("key{number}")), "ed25519", "");
        config.push_str(&format!("IdentityFile ~/.ssh/key{number}\n"));
    }
    fs::write(home.ssh("config"), config).unwrap();
    let error = host(&server, &home).run(&shell("true")).await.unwrap_err();
    let HostError::AuthenticationRefused { tried, .. } = &error else { panic!("{error:?}") };
    let tried: Vec<&str> = tried.split(", ").map(|path| path.rsplit('/').next().unwrap()).collect();
    let (more, tried) = tried.split_last().unwrap();
    assert_eq!(tried, ["key0", "key1", "key2", "key3", "key4"]);
    assert!(more.starts_with("3 more were not offered"), "{more}");

    let none = Home::new();
    none.know(&server);
    let error = host(&server, &none).run(&shell("true")).await.unwrap_err();
    assert!(error.to_string().contains("there is no key in ~/.ssh"), "{error}");

    let missing = Target { identities: vec![home.ssh("nowhere")], ..target(&server) };
    let error = SshHost::new(missing, home.pool()).run(&shell("true")).await.unwrap_err();
    assert!(matches!(error, HostError::Key { .. }), "{error:?}");
}
