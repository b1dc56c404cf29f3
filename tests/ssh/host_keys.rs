//! Which hosts are let in.

use super::*;

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
    for strict in ["no", "accept-new"] {
        fs::write(home.ssh("config"), format!("StrictHostKeyChecking {strict}\n")).unwrap();
        let error = host(&server, &home).run(&shell("true")).await.unwrap_err();
        let HostError::HostKey { help, .. } = error else { panic!("{strict}: {error:?}") };
        assert!(help.contains("`ssh: { accept_new_host_keys: true }`"), "{help}");
    }
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
        (&["-n", "127.0.0.1", "-V", "+1h"], &ca, Some("it is not a host certificate")),
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
async fn a_host_certificate_is_judged_as_ssh_judges_it_also_on_another_port() {
    let authority = tempfile::tempdir().unwrap();
    let at = |name: &str| authority.path().join(name);
    for name in ["ca", "other", "key"] {
        generate(&at(name), "ed25519", "");
    }
    certify(&at("ca"), &at("key.pub"), &["-h", "-n", LOCALHOST, "-V", "+1h"]);
    let config = format!("HostKey {}\nHostCertificate {}", at("key").display(), at("key-cert.pub").display());
    let server = Sshd::with(&config);
    let home = Home::welcome_at(&[&server]);
    let public = |name: &str| fs::read_to_string(at(name).with_extension("pub")).unwrap();
    let (ca, other, key) = (public("ca"), public("other"), public("key"));
    let with_port = format!("[{LOCALHOST}]:{}", server.port);
    let cases = [
        (format!("@cert-authority 127.0.0.* {ca}"), None),
        (format!("@cert-authority {with_port} {other}@cert-authority {LOCALHOST} {ca}"), None),
        (format!("{with_port} {other}@cert-authority {LOCALHOST} {ca}"), None),
        (format!("@cert-authority {with_port} {ca}@revoked {LOCALHOST} {ca}"), None),
        (format!("@cert-authority {LOCALHOST} {ca}@revoked elsewhere {ca}"), None),
        (format!("{LOCALHOST} {key}"), None),
        (format!("@cert-authority elsewhere {ca}"), Some("is not known")),
        (format!("@cert-authority {LOCALHOST} {other}"), Some("only a certificate authority")),
        (format!("@cert-authority {LOCALHOST} {ca}@revoked 127.0.0.* {ca}"), Some("is revoked")),
        (format!("@cert-authority {LOCALHOST} {ca}@revoked {LOCALHOST} {key}"), Some("is revoked")),
        (format!("@cert-authority {LOCALHOST} {ca}@revoked {with_port} {ca}"), Some("is revoked")),
        (format!("@cert-authority {LOCALHOST} {ca}@revoked {with_port} {key}"), Some("is revoked")),
    ];
    for (known, expected) in cases {
        fs::write(home.ssh("known_hosts"), &known).unwrap();
        let sshs = ssh_lets_in(&server, &home);
        assert_eq!(sshs.is_ok(), expected.is_none(), "{known}: {sshs:?}");
        match (host(&server, &home).run(&shell("true")).await, expected) {
            (Ok(_), None) => {}
            (Err(HostError::HostKey { problem, .. }), Some(expected)) => {
                assert!(problem.contains(expected), "{known}: {problem}");
            }
            (result, _) => panic!("{known}: {result:?}"),
        }
    }
}

/// What the real client does; the error is what it says.
fn ssh_lets_in(server: &Sshd, home: &Home) -> Result<(), String> {
    let options = [
        "BatchMode=yes".to_owned(),
        "IdentitiesOnly=yes".to_owned(),
        "StrictHostKeyChecking=yes".to_owned(),
        "GlobalKnownHostsFile=/dev/null".to_owned(),
        format!("UserKnownHostsFile={}", home.ssh("known_hosts").display()),
        format!("IdentityFile={}", home.ssh("id_ed25519").display()),
    ];
    let mut ssh = std::process::Command::new("ssh");
    ssh.args(["-F", "/dev/null", "-p", &server.port.to_string()]);
    ssh.args(options.iter().flat_map(|option| ["-o", option])).args([LOCALHOST, "true"]);
    let output = ssh.stdin(std::process::Stdio::null()).output().unwrap();
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}
