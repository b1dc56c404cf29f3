//! Hosts over SSH, against a real OpenSSH server.

#[path = "support/sshd.rs"]
mod sshd;

use ringwalk::transport::ssh::{Pool, PoolOptions, SshHost, Target};
use ringwalk::transport::{Command, Host, HostError};
use sshd::{Home, LOCALHOST, Sshd, certify, generate, host, passphrase, run, target, text};
use std::collections::HashSet;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The error and all its causes, as a person reads them.
fn chain(error: &HostError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

fn shell(text: &str) -> Command {
    Command::new(["sh", "-c", text]).deadline(Duration::from_secs(30))
}

async fn says(host: &SshHost, text: &str) -> String {
    let output = host.run(&shell(text)).await.unwrap();
    assert_eq!(output.code, 0, "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The pid of the server's process for a host's session.
async fn session_pid(host: &SshHost) -> String {
    // sshd starts the login shell, which starts timeout, which starts sh.
    says(
        host,
        "p=$PPID; while :; do read -r _ name _ < /proc/$p/stat; case $name in '(sshd'*) break;; esac; \
        p=$(cut -d' ' -f4 /proc/$p/stat); done; echo $p",
    )
    .await
}

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
    assert_eq!(tried, ["key0", "key1", "key2", "key3", "key4"]);

    let none = Home::new();
    none.know(&server);
    let error = host(&server, &none).run(&shell("true")).await.unwrap_err();
    assert!(error.to_string().contains("there is no key in ~/.ssh"), "{error}");

    let missing = Target { identities: vec![home.ssh("nowhere")], ..target(&server) };
    let error = SshHost::new(missing, home.pool()).run(&shell("true")).await.unwrap_err();
    assert!(matches!(error, HostError::Key { .. }), "{error:?}");
}

#[tokio::test]
async fn nodes_behind_a_jump_host_share_one_connection_to_it_and_each_hop_is_checked() {
    let (jump, node) = (Sshd::start(), Sshd::start());
    let home = Home::welcome_at(&[&jump, &node]);
    let through = |pool: Arc<Pool>| {
        let way = format!("{LOCALHOST}:{}", jump.port);
        // Another name for the same machine: a host is not its own jump host.
        let target = Target { address: "localhost".to_owned(), jump: Some(way), ..target(&node) };
        SshHost::new(target, pool)
    };
    let known = fs::read_to_string(home.ssh("known_hosts")).unwrap();
    fs::write(home.ssh("known_hosts"), known + &node.known_line("ed25519").replace(LOCALHOST, "localhost"))
        .unwrap();
    let pool = home.pool();
    let hosts: Vec<SshHost> = (0..5).map(|_| through(pool.clone())).collect();
    let all = futures_util::future::join_all(hosts.iter().map(|host| says(host, "echo in"))).await;
    assert_eq!(all, ["in"; 5]);
    assert_eq!((jump.logins(), node.logins()), (1, 5));

    // The same way from ssh_config, in two hops, the first one as an alias.
    fs::write(
        home.ssh("config"),
        format!(
            "Host node\n HostName localhost\n ProxyJump first,{LOCALHOST}:{}\nHost first\n HostName {LOCALHOST}\n Port {}\n",
            node.port, jump.port
        ),
    )
    .unwrap();
    let aliased = Target { address: "node".to_owned(), ..target(&node) };
    assert_eq!(says(&SshHost::new(aliased, home.pool()), "echo in").await, "in");
    assert_eq!((jump.logins(), node.logins()), (2, 7));
    fs::remove_file(home.ssh("config")).unwrap();

    // A jump host that is not known stops all of them, by name, after one attempt.
    fs::write(home.ssh("known_hosts"), node.known_line("ed25519").replace(LOCALHOST, "localhost")).unwrap();
    let pool = home.pool();
    let hosts: Vec<SshHost> = (0..5).map(|_| through(pool.clone())).collect();
    let command = shell("true");
    let attempts = futures_util::future::join_all(hosts.iter().map(|host| host.run(&command))).await;
    for attempt in attempts {
        let error = attempt.unwrap_err().to_string();
        assert!(error.contains(&format!("[{LOCALHOST}]:{} is not known", jump.port)), "{error}");
    }
}

#[tokio::test]
async fn jump_hosts_that_lead_through_each_other_are_refused() {
    let server = Sshd::start();
    let home = Home::welcome_at(&[&server]);
    fs::write(home.ssh("config"), "Host a\n ProxyJump b\nHost b\n ProxyJump a\n").unwrap();
    let looped = Target { address: "a".to_owned(), ..target(&server) };
    let error = SshHost::new(looped, home.pool()).run(&shell("true")).await.unwrap_err();
    assert!(error.to_string().contains("hops"), "{error}");
}

#[tokio::test]
async fn a_host_is_let_in_by_its_key_on_record_and_by_nothing_else() {
    let server = Sshd::start();
    let other = Sshd::start();
    let home = Home::welcome_at(&[&server]);
    let place = format!("[{LOCALHOST}]:{}", server.port);
    let foreign =
        |kind: &str| other.known_line(kind).replace(&other.port.to_string(), &server.port.to_string());
    let revoked = server.known_line("ed25519").replace(&place, "@revoked *");
    let plain = |kind: &str| server.known_line(kind);
    let cases: [(&str, Option<&str>); 9] = [
        (&plain("ed25519"), None),
        (&plain("rsa"), None),
        (&plain("ecdsa"), None),
        (&format!("garbage\n  {}", plain("ed25519").replace(' ', "\t")), None),
        ("", Some("is not known")),
        (&foreign("ed25519"), Some("has changed")),
        // The server's RSA key is asked for, since the record is of that type.
        (&foreign("rsa"), Some("has changed")),
        (&format!("{revoked}\n{}", plain("ed25519")), Some("is revoked")),
        (
            &format!("@cert-authority * {}", plain("rsa").split_once(' ').unwrap().1),
            Some("only a certificate authority"),
        ),
    ];
    for (known, expected) in cases {
        fs::write(home.ssh("known_hosts"), known).unwrap();
        let result = host(&server, &home).run(&shell("true")).await;
        match (result, expected) {
            (Ok(_), None) => {}
            (Err(HostError::HostKey { problem, help }), Some(expected)) => {
                assert!(problem.contains(expected), "{problem}");
                assert!(problem.contains("SHA256:"), "{problem}");
                assert!(!help.is_empty());
            }
            (result, _) => panic!("{known}: {result:?}"),
        }
    }
}

#[tokio::test]
async fn a_changed_key_is_shown_with_its_fingerprint_the_recorded_place_and_the_way_out() {
    let server = Sshd::with("HostKeyAlgorithms ssh-ed25519");
    let other = Sshd::start();
    let home = Home::welcome_at(&[&server]);
    // Only another type is on record, and the server has no key of that type to show.
    let recorded = other.known_line("rsa").replace(&other.port.to_string(), &server.port.to_string());
    fs::write(home.ssh("known_hosts"), format!("# comment\n\n{recorded}\n")).unwrap();
    let error = host(&server, &home).run(&shell("true")).await.unwrap_err();
    let HostError::HostKey { problem, help } = error else { panic!("{error:?}") };
    let fingerprint = run("ssh-keygen", &["-lf", &text(&server.path("host_ed25519.pub"))]);
    let fingerprint = fingerprint.split(' ').nth(1).unwrap();
    let place = format!("{}:3", home.ssh("known_hosts").display());
    for part in [fingerprint, &place, "another type (ssh-rsa)"] {
        assert!(problem.contains(part), "{part} in {problem}");
    }
    assert!(help.contains(&format!("ssh-keygen -R '[{LOCALHOST}]:{}'", server.port)), "{help}");
}

#[tokio::test]
async fn a_new_host_is_recorded_only_where_the_inventory_accepts_new_hosts() {
    let server = Sshd::start();
    let home = Home::welcome_at(&[&server]);
    fs::write(home.ssh("known_hosts"), "# no line feed at the end").unwrap();
    fs::write(home.ssh("config"), "StrictHostKeyChecking no\n").unwrap();
    host(&server, &home).run(&shell("true")).await.unwrap_err();
    let pool = home.pool();
    let accepting = || SshHost::new(Target { accept_new: true, ..target(&server) }, pool.clone());
    assert_eq!(says(&accepting(), "echo in").await, "in");
    assert_eq!(says(&accepting(), "echo in").await, "in");
    let known = fs::read_to_string(home.ssh("known_hosts")).unwrap();
    assert_eq!(known.lines().count(), 2, "{known}");
    host(&server, &home).run(&shell("true")).await.unwrap();
    // What ssh itself reads out of it.
    run(
        "ssh-keygen",
        &["-F", &format!("[{LOCALHOST}]:{}", server.port), "-f", &text(&home.ssh("known_hosts"))],
    );
}

#[tokio::test]
async fn a_host_certificate_counts_if_an_authority_on_record_signed_it_for_this_host_and_time() {
    let authority = tempfile::tempdir().unwrap();
    let (ca, other_ca) = (authority.path().join("ca"), authority.path().join("other"));
    generate(&ca, "ed25519", "");
    generate(&other_ca, "ed25519", "");
    let ca_line = |file: &Path| fs::read_to_string(file.with_extension("pub")).unwrap();
    let cases: [(&[&str], &Path, Option<&str>); 5] = [
        (&["-h", "-n", "127.0.0.1", "-V", "+1h"], &ca, None),
        (&["-h", "-n", "elsewhere", "-V", "+1h"], &ca, Some("it is for elsewhere")),
        (&["-h", "-n", "127.0.0.1", "-V", "-2h:-1h"], &ca, Some("it has expired")),
        (&["-n", "127.0.0.1", "-V", "+1h"], &ca, Some("only a certificate authority")),
        (&["-h", "-n", "127.0.0.1", "-V", "+1h"], &other_ca, Some("only a certificate authority")),
    ];
    for (options, known_ca, expected) in cases {
        let certified = tempfile::tempdir().unwrap();
        let key = certified.path().join("key");
        generate(&key, "ed25519", "");
        certify(&ca, &key.with_extension("pub"), options);
        let certificate = certified.path().join("key-cert.pub");
        let server =
            Sshd::with(&format!("HostKey {}\nHostCertificate {}", key.display(), certificate.display()));
        let home = Home::welcome_at(&[&server]);
        fs::write(home.ssh("known_hosts"), format!("@cert-authority [127.0.0.*]:* {}", ca_line(known_ca)))
            .unwrap();
        match (host(&server, &home).run(&shell("true")).await, expected) {
            (Ok(_), None) => {}
            (Err(HostError::HostKey { problem, .. }), Some(expected)) => {
                assert!(problem.contains(expected), "{options:?}: {problem}");
            }
            (result, _) => panic!("{options:?}: {result:?}"),
        }
    }
}

#[tokio::test]
async fn a_command_gets_its_stdin_and_gives_back_its_output_and_code() {
    let server = Sshd::start();
    let home = Home::welcome_at(&[&server]);
    let host = host(&server, &home);
    let bytes: Vec<u8> = (0..5_000_000u32).map(|n| (n % 251) as u8).collect();
    let output = host.run(&Command::new(["cat"]).stdin(bytes.clone())).await.unwrap();
    assert!(output.code == 0 && output.stdout == bytes);

    for (text, code) in
        [("exit 0", 0), ("exit 3", 3), ("exit 124", 124), ("exit 137", 137), ("kill -9 $$", 137)]
    {
        assert_eq!(host.run(&shell(text)).await.unwrap().code, code, "{text}");
    }
    let output = host.run(&shell("echo out; echo err >&2")).await.unwrap();
    assert_eq!((&output.stdout[..], &output.stderr[..]), (&b"out\n"[..], &b"err\n"[..]));
    assert_eq!(host.run(&Command::new(["/nowhere"])).await.unwrap().code, 127);
    assert_eq!(says(&host, "cat").await, "", "without stdin, a command reads an end of file");
    let nasty = "a'b\"c $HOME `id` \\ \n*";
    let output = host.run(&Command::script("echo", "printf %s \"$1\"", [nasty])).await.unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), nasty);
    assert_eq!(server.logins(), 1);
}

#[tokio::test]
async fn a_command_that_does_not_read_its_stdin_ends_all_the_same() {
    let server = Sshd::start();
    let home = Home::welcome_at(&[&server]);
    let host = host(&server, &home);
    // More than the window, which is 2 MiB.
    let command = shell("echo no space left >&2; exit 9").stdin(vec![0; 8 << 20]);
    let started = Instant::now();
    let output = host.run(&command).await.unwrap();
    assert_eq!((output.code, &output.stderr[..]), (9, &b"no space left\n"[..]));
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(says(&host, "echo on").await, "on");
}

#[tokio::test]
async fn a_command_past_its_deadline_is_gone_from_the_host() {
    let server = Sshd::start();
    let home = Home::welcome_at(&[&server]);
    let host = host(&server, &home);
    // One ends at SIGTERM, one only at SIGKILL; either has a child.
    for (text, most_s) in [("sleep 98761; true", 5), ("trap '' TERM; sleep 98762; sleep 98763; true", 12)] {
        let started = Instant::now();
        let error = host.run(&shell(text).deadline(Duration::from_secs(1))).await.unwrap_err();
        assert!(matches!(error, HostError::Deadline { seconds: 1, .. }), "{error:?}");
        assert!(started.elapsed() < Duration::from_secs(most_s), "{:?}", started.elapsed());
    }
    let left = says(&host, "ps -eo args= | grep -c '[s]leep 9876' || true").await;
    assert_eq!(left, "0");
    assert_eq!(server.logins(), 1);
}

#[tokio::test]
async fn a_connection_lost_under_a_command_is_an_error_and_the_next_command_connects_again() {
    let server = Sshd::start();
    let home = Home::welcome_at(&[&server]);
    let host = host(&server, &home);
    let pid = session_pid(&host).await;
    let marker = home.directory.path().join("ran");
    let text = format!("echo ran >> {}; kill -9 {pid}; sleep 5", marker.display());
    let started = Instant::now();
    let error = host.run(&shell(&text)).await.unwrap_err();
    assert!(matches!(error, HostError::Lost { .. }), "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    assert_eq!(says(&host, "echo again").await, "again");
    assert_eq!(fs::read_to_string(marker).unwrap(), "ran\n", "never a second time");

    // Lost while idle: the next command notices before anything is asked of the host.
    let pid = session_pid(&host).await;
    run("kill", &["-9", &pid]);
    assert_eq!(says(&host, "echo again").await, "again");
    assert_eq!(server.logins(), 3);
}

/// Ends a frozen process, if it has not ended by itself.
fn end(pid: &str) {
    std::process::Command::new("kill").args(["-9", pid]).stderr(Stdio::null()).status().unwrap();
}

#[tokio::test]
async fn a_connection_that_froze_while_idle_is_replaced_after_the_keepalive() {
    let server = Sshd::start();
    let home = Home::welcome_at(&[&server]);
    let options =
        PoolOptions { keepalive_interval: Duration::from_secs(1), keepalive_max: 2, ..home.options() };
    let host = SshHost::new(target(&server), Pool::new(options));
    let pid = session_pid(&host).await;
    run("kill", &["-STOP", &pid]);
    let started = Instant::now();
    assert_eq!(says(&host, "echo again").await, "again");
    let took = started.elapsed();
    end(&pid);
    assert!(took > Duration::from_secs(2) && took < Duration::from_secs(8), "{took:?}");
}

#[tokio::test]
async fn a_host_that_freezes_under_a_command_is_an_error_after_the_keepalive() {
    let server = Sshd::start();
    let home = Home::welcome_at(&[&server]);
    let options =
        PoolOptions { keepalive_interval: Duration::from_secs(1), keepalive_max: 2, ..home.options() };
    let host = SshHost::new(target(&server), Pool::new(options));
    let pid = session_pid(&host).await;
    let started = Instant::now();
    let error = host.run(&shell(&format!("kill -STOP {pid}; sleep 20"))).await.unwrap_err();
    end(&pid);
    assert!(matches!(&error, HostError::Lost { doing } if doing.contains("stopped answering")), "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_host_that_cannot_be_reached_is_told_within_the_limit() {
    let home = Home::new();
    let closed = std::net::TcpListener::bind((LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let silent = tokio::net::TcpListener::bind((LOCALHOST, 0)).await.unwrap();
    let server = Sshd::start();
    let cases = [
        (LOCALHOST, closed, "Connection refused"),
        (LOCALHOST, silent.local_addr().unwrap().port(), "no answer within 1 s"),
        ("name.invalid", 22, "lookup"),
    ];
    for (address, port, expected) in cases {
        let target = Target {
            address: address.to_owned(),
            port: Some(port),
            connect_timeout: Duration::from_secs(1),
            ..target(&server)
        };
        let started = Instant::now();
        let error = SshHost::new(target, home.pool()).run(&shell("true")).await.unwrap_err();
        assert!(matches!(error, HostError::Unreachable { .. }), "{error:?}");
        let text = chain(&error);
        assert!(text.starts_with(&format!("cannot connect to {address}:{port}: ")), "{text}");
        assert!(text.contains(expected) || expected == "lookup", "{text}");
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn no_more_than_the_limit_connect_at_a_time() {
    let home = Home::new();
    let server = Sshd::start();
    let listener = tokio::net::TcpListener::bind((LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (open, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, highest) = (open.clone(), most.clone());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (counted, highest) = (counted.clone(), highest.clone());
            tokio::spawn(async move {
                highest.fetch_max(counted.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                stream.read_to_end(&mut Vec::new()).await.ok();
                counted.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    assert_eq!(PoolOptions::default().connecting, 64);
    let pool = Pool::new(PoolOptions { connecting: 3, ..home.options() });
    let silent =
        || Target { port: Some(port), connect_timeout: Duration::from_millis(300), ..target(&server) };
    let hosts: Vec<SshHost> = (0..9).map(|_| SshHost::new(silent(), pool.clone())).collect();
    let command = shell("true");
    for result in futures_util::future::join_all(hosts.iter().map(|host| host.run(&command))).await {
        result.unwrap_err();
    }
    let most = most.load(Ordering::SeqCst);
    // A listener may see the next connection before the end of the last one.
    assert!((3..=6).contains(&most), "{most}");
}

#[tokio::test]
async fn commands_run_at_once_on_one_connection_even_if_the_server_allows_few() {
    for limit in ["MaxSessions 10", "MaxSessions 2"] {
        let server = Sshd::with(limit);
        let home = Home::welcome_at(&[&server]);
        let host = host(&server, &home);
        let all = futures_util::future::join_all((0..20).map(|_| says(&host, "echo $$"))).await;
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), 20);
        assert_eq!(server.logins(), 1, "{limit}");
    }
}

#[tokio::test]
async fn what_is_on_stdin_is_in_no_argument_list() {
    let server = Sshd::start();
    let home = Home::welcome_at(&[&server]);
    let host = host(&server, &home);
    let command = Command::script(
        "look",
        "cat > /dev/null; ps -eo args=; tr '\\0' ' ' < /proc/$$/environ",
        ["argument-77"],
    );
    let output = host.run(&command.stdin("store-password-77")).await.unwrap();
    let seen = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(seen.contains("argument-77") && seen.contains("ringwalk-look"), "{seen}");
    assert!(!seen.contains("store-password-77"));
}

#[tokio::test]
async fn a_connection_from_the_host_carries_bytes_both_ways_or_says_why_not() {
    let server = Sshd::start();
    let home = Home::welcome_at(&[&server]);
    let host = host(&server, &home);
    let listener = tokio::net::TcpListener::bind((LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (mut reader, mut writer) = stream.split();
        tokio::io::copy(&mut reader, &mut writer).await.unwrap();
    });
    let mut connection = host.connect(LOCALHOST, port).await.unwrap();
    connection.write_all(b"hello").await.unwrap();
    let mut answer = [0; 5];
    connection.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"hello");
    assert_eq!(says(&host, "echo beside").await, "beside");
    drop(connection);

    let closed = std::net::TcpListener::bind((LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    match host.connect(LOCALHOST, closed).await {
        Err(HostError::Refused { problem, .. }) => assert!(problem.contains("refused"), "{problem}"),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("connected to a closed port"),
    }
    let strict = Sshd::with("AllowTcpForwarding no");
    let home = Home::welcome_at(&[&strict]);
    match sshd::host(&strict, &home).connect(LOCALHOST, port).await {
        Err(HostError::Refused { problem, .. }) => {
            assert!(problem.contains("AllowTcpForwarding"), "{problem}")
        }
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("connected against AllowTcpForwarding no"),
    }
}
