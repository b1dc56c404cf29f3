//! A file is replaced whole or not at all, and every refusal says why.

use super::local_host::LocalHost;
use ringwalk::node::files::{self, Expect, FileError, Replace, Replaced};
use ringwalk::transport::Stdin;
use sha2::{Digest, Sha256};

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn replace(path: &str, bytes: &[u8], expect: Expect) -> Replace {
    Replace {
        path: path.into(),
        bytes: Stdin(bytes.to_vec().into()),
        becomes: sha256(bytes),
        expect,
        owner: None,
        mode: None,
        backup: Some("/var/lib/ringwalk/runs/r1/backups/file".into()),
        access_list: None,
    }
}

/// The access list of the file, without what owner and mode say already.
fn access_list(host: &LocalHost) -> String {
    host.sh("getfacl -csp /etc/c/yaml")
}

#[tokio::test]
async fn an_access_list_stays_and_is_put_back_where_a_store_took_its_place() {
    let host = machine();
    host.sh("setfacl -m u:games:r /etc/c/yaml && setfacl -d -m u:mail:rw /etc/c");
    let before = access_list(&host);
    assert!(before.contains("user:games:r--"), "{before}");
    let edit = replace("/etc/c/yaml", b"new", was(b"old"));
    assert_eq!(files::replace(&host, &edit).await.unwrap(), Replaced::Now);
    assert_eq!(
        access_list(&host),
        before,
        "an edit leaves it, and nothing comes from the directory's default"
    );

    let owner = Some("daemon:bin".to_owned());
    let push =
        Replace { owner: owner.clone(), mode: Some(0o400), ..replace("/etc/c/yaml", b"store", was(b"new")) };
    assert_eq!(files::replace(&host, &push).await.unwrap(), Replaced::Now);
    assert_eq!(access_list(&host), "", "a pushed store is read by whom the playbook says");

    let backup = push.backup.as_ref().unwrap();
    let back = Replace {
        owner,
        mode: Some(0o640),
        backup: None,
        access_list: Some(format!("{backup}.acl")),
        ..replace("/etc/c/yaml", b"old", was(b"store"))
    };
    assert_eq!(files::replace(&host, &back).await.unwrap(), Replaced::Now);
    assert_eq!((access_list(&host), state(&host)), (before, "yaml regular file daemon:bin 640\nold".into()));
}

fn was(bytes: &[u8]) -> Expect {
    Expect::Sha256(sha256(bytes))
}

/// A machine with the file `/etc/c/yaml` in it.
fn machine() -> LocalHost {
    let host = LocalHost::boot();
    host.sh(
        "mkdir /etc/c && printf old >/etc/c/yaml && chown daemon:bin /etc/c/yaml && chmod 640 /etc/c/yaml",
    );
    host
}

/// What is in `/etc/c`, with owner and mode.
fn state(host: &LocalHost) -> String {
    host.sh("cd /etc/c && for f in $(ls -A); do stat -c '%n %F %U:%G %a' $f; cat $f; echo; done")
}

#[tokio::test]
async fn owner_and_mode_stay_the_backup_is_taken_once_and_again_is_harmless() {
    let host = machine();
    let change = replace("/etc/c/yaml", b"new", was(b"old"));
    assert_eq!(files::replace(&host, &change).await.unwrap(), Replaced::Now);
    assert_eq!(state(&host), "yaml regular file daemon:bin 640\nnew");
    assert_eq!(files::replace(&host, &change).await.unwrap(), Replaced::Already);
    let third = replace("/etc/c/yaml", b"third", was(b"new"));
    assert_eq!(files::replace(&host, &third).await.unwrap(), Replaced::Now);
    let kept = host
        .sh("cd /var/lib/ringwalk; stat -c '%n %a' . runs runs/r1 runs/r1/backups; cd runs/r1/backups; ls; \
         stat -c '%U:%G %a' file; cat file; echo; cat file.attributes");
    let expected = ". 700\nruns 700\nruns/r1 700\nruns/r1/backups 700\nfile\nfile.attributes\ndaemon:bin 600\nold\n1:2 640";
    assert_eq!(kept, expected);
    assert_eq!(files::read(&host, "/etc/c/yaml").await.unwrap(), b"third");
}

#[tokio::test]
async fn where_only_owner_or_mode_change_the_backup_has_the_old_ones() {
    let host = machine();
    let change = Replace { mode: Some(0o400), ..replace("/etc/c/yaml", b"old", was(b"old")) };
    for _ in 0..2 {
        assert_eq!(files::replace(&host, &change).await.unwrap(), Replaced::Already);
        assert_eq!(state(&host), "yaml regular file daemon:bin 400\nold");
        let kept = host.sh("cd /var/lib/ringwalk/runs/r1/backups; cat file; echo; cat file.attributes");
        assert_eq!(kept, "old\n1:2 640");
    }
}

#[tokio::test]
async fn a_new_store_gets_its_owner_and_mode_in_a_directory_that_its_group_may_enter() {
    let host = machine();
    let change = Replace {
        owner: Some("daemon:bin".into()),
        mode: Some(0o440),
        ..replace("/etc/c/tls/a b/k.p12", b"\x00\xff\n", Expect::Absent)
    };
    assert_eq!(files::replace(&host, &change).await.unwrap(), Replaced::Now);
    let made =
        host.sh("cd /etc/c; stat -c '%U:%G %a' tls 'tls/a b' 'tls/a b/k.p12'; od -An -tx1 'tls/a b/k.p12'");
    assert_eq!(made, "root:bin 750\nroot:bin 750\ndaemon:bin 440\n 00 ff 0a");
    host.sh("chmod 600 '/etc/c/tls/a b/k.p12'; chown root:root '/etc/c/tls/a b/k.p12'");
    assert_eq!(files::replace(&host, &change).await.unwrap(), Replaced::Already);
    assert_eq!(host.sh("stat -c '%U:%G %a' '/etc/c/tls/a b/k.p12'"), "daemon:bin 440");
    let user_alone = Replace {
        owner: Some("daemon".into()),
        mode: Some(0o400),
        ..replace("/etc/c/own/k.p12", b"k\n", Expect::Absent)
    };
    assert_eq!(files::replace(&host, &user_alone).await.unwrap(), Replaced::Now);
    let made = host.sh("cd /etc/c; stat -c '%U:%G %a' own own/k.p12");
    assert_eq!(made, "root:daemon 750\ndaemon:daemon 400");
}

#[tokio::test]
async fn the_file_behind_a_link_is_replaced_and_the_link_stays() {
    let host = machine();
    host.sh("mkdir /etc/link && ln -s ../c/yaml /etc/link/yaml");
    let change = replace("/etc/link/yaml", b"new", was(b"old"));
    assert_eq!(files::replace(&host, &change).await.unwrap(), Replaced::Now);
    assert_eq!(state(&host), "yaml regular file daemon:bin 640\nnew");
    assert_eq!(host.sh("ls -A /etc/link; readlink /etc/link/yaml"), "yaml\n../c/yaml");
}

/// What is done to the machine first, the change, and what is said.
type Refusal = (&'static str, Replace, &'static str);

fn refusals() -> Vec<Refusal> {
    let yaml = || replace("/etc/c/yaml", b"new", was(b"old"));
    let owned_by = |owner: &str| Replace { owner: Some(owner.into()), ..yaml() };
    vec![
        (
            "printf x >>/etc/c/yaml",
            yaml(),
            "cannot replace /etc/c/yaml: changed since the plan was made; the file is as it was",
        ),
        (
            "rm /etc/c/yaml",
            yaml(),
            "cannot replace /etc/c/yaml: changed since the plan was made; the file is as it was",
        ),
        (
            ":",
            replace("/etc/c/yaml", b"new", Expect::Absent),
            "cannot replace /etc/c/yaml: changed since the plan was made; the file is as it was",
        ),
        (
            "mount --bind /etc/c /etc/c && mount -o remount,ro,bind /etc/c",
            yaml(),
            "cannot replace /etc/c/yaml: the file system is mounted read-only; the file is as it was",
        ),
        (
            "mount -t tmpfs -o size=64k tmpfs /etc/c && printf old >/etc/c/yaml && head -c 60k /dev/zero >/etc/c/fill",
            replace("/etc/c/yaml", &[7; 9000], was(b"old")),
            "cannot replace /etc/c/yaml: the disk is full; the file is as it was",
        ),
        (
            "mkdir -p /var/lib/ringwalk && mount -t tmpfs -o size=4k tmpfs /var/lib/ringwalk && head -c 4k /dev/zero >/var/lib/ringwalk/fill",
            yaml(),
            "cannot replace /etc/c/yaml: the disk is full; the file is as it was",
        ),
        (
            ":",
            owned_by("nobody-here:bin"),
            "cannot give /etc/c/yaml to nobody-here:bin: the node has no such user or group; the file is as it was",
        ),
        (
            ":",
            Replace { becomes: sha256(b"other"), ..yaml() },
            "cannot replace /etc/c/yaml: it did not arrive whole; the file is as it was",
        ),
        (
            "rm /etc/c/yaml; mkdir /etc/c/yaml",
            replace("/etc/c/yaml", b"new", Expect::Any),
            "/etc/c/yaml is no regular file",
        ),
    ]
}

#[tokio::test]
async fn every_refusal_says_why_and_leaves_all_as_it_was() {
    for (prepare, change, expected) in refusals() {
        let host = machine();
        host.sh(prepare);
        let before = host.sh("ls -lA /etc/c; cat /etc/c/yaml 2>/dev/null || :");
        let error = files::replace(&host, &change).await.expect_err(prepare);
        let text = error.to_string();
        assert!(text.starts_with(expected), "after `{prepare}`: {text}");
        assert!(!error.help().is_empty());
        assert_eq!(host.sh("ls -lA /etc/c; cat /etc/c/yaml 2>/dev/null || :"), before, "after `{prepare}`");
    }
}

#[tokio::test]
async fn without_privilege_only_what_the_login_user_owns_can_be_replaced() {
    let mut host = machine();
    host.sh("mkdir -m 777 /etc/open; printf old >/etc/open/yaml; mkdir /etc/mine; printf old >/etc/mine/yaml; chown -R daemon:daemon /etc/mine");
    host.login("daemon");
    for (path, expected) in [
        ("/etc/c/yaml", "cannot replace /etc/c/yaml: "),
        ("/etc/open/yaml", "cannot give /etc/open/yaml its owner and mode: "),
        ("/etc/mine/yaml", "ok"),
    ] {
        let change = Replace { backup: None, ..replace(path, b"new", was(b"old")) };
        let answer =
            files::replace(&host, &change).await.map_or_else(|error| error.to_string(), |_| "ok".into());
        assert!(answer.starts_with(expected), "{path}: {answer}");
    }
    assert_eq!(host.sh("cat /etc/c/yaml /etc/open/yaml /etc/mine/yaml; ls -A /etc/open"), "oldoldnewyaml");
}

#[tokio::test]
async fn a_change_shows_the_hash_that_was_found() {
    let host = machine();
    let error = files::replace(&host, &replace("/etc/c/yaml", b"new", was(b"other"))).await.unwrap_err();
    let FileError::Changed { found, .. } = error else { panic!("{error}") };
    assert_eq!(found, Some(sha256(b"old")));
}

#[tokio::test]
async fn killed_at_any_moment_it_leaves_the_old_file_or_the_new_one() {
    let host = machine();
    host.sh(
        "mkdir /opt/slow; printf '#!/bin/sh\nkill -KILL $PPID\n' >/opt/slow/kill; chmod +x /opt/slow/kill",
    );
    for tool in ["cat", "sync", "cp", "chmod", "mv", "stat", "sha256sum"] {
        host.sh("rm -f /etc/c/yaml; printf old >/etc/c/yaml; rm -rf /var/lib/ringwalk");
        host.sh(&format!("mount --bind /opt/slow/kill $(command -v {tool})"));
        let mut change = replace("/etc/c/yaml", b"new", was(b"old"));
        let killed = files::replace(&host, &change).await;
        assert!(killed.is_err(), "{tool}: {killed:?}");
        host.sh(&format!("umount $(command -v {tool})"));
        assert_eq!(host.sh("cat /etc/c/yaml"), "old", "{tool}");
        change.backup = None;
        assert_eq!(files::replace(&host, &change).await.unwrap(), Replaced::Now, "{tool}");
        assert_eq!(host.sh("ls -A /etc/c; cat /etc/c/yaml"), "yaml\nnew", "{tool}");
    }
}

#[tokio::test]
async fn reading_refuses_what_is_absent_too_large_or_no_file() {
    let host = machine();
    host.sh("head -c 4194304 /dev/zero >/etc/c/large; head -c 4194305 /dev/zero >/etc/c/larger");
    for (path, expected) in [
        ("/etc/c/yaml", "3 bytes"),
        ("/etc/c/large", "4194304 bytes"),
        ("/etc/c/larger", "/etc/c/larger is larger than 4 MiB"),
        ("/etc/c/none", "/etc/c/none is not there"),
        ("/etc/c", "/etc/c is no regular file"),
    ] {
        let answer = files::read(&host, path).await;
        let answer = answer.map_or_else(|error| error.to_string(), |bytes| format!("{} bytes", bytes.len()));
        assert_eq!(answer, expected);
    }
}

#[tokio::test]
async fn a_mark_stays_until_the_node_is_confirmed() {
    let host = machine();
    let state_dir = "/var/lib/ringwalk";
    let confirm = |run, seen| files::confirm(&host, state_dir, run, seen);
    confirm("r1", None).await.unwrap();
    files::owe(&host, state_dir, "r1").await.unwrap();
    files::owe(&host, state_dir, "r1").await.unwrap();
    assert_eq!(host.sh("cat /var/lib/ringwalk/owed; stat -c %a /var/lib/ringwalk"), "r1\n700");
    host.sh("echo r1 >/var/lib/ringwalk/healed");
    let error = confirm("r2", Some("r0")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot take /var/lib/ringwalk/owed away: run r1 has marked the node since"
    );
    assert_eq!(host.sh("ls -A /var/lib/ringwalk"), "healed\nowed");
    confirm("r1", None).await.unwrap();
    assert_eq!(host.sh("ls -A /var/lib/ringwalk"), "");
    files::owe(&host, state_dir, "r1").await.unwrap();
    confirm("r2", Some("r1")).await.unwrap();
    assert_eq!(host.sh("ls -A /var/lib/ringwalk"), "");
    host.sh("mount -t tmpfs -o ro tmpfs /var/lib/ringwalk");
    let error = files::owe(&host, state_dir, "r1").await.unwrap_err();
    assert!(
        error.to_string().contains("/var/lib/ringwalk/owed: the file system is mounted read-only"),
        "{error}"
    );
}

#[tokio::test]
async fn a_file_that_was_absent_is_removed_if_it_is_what_the_run_left_and_a_copy_is_kept() {
    let host = machine();
    let remove = |expect| Replace { becomes: files::ABSENT.into(), ..replace("/etc/c/yaml", b"", expect) };
    let changed = files::replace(&host, &remove(was(b"other"))).await.unwrap_err();
    assert!(matches!(changed, FileError::Changed { .. }), "{changed}");
    assert_eq!(state(&host), "yaml regular file daemon:bin 640\nold");
    assert_eq!(files::replace(&host, &remove(was(b"old"))).await.unwrap(), Replaced::Now);
    assert_eq!(state(&host), "");
    assert_eq!(
        host.sh("cd /var/lib/ringwalk/runs/r1/backups; cat file; echo; cat file.attributes"),
        "old\n1:2 640"
    );
    assert_eq!(files::replace(&host, &remove(was(b"old"))).await.unwrap(), Replaced::Already);
}
