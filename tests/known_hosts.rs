//! Our reading of known_hosts: verdicts as data, and which names a line stands for against `ssh-keygen -F`.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use ringwalk::transport::known_hosts::{HostKey, KnownHosts, Verdict, line_for};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHeLC1lWiCYrXsf/85O/pkbUFZ6OGIt49PX3nw8iRoXE";

fn key(line: &str) -> HostKey {
    HostKey::from_blob(BASE64_STANDARD.decode(line.split(' ').nth(1).unwrap()).unwrap()).unwrap()
}

fn known(text: &str) -> KnownHosts {
    let mut known = KnownHosts::default();
    known.add(Path::new("known_hosts"), text);
    known
}

fn changed(line: usize, recorded: &[&str]) -> Verdict {
    let recorded = recorded.iter().map(|kind| (*kind).to_owned()).collect();
    Verdict::Changed { file: "known_hosts".into(), line, recorded }
}

#[test]
fn a_key_is_judged_by_all_lines_for_its_host() {
    let ed = "ssh-ed25519";
    let generated = tempfile::tempdir().unwrap();
    let file = generated.path().join("ecdsa");
    let arguments = ["-q", "-t", "ecdsa", "-N", "", "-C", "", "-f", file.to_str().unwrap()];
    assert!(Command::new("ssh-keygen").args(arguments).status().unwrap().success());
    let ecdsa = fs::read_to_string(file.with_extension("pub")).unwrap().trim().to_owned();
    let kind = "ecdsa-sha2-nistp256";
    let cases: Vec<(String, u16, Verdict)> = vec![
        (String::new(), 22, Verdict::Unknown),
        (format!("h1 {ED25519}"), 22, Verdict::Known),
        (format!("h1 {ED25519} a comment # more"), 22, Verdict::Known),
        (format!("  h1\t{}  ", ED25519.replace(' ', "\t")), 22, Verdict::Known),
        (format!("h1 {ED25519}\r\n"), 22, Verdict::Known),
        (format!("H1,x {ED25519}"), 22, Verdict::Known),
        (format!("x,h? {ED25519}"), 22, Verdict::Known),
        (format!("h*,!h1 {ED25519}"), 22, Verdict::Unknown),
        (format!("h2 {ED25519}"), 22, Verdict::Unknown),
        (format!("# h1 {ED25519}"), 22, Verdict::Unknown),
        (format!("\n# c\nh1 {OTHER}"), 22, changed(3, &[ed])),
        (format!("h1 {OTHER}\nh1 {ED25519}"), 22, Verdict::Known),
        (format!("h1 {ecdsa}"), 22, changed(1, &[kind])),
        (format!("h1 {ecdsa}\nh1 {OTHER}"), 22, changed(2, &[kind, ed])),
        (
            format!("h1 {ED25519}\n@revoked * {ED25519}"),
            22,
            Verdict::Revoked { file: "known_hosts".into(), line: 2 },
        ),
        (format!("@revoked h2 {ED25519}\nh1 {ED25519}"), 22, Verdict::Known),
        (format!("@revoked h1 {OTHER}"), 22, Verdict::Unknown),
        (format!("@cert-authority *.x,h1 {OTHER}"), 22, Verdict::CertificateAuthority(vec![key(OTHER)])),
        (format!("@cert-authority h1 {ED25519}"), 22, Verdict::CertificateAuthority(vec![key(ED25519)])),
        (format!("@cert-authority h1 {OTHER}\nh1 {ED25519}"), 22, Verdict::Known),
        (format!("[h1]:2222 {ED25519}"), 2222, Verdict::Known),
        (format!("[h1]:2222 {ED25519}"), 22, Verdict::Unknown),
        (format!("[h1]:2222 {OTHER}\nh1 {ED25519}"), 2222, changed(1, &[ed])),
        (format!("h1 {ED25519}"), 2222, Verdict::Known),
        (format!("h1 {OTHER}"), 2222, Verdict::Unknown),
        (format!("@revoked h1 {ED25519}"), 2222, Verdict::Revoked { file: "known_hosts".into(), line: 1 }),
        // Damaged lines are left out, whatever they are for.
        (format!("h1 ssh-ed25519 AAAAgarbage\nh1 {ED25519}"), 22, Verdict::Known),
        ("h1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIgar".to_owned(), 22, Verdict::Unknown),
        (format!("h1 ssh-rsa {}", &ED25519[12..]), 22, Verdict::Unknown),
        (format!("@mystery h1 {ED25519}"), 22, Verdict::Unknown),
        (format!("|1|damaged {ED25519}"), 22, Verdict::Unknown),
    ];
    for (text, port, expected) in cases {
        assert_eq!(known(&text).judge("h1", port, &key(ED25519)), expected, "{text:?} on port {port}");
        assert_eq!(known(&text).judge("H1", port, &key(ED25519)), expected, "{text:?} on port {port}");
    }
}

#[test]
fn hashed_names_are_found_as_ssh_keygen_hashed_them() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("known_hosts");
    fs::write(&file, format!("h1 {ED25519}\n[h1]:2222 {OTHER}\n")).unwrap();
    assert!(
        Command::new("ssh-keygen").args(["-q", "-H", "-f"]).arg(&file).output().unwrap().status.success()
    );
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.lines().all(|line| line.starts_with("|1|")), "{text}");
    assert_eq!(known(&text).judge("H1", 22, &key(ED25519)), Verdict::Known);
    assert_eq!(known(&text).judge("h1", 2222, &key(OTHER)), Verdict::Known);
    assert_eq!(known(&text).judge("h1", 2222, &key(ED25519)), changed(2, &["ssh-ed25519"]));
    assert_eq!(known(&text).judge("h2", 22, &key(ED25519)), Verdict::Unknown);
}

#[test]
fn a_line_stands_for_the_names_that_ssh_keygen_finds_it_by() {
    let patterns = [
        "h1",
        "H1",
        "h?",
        "h*",
        "*",
        "!h1,*",
        "h1,!h1",
        "[h1]:2222",
        "[*]:2222",
        "[h1]:*",
        "10.0.*",
        "a,b,h1",
    ];
    let names = [("h1", 22), ("h2", 22), ("h1", 2222), ("10.0.0.1", 22), ("10.0.0.1", 2222), ("b", 22)];
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("known_hosts");
    for pattern in patterns {
        fs::write(&file, format!("{pattern} {ED25519}\n")).unwrap();
        let ours = known(&fs::read_to_string(&file).unwrap());
        for (host, port) in names {
            let name = if port == 22 { host.to_owned() } else { format!("[{host}]:{port}") };
            let found = Command::new("ssh-keygen").args(["-F", &name, "-f"]).arg(&file).output().unwrap();
            let of_ours = if port == 22 {
                ours.judge(host, port, &key(ED25519)) == Verdict::Known
            } else {
                // Without the second look-up under the bare name, which is ssh's and not ssh-keygen's.
                ours.judge(&name, 22, &key(ED25519)) == Verdict::Known
            };
            assert_eq!(of_ours, found.status.success(), "{pattern} for {name}");
        }
    }
}

#[test]
fn a_missing_file_is_empty_an_unreadable_one_an_error_and_a_damaged_line_a_warning() {
    let read = |path: &Path| match path.to_str().unwrap() {
        "missing" => Err(io::Error::from(io::ErrorKind::NotFound)),
        "secret" => Err(io::Error::from(io::ErrorKind::PermissionDenied)),
        _ => Ok(format!("\nh1 garbage\nh1 {ED25519}\n").into_bytes()),
    };
    let known = KnownHosts::read(&["missing".into(), "good".into()], read).unwrap();
    assert_eq!(known.judge("h1", 22, &key(ED25519)), Verdict::Known);
    assert_eq!(known.warnings, ["good:2: no key; skipped"]);
    let (path, error) = KnownHosts::read(&["secret".into(), "good".into()], read).unwrap_err();
    assert_eq!((path, error.kind()), (PathBuf::from("secret"), io::ErrorKind::PermissionDenied));
}

#[test]
fn the_types_on_record_are_those_to_ask_for_and_a_recorded_line_is_read_back() {
    let text = format!("h1 {OTHER}\n[h1]:2222 {ED25519}\n@cert-authority h1 {ED25519}\n");
    assert_eq!(known(&text).types_on_record("h1", 22), ["ssh-ed25519"]);
    assert_eq!(known(&text).types_on_record("h1", 2223), ["ssh-ed25519"]);
    assert!(known(&text).types_on_record("h2", 22).is_empty());
    for port in [22, 2222] {
        let line = line_for("Host.Example", port, &key(ED25519));
        assert_eq!(known(&line).judge("host.example", port, &key(ED25519)), Verdict::Known, "{line}");
    }
    let fingerprint = key(ED25519).fingerprint();
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("k"), ED25519).unwrap();
    let theirs = Command::new("ssh-keygen").arg("-lf").arg(directory.path().join("k")).output().unwrap();
    assert!(String::from_utf8(theirs.stdout).unwrap().contains(&fingerprint));
}
