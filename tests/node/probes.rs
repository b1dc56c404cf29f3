//! A probe finds Cassandra in every layout, and says in words what it cannot decide.

use super::local_host::LocalHost;
use ringwalk::facts::version::{Flavour, Version};
use ringwalk::facts::{LayoutKind, NodeFacts, Service};
use ringwalk::input::inventory::{Cassandra, Install};
use ringwalk::node::probe::{ProbeError, ProbeRequest, parse, probe};

const YAML: &str = "\
cluster_name: Test
listen_address: 10.0.0.1
rpc_address: 127.0.0.1
native_transport_port_ssl: 9142
client_encryption_options:
    enabled: true
    # keystore: /etc/old.p12
    keystore: \"/etc/tls/keystore.p12\"   # mine
    truststore: conf/.truststore
server_encryption_options: {keystore: /etc/tls/internode.jks, truststore: conf/t}
";

/// `java` with the arguments of a Cassandra whose configuration is in `$1`, and its jars in `$2`.
const DAEMON: &str = "use IO::Socket::INET; my $s = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1:9042', \
    ReuseAddr => 1); my $t = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.7:7000', ReuseAddr => 1); sleep 99";

/// A machine with a Debian package, an RPM, a tarball and DSE in both layouts, each of them complete but its `/etc`.
pub fn machine() -> LocalHost {
    let host = LocalHost::boot();
    host.sh(&format!(
        "cat >/mnt/cassandra.yaml <<'END'\n{YAML}END\ncat >/opt/daemon <<'END'\n{DAEMON}\nEND\n"
    ));
    host.sh(
        "cp $(command -v perl) /opt/java; rm -rf /etc/cassandra /etc/dse /var/lib/cassandra; \
         mkdir -p /usr/share/cassandra/lib /usr/share/dse /opt/c/conf /opt/c/lib /opt/c/bin /opt/c/data /etc/tls; \
         touch /usr/share/cassandra/apache-cassandra-4.1.10.jar /opt/c/lib/apache-cassandra-5.0.6.jar /usr/share/dse/dse-core-6.8.30.jar; \
         cp /bin/true /usr/bin/nodetool; cp /bin/true /opt/c/bin/nodetool; chown daemon:bin /opt/c/data; \
         printf store >/etc/tls/keystore.p12; chmod 640 /etc/tls/keystore.p12; chown root:bin /etc/tls/keystore.p12; \
         mkdir -p /opt/dse/resources/cassandra/conf /opt/dse/resources/cassandra/bin /opt/dse/lib; touch /opt/dse/lib/dse-core-6.8.30.jar; \
         cp /bin/true /opt/dse/resources/cassandra/bin/nodetool; cp /mnt/cassandra.yaml /opt/dse/resources/cassandra/conf; \
         cp /mnt/cassandra.yaml /opt/c/conf",
    );
    host
}

const DEBIAN: &str = "mkdir /etc/cassandra; cp /mnt/cassandra.yaml /etc/cassandra; mkdir -p /var/lib/cassandra; chown daemon:bin /var/lib/cassandra; \
    printf '#!/bin/sh\n' >/etc/init.d/cassandra; chmod +x /etc/init.d/cassandra";
const RPM: &str = "mkdir -p /etc/cassandra/default.conf; cp /mnt/cassandra.yaml /etc/cassandra/default.conf; ln -s default.conf /etc/cassandra/conf; \
    printf '#!/bin/sh\n' >/etc/init.d/cassandra; chmod +x /etc/init.d/cassandra";
const DSE: &str = "mkdir -p /etc/dse/cassandra; cp /mnt/cassandra.yaml /etc/dse/cassandra; printf '#!/bin/sh\n' >/etc/init.d/dse; chmod +x /etc/init.d/dse";

/// A line that starts a Cassandra with this class path and more arguments, and waits for it.
pub fn running(class_path: &str, more: &str) -> String {
    format!(
        "cd /opt/c && (setpriv --reuid daemon --regid bin --clear-groups /opt/java /opt/daemon {more} -cp {class_path} \
         org.apache.cassandra.service.CassandraDaemon >/dev/null 2>&1 &); until grep -q ':2352 .* 0A ' /proc/net/tcp; do sleep 0.01; done"
    )
}

pub fn asks(cassandra: Cassandra) -> ProbeRequest {
    ProbeRequest {
        cassandra,
        store_paths: vec!["/etc/tls/new/k.p12".into(), "/etc/tls/keystore.p12".into()],
        version: None,
    }
}

pub fn at(location: &str) -> Cassandra {
    Cassandra { location: Some(location.into()), start: Some("bin/cassandra".into()), ..Cassandra::default() }
}

pub async fn facts(host: &LocalHost, cassandra: Cassandra) -> NodeFacts {
    let answer = probe(host, &asks(cassandra)).await;
    answer.unwrap_or_else(|error| panic!("{error}: {:?}", std::error::Error::source(&error)))
}

/// A path, what is installed there, and what is found.
type Found = (&'static str, Cassandra, LayoutKind, &'static str, &'static str, (Flavour, u16), Service);

#[tokio::test]
async fn every_layout_is_found_at_rest() {
    let sysv = |name: &str| Service::Sysv { script: format!("/etc/init.d/{name}") };
    let command = || Service::Command { start: "bin/cassandra".into(), stop: None };
    let auto = Cassandra::default;
    let cases: Vec<Found> = vec![
        (
            DEBIAN,
            auto(),
            LayoutKind::DebianPackage,
            "/etc/cassandra",
            "/usr/bin/nodetool",
            (Flavour::Apache, 4),
            sysv("cassandra"),
        ),
        (
            RPM,
            auto(),
            LayoutKind::RpmPackage,
            "/etc/cassandra/default.conf",
            "/usr/bin/nodetool",
            (Flavour::Apache, 4),
            sysv("cassandra"),
        ),
        (
            DEBIAN,
            at("/opt/c"),
            LayoutKind::ApacheTarball,
            "/opt/c/conf",
            "/opt/c/bin/nodetool",
            (Flavour::Apache, 5),
            command(),
        ),
        (
            DSE,
            auto(),
            LayoutKind::DsePackage,
            "/etc/dse/cassandra",
            "/usr/bin/nodetool",
            (Flavour::Dse, 6),
            sysv("dse"),
        ),
        (
            ":",
            at("/opt/dse/"),
            LayoutKind::DseTarball,
            "/opt/dse/resources/cassandra/conf",
            "/opt/dse/resources/cassandra/bin/nodetool",
            (Flavour::Dse, 6),
            command(),
        ),
    ];
    for (prepare, cassandra, kind, conf_dir, nodetool, (flavour, major), service) in cases {
        let host = machine();
        host.sh(prepare);
        let facts = facts(&host, cassandra).await;
        let layout = &facts.layout;
        assert_eq!(
            (layout.kind, layout.conf_dir.as_str(), layout.nodetool.as_str()),
            (kind, conf_dir, nodetool)
        );
        assert_eq!((facts.flavour, facts.version.major, facts.service), (flavour, major, service));
        assert_eq!(facts.process, None);
        assert_eq!(facts.yaml.text.expose(), YAML);
        assert_eq!(facts.yaml.real_path, format!("{conf_dir}/cassandra.yaml"));
        if matches!(kind, LayoutKind::DebianPackage | LayoutKind::ApacheTarball) {
            assert_eq!((layout.user.as_str(), layout.group.as_str()), ("daemon", "bin"));
        }
    }
}

#[tokio::test]
async fn a_running_cassandra_tells_more_than_the_files() {
    let host = machine();
    host.sh(DEBIAN);
    host.sh("mkdir /opt/c/conf/x; printf t >/opt/c/conf/.truststore; mkdir /var/lib/ringwalk; echo r7 >/var/lib/ringwalk/owed");
    host.sh(&running(
        "/opt/c/conf/x:/opt/c/conf:/opt/c/lib/apache-cassandra-5.0.6.jar",
        "-Dcassandra.logdir=/var/log/mine",
    ));
    let start = Cassandra { start: Some("start it".into()), ..Cassandra::default() };
    let facts = facts(&host, start).await;
    assert_eq!(
        (facts.yaml.path.as_str(), facts.layout.kind),
        ("/opt/c/conf/cassandra.yaml", LayoutKind::ApacheTarball)
    );
    assert_eq!((facts.version, facts.layout.log_dir.as_str()), (Version::new(5, 0, 6), "/var/log/mine"));
    let process = facts.process.unwrap();
    assert_eq!(
        (process.user.as_str(), process.cwd.as_str(), facts.layout.group.as_str()),
        ("daemon", "/opt/c", "bin")
    );
    assert!(process.started_ticks > 0);
    assert_eq!(
        (facts.native.address.as_str(), facts.native.port, facts.native.port_ssl),
        ("127.0.0.1", 9042, Some(9142))
    );
    assert!(facts.native.listening);
    assert_eq!(
        facts.known_as.iter().map(String::as_str).collect::<Vec<_>>(),
        ["10.0.0.1", "127.0.0.1", "127.0.0.7"]
    );
    assert_eq!((facts.owed.as_deref(), facts.state_dir.as_str()), (Some("r7"), "/var/lib/ringwalk"));
    let keystore = facts.files["/etc/tls/keystore.p12"].as_ref().unwrap();
    assert_eq!((keystore.size_bytes, keystore.mode, keystore.group.as_str()), (5, 0o640, "bin"));
    assert_eq!(keystore.sha256, host.sh("sha256sum </etc/tls/keystore.p12 | cut -c-64"));
    assert_eq!(facts.files["conf/.truststore"].as_ref().unwrap().size_bytes, 1);
    let paths: Vec<_> = facts.files.iter().map(|(path, file)| (path.as_str(), file.is_some())).collect();
    assert_eq!(
        paths,
        [
            ("/etc/tls/internode.jks", false),
            ("/etc/tls/keystore.p12", true),
            ("/etc/tls/new/k.p12", false),
            ("conf/.truststore", true),
            ("conf/t", false)
        ]
    );
    assert!(
        facts.free_bytes["/etc/tls/new"] > 0
            && facts.free_bytes["/opt/c/conf"] > 0
            && facts.free_bytes["/var/lib/ringwalk"] > 0
    );
    assert!(facts.unwritable.is_empty() && facts.clock_offset_s.abs() <= 1);
}

#[tokio::test]
async fn an_audit_reads_the_stores_their_times_and_the_start_in_the_same_exec() {
    let host = machine();
    host.sh(DEBIAN);
    host.sh("printf 'k\\n\\0e' >/etc/tls/keystore.p12; touch -d @1234567 /etc/tls/keystore.p12; chmod 1777 /etc/tls");
    let more = "-Dcassandra.config.allow_system_properties=true -Dcassandra.settings.client_encryption_options.keystore_password=hidden -Dcassandra.logdir=/l";
    host.sh(&running("/etc/cassandra:/usr/share/cassandra/apache-cassandra-4.1.10.jar", more));
    let request = ProbeRequest { store_paths: Vec::new(), ..asks(Cassandra::default()) };
    assert!(matches!(probe(&host, &request).await, Err(ProbeError::Overruled { .. })));
    let read = ringwalk::node::audit::read(&host, &request).await.unwrap();
    assert_eq!(read.overruled, ["cassandra.settings.client_encryption_options.keystore_password"]);
    assert_eq!(read.stores["/etc/tls/keystore.p12"].as_slice(), b"k\n\0e");
    assert_eq!(read.stores.keys().collect::<Vec<_>>(), ["/etc/tls/keystore.p12"]);
    assert_eq!(read.modified_s["/etc/tls/keystore.p12"], 1_234_567);
    assert_eq!(read.directories["/etc/tls"].mode, 0o1777);
    let now_s = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
    let age_s = now_s - read.started_s.unwrap();
    assert!((-1..60).contains(&age_s), "{age_s}");
    assert_eq!(read.facts.storage.listening.iter().copied().collect::<Vec<_>>(), [7000]);
}

#[tokio::test]
async fn settings_on_the_command_line_count_from_4_1_on_and_where_they_are_allowed() {
    let setting = "-Dcassandra.settings.client_encryption_options.enabled=false";
    let allowed = "-Dcassandra.config.allow_system_properties=true";
    for (release, more, counts) in [
        ("4.1.10", format!("{allowed} {setting}"), true),
        ("4.1.10", setting.to_owned(), false),
        ("4.1.10", format!("-Dcassandra.config.allow_system_properties=false {setting}"), false),
        ("4.0.19", format!("{allowed} {setting}"), false),
        ("3.11.19", format!("{allowed} {setting}"), false),
    ] {
        let host = machine();
        host.sh(DEBIAN);
        let jar = format!("/usr/share/cassandra/apache-cassandra-{release}.jar");
        host.sh(&format!("rm /usr/share/cassandra/*.jar; touch {jar}"));
        host.sh(&running(&format!("/etc/cassandra:{jar}"), &more));
        let request = ProbeRequest { store_paths: Vec::new(), ..asks(Cassandra::default()) };
        let is_refused = matches!(probe(&host, &request).await, Err(ProbeError::Overruled { .. }));
        let read = ringwalk::node::audit::read(&host, &request).await.unwrap();
        assert_eq!((is_refused, read.overruled.len()), (counts, usize::from(counts)), "{release} {more}");
    }
}

#[tokio::test]
async fn the_file_may_be_named_as_a_url_or_as_a_name_in_the_class_path() {
    for more in [
        "-Dcassandra.config=file:///opt/c/conf/other.yaml",
        "-Dcassandra.config=other.yaml",
        "-Dcassandra.config=file:/opt/c/conf/other.yaml",
    ] {
        let host = machine();
        host.sh("cp /mnt/cassandra.yaml /opt/c/conf/other.yaml");
        host.sh(&running("/opt/c/conf:/opt/c/lib/apache-cassandra-5.0.6.jar", more));
        assert_eq!(facts(&host, at("/opt/c")).await.yaml.real_path, "/opt/c/conf/other.yaml", "{more}");
    }
}

#[tokio::test]
async fn what_cannot_be_decided_or_read_is_said() {
    let tarball = "/opt/c/conf:/opt/c/lib/apache-cassandra-5.0.6.jar";
    let other = Cassandra { config: Some("/opt/c/../c/conf/other.yaml".into()), ..at("/opt/c") };
    let cases: Vec<(String, Cassandra, &str)> = vec![
        (
            format!("{DEBIAN}; {DSE}"),
            Cassandra::default(),
            "found several cassandra.yaml and no running Cassandra that uses one of them: /etc/cassandra/cassandra.yaml, /etc/dse/cassandra/cassandra.yaml",
        ),
        (
            ":".into(),
            Cassandra::default(),
            "found no cassandra.yaml in /etc/cassandra, /etc/cassandra/conf, /etc/dse/cassandra",
        ),
        (
            ":".into(),
            at("/opt/none"),
            "found no cassandra.yaml in /opt/none/conf, /opt/none/resources/cassandra/conf",
        ),
        (
            ":".into(),
            Cassandra { config: Some("/opt/none.yaml".into()), ..at("/opt/c") },
            "found no cassandra.yaml in /opt/none.yaml",
        ),
        (
            format!("cp /mnt/cassandra.yaml /opt/c/conf/other.yaml; {}", running(tarball, "")),
            other,
            "the running Cassandra uses /opt/c/conf/cassandra.yaml, the inventory says /opt/c/conf/other.yaml",
        ),
        (
            running(
                tarball,
                "-Dcassandra.config.allow_system_properties=true -Dcassandra.settings.client_encryption_options.keystore_password=hunter2",
            ),
            at("/opt/c"),
            "Cassandra is started with -Dcassandra.settings.client_encryption_options.keystore_password, which overrules cassandra.yaml",
        ),
        (
            running("/opt/c/conf:/opt/c/lib/apache-cassandra-4.0.1.jar", ""),
            at("/opt/c"),
            "the running Cassandra is 4.0.1, but 5.0.6 is installed: its next start would be an upgrade",
        ),
        (
            running("/opt/c/conf", "-Dcassandra.config=file:/opt/gone.yaml"),
            at("/opt/c"),
            "the running Cassandra uses /opt/gone.yaml, which is not there",
        ),
        (
            running(tarball, ""),
            Cassandra { start: None, ..at("/opt/c") },
            "cannot tell how Cassandra is started: the running process belongs to no service",
        ),
        (
            "rm /opt/c/lib/*.jar".into(),
            at("/opt/c"),
            "cannot tell the version of Cassandra: no jar in the class path or below /opt/c has it in its name",
        ),
        (
            "printf 'a: [\nkeystore_password: hunter2' >/opt/c/conf/cassandra.yaml".into(),
            at("/opt/c"),
            "/opt/c/conf/cassandra.yaml is no YAML that can be read: line 1, column ",
        ),
        (
            "printf 'a: \\377' >/opt/c/conf/cassandra.yaml".into(),
            at("/opt/c"),
            "/opt/c/conf/cassandra.yaml is no YAML that can be read: it is not UTF-8",
        ),
        ("mount --bind /dev/null /usr/bin/sync".into(), at("/opt/c"), "the node lacks sync"),
        (
            format!("{}; {}", running(tarball, ""), running(tarball, "-Dx")),
            at("/opt/c"),
            "several Cassandra processes run: ",
        ),
        (
            "rm -rf /etc/cassandra; mkdir -p /etc/dse/cassandra".into(),
            Cassandra { install: Install::Package, ..at("/opt/c") },
            "found no cassandra.yaml in ",
        ),
    ];
    for (prepare, cassandra, expected) in cases {
        let host = machine();
        host.sh(&prepare);
        let error = probe(&host, &asks(cassandra)).await.expect_err(expected);
        let text = error.to_string();
        assert!(text.starts_with(expected), "{text}");
        assert!(!format!("{text} {error:?}").contains("hunter2"), "{text}");
        assert!(!error.help().is_empty());
    }
}

#[tokio::test]
async fn without_privilege_what_cannot_be_read_is_said_and_what_cannot_be_written_is_noted() {
    let mut host = machine();
    host.sh(DEBIAN);
    host.login("daemon");
    let error = probe(&host, &asks(Cassandra::default())).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot read /etc/tls/keystore.p12: permission denied");
    host.sh("chmod 644 /etc/tls/keystore.p12; chmod 600 /etc/cassandra/cassandra.yaml");
    let error = probe(&host, &asks(Cassandra::default())).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot read /etc/cassandra/cassandra.yaml: permission denied");
    host.sh("chmod 700 /etc/cassandra");
    let error = probe(&host, &asks(Cassandra::default())).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot read /etc/cassandra: permission denied");
    assert!(matches!(error, ProbeError::Unreadable { .. }));
    host.sh("chmod 755 /etc/cassandra; chmod 644 /etc/cassandra/cassandra.yaml");
    let facts = facts(&host, Cassandra::default()).await;
    assert!(facts.unwritable.contains("/etc/cassandra") && facts.unwritable.contains("/etc/tls"));
    assert!(facts.state_dir.ends_with("/.local/state/ringwalk"), "{}", facts.state_dir);
}

#[tokio::test]
async fn a_read_only_file_system_is_noted() {
    let host = machine();
    host.sh(DEBIAN);
    host.sh("mount --bind /etc/tls /etc/tls; mount -o remount,ro,bind /etc/tls");
    let facts = facts(&host, Cassandra::default()).await;
    assert_eq!(facts.unwritable.iter().map(String::as_str).collect::<Vec<_>>(), ["/etc/tls", "/etc/tls/new"]);
}

#[test]
fn a_recorded_answer_of_a_package_under_systemd_is_read_without_a_node() {
    let answer = include_bytes!("probe-package-5.0.6.txt");
    let request =
        ProbeRequest { store_paths: vec!["/etc/cassandra/tls/k.p12".into()], ..ProbeRequest::default() };
    let facts = parse(answer, "n1", &request, 1_795_505_500).unwrap();
    assert_eq!(facts.service, Service::Systemd { unit: "cassandra.service".into() });
    assert_eq!((facts.layout.kind, facts.version), (LayoutKind::DebianPackage, Version::new(5, 0, 6)));
    assert_eq!((facts.layout.user.as_str(), facts.native.address.as_str()), ("cassandra", "10.77.0.11"));
    assert!(facts.native.listening && facts.known_as.contains("10.77.0.11"));
    assert_eq!(facts.clock_offset_s, 29);
    let cut = parse(&answer[..answer.len() / 2], "n1", &request, 0).unwrap_err();
    assert_eq!(cut.to_string(), "cannot understand the probe's answer");
}
