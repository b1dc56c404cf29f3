//! Our reading of ssh_config against ssh's own (`ssh -G`).

use ringwalk::transport::ssh_config::{
    ConfigError, Environment, Files, IdentityAgent, Request, Resolved, SshConfig, StrictHostKeys,
};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const CONFIGS: &[&str] = &[
    "",
    "# comment\n\n   # another\nPort 2200\n",
    "Host web\n  HostName %h.example.com\n  Port 2222\nHost *\n  Port 2200\n  User everyone\n",
    "Host w* !web\n User w\nHost !web *\n User other\nHost !web\n User never\n",
    "Host web db-?\n\tPort=2201\n\tUser = ops\nHost DB-1\n Port 2202\n",
    "HostName=Alias.Example.COM\nUser \"quoted user\"\nIdentityFile \"~/.ssh/with space\"\n",
    "port 2203\nPORT 2204\nUSER first\nuser second\n",
    "Host web\n IdentityFile ~/.ssh/a\n IdentityFile ~/.ssh/a\nIdentityFile ~/.ssh/b\nHost *\n IdentityFile /c/%h_%r_%p_%n\nIdentitiesOnly yes\n",
    "IdentityFile %d/.ssh/%u_%i_100%%\nCertificateFile ~/a-cert.pub\nCertificateFile ~/b-cert.pub\nIdentityAgent ~/agent/%h\n",
    "IdentityAgent none\nIdentityFile none\nHost *\n IdentityAgent /late\n",
    "IdentityAgent SSH_AUTH_SOCK\n",
    "Host web\n ProxyJump ops@bastion:2222,inner\nHost db-1\n ProxyJump none\nHost *\n ProxyJump fallback\n",
    "Host web\n ProxyCommand none\nProxyJump bastion\n",
    "UserKnownHostsFile ~/.ssh/k1 /k/%h\nGlobalKnownHostsFile /g1 /g2\nStrictHostKeyChecking accept-new\nConnectTimeout 7\n",
    "StrictHostKeyChecking off\nConnectTimeout 1m30s\n",
    "StrictHostKeyChecking yes\nConnectTimeout none\nConnectTimeout 4\n",
    "StrictHostKeyChecking ask\nHostKeyAlias the-alias\n",
    "Match host web\n User m1\nMatch all\n Port 2205\nMatch !host web\n User m2\n",
    "Match originalhost web,db-* user root\n Port 2206\nMatch !user root\n Port 2207\nMatch localuser root host !web,*\n User local\n",
    "Host web\n HostName real.example.com\nMatch host real.*\n User by-real\nMatch originalhost web\n Port 2208\n",
    "User early\nMatch user early\n Port 2209\nMatch user late\n Port 2210\n",
    "Match host=web\n Port 2211\nMatch host \"db-1,db-2\"\n Port 2212\nMatch HOST WEB\n User shouted\n",
    "Host nobody\n Port 1\nMatch originalhost nobody exec true\n Port 2\nHost *\n Port 2213\n",
    "Match host nobody exec \"touch /tmp/never\"\n Port 1\nMatch all\n Port 2214\n",
    "Match host nobody exec \"test x = y\"\n Port 1\nMatch host = nobody exec=\"a=b c\" user z\n Port 2\nMatch host = web\n Port 2220\nMatch host= web,db-1\n User spaced\nMatch host =web\n User late\n",
    "Include inc/*.conf\nPort 2299\n",
    "Host web\n Include inc/one.conf missing.conf\nHost *\n User after\n",
    "Host nobody\n Include inc/*.conf\nHost *\n Port 2215\n",
    "Include inc/nested\nUser outer\n",
    "Include inc/[!o]*.conf inc/[a-o][m-n]e.conf inc/*\nUser outer\n",
    "ConnectTimeout 0\nHost *\n ConnectTimeout 4\n",
    "Host 'web' # trailing comment\n Port 2216 # here too\n User a#b\n",
    "ForwardAgent yes\nServerAliveInterval 5\nHost *\n Compression yes\n Port 2217\n",
    "Host 10.0.*\n User net\nHost 10.0.1.1?\n Port 2218\nHost fd00::*\n User six\n",
    "User back\\\\slash\nPort 2219\n",
];

const INCLUDED: &[(&str, &str)] = &[
    ("inc/one.conf", "User from-one\nHost web\n Port 2301\nHost db-1\n Port 2302\n"),
    ("inc/two.conf", "Port 2303\nMatch host web\n IdentityFile ~/.ssh/two\n"),
    ("inc/.hidden.conf", "Port 1\n"),
    ("inc/nested", "Include inc/one.conf\nConnectTimeout 3\n"),
    ("inc/folder/of.conf", "Port 1\n"),
];

const HOSTS: &[&str] = &["web", "WEB", "db-1", "db-22", "10.0.1.12", "fd00::1", "other.example.com"];

/// The home that ssh takes from the user database.
fn environment() -> Environment {
    let output = Command::new("sh").args(["-c", "eval echo ~$(id -un)"]).output().unwrap();
    let home = PathBuf::from(String::from_utf8(output.stdout).unwrap().trim());
    Environment { home, ..Environment::of_this_process() }
}

/// Relative includes are below ~/.ssh, which tests leave alone: they are written with their whole path.
fn placed(text: &str, directory: &Path) -> String {
    let absolute = format!(" {}/inc/", directory.display());
    text.replace(" inc/", &absolute)
        .replace(" missing.conf", &format!(" {}/missing.conf", directory.display()))
}

fn resolve(file: &Path, host: &str) -> Result<Resolved, ConfigError> {
    let list = |directory: &Path| {
        let entries = fs::read_dir(directory).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let read = |path: &Path| fs::read_to_string(path);
    let files = Files { read: &read, list: &list };
    let environment = environment();
    let config = SshConfig::parse(file, &fs::read_to_string(file).unwrap(), &files, &environment)?;
    config.resolve(&Request { host, ..Request::default() }, &environment)
}

/// What `ssh -G` prints, by keyword.
fn ask_ssh(file: &Path, host: &str) -> BTreeMap<String, Vec<String>> {
    let output = Command::new("ssh").arg("-G").arg("-F").arg(file).arg(host).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let (keyword, value) = line.split_once(' ').unwrap_or((line, ""));
        found.entry(keyword.to_owned()).or_default().push(value.to_owned());
    }
    found
}

/// Our answer in ssh's words.
fn in_sshs_words(resolved: &Resolved) -> BTreeMap<String, Vec<String>> {
    let paths = |paths: &[PathBuf]| paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
    let strict = match resolved.strict_host_keys {
        StrictHostKeys::Yes => "true",
        StrictHostKeys::No => "false",
        StrictHostKeys::Ask => "ask",
        StrictHostKeys::AcceptNew => "accept-new",
    };
    let agent = match &resolved.identity_agent {
        IdentityAgent::Environment => Vec::new(),
        IdentityAgent::None => vec!["none".to_owned()],
        IdentityAgent::Socket(path) => vec![path.display().to_string()],
    };
    let timeout = resolved.connect_timeout.map_or("none".to_owned(), |timeout| timeout.as_secs().to_string());
    let flag = if resolved.identities_only { "yes" } else { "no" };
    BTreeMap::from([
        ("hostname", vec![resolved.host_name.clone()]),
        ("user", vec![resolved.user.clone()]),
        ("port", vec![resolved.port.to_string()]),
        ("identityfile", paths(&resolved.identity_files)),
        ("certificatefile", paths(&resolved.certificate_files)),
        ("identitiesonly", vec![flag.to_owned()]),
        ("identityagent", agent),
        ("proxyjump", resolved.jump.clone().into_iter().collect()),
        ("userknownhostsfile", vec![paths(&resolved.user_known_hosts).join(" ")]),
        ("globalknownhostsfile", vec![paths(&resolved.global_known_hosts).join(" ")]),
        ("hostkeyalias", resolved.host_key_alias.clone().into_iter().collect()),
        ("stricthostkeychecking", vec![strict.to_owned()]),
        ("connecttimeout", vec![timeout]),
    ])
    .into_iter()
    .map(|(keyword, values)| (keyword.to_owned(), values))
    .collect()
}

/// Expands what `ssh -G` leaves as it is written.
fn expanded(raw: &str, answer: &BTreeMap<String, Vec<String>>, host: &str) -> String {
    let environment = environment();
    let home = environment.home.display().to_string();
    let value = |keyword: &str| answer[keyword][0].clone();
    let raw = raw.strip_prefix('~').map_or(raw.to_owned(), |rest| format!("{home}{rest}"));
    [
        ("%h", value("hostname")),
        ("%n", host.to_owned()),
        ("%p", value("port")),
        ("%r", value("user")),
        ("%d", home),
        ("%u", environment.user.clone()),
        ("%i", environment.user_id.to_string()),
        ("%%", "%".to_owned()),
    ]
    .iter()
    .fold(raw, |text, (token, value)| text.replace(token, value))
}

#[test]
fn every_host_is_reached_as_ssh_would_reach_it() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("inc")).unwrap();
    for (name, text) in INCLUDED {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, placed(text, directory.path())).unwrap();
    }
    let file = directory.path().join("config");
    let is_default = |paths: &[String]| paths.iter().any(|path| path == "~/.ssh/id_xmss");
    for config in CONFIGS {
        fs::write(&file, placed(config, directory.path())).unwrap();
        for host in HOSTS {
            let ours = match resolve(&file, host) {
                Ok(resolved) => in_sshs_words(&resolved),
                Err(error) => panic!("{config}\n{host}: {error}"),
            };
            let theirs = ask_ssh(&file, host);
            for (keyword, ours) in &ours {
                let theirs_raw = theirs.get(keyword).cloned().unwrap_or_default();
                let raw = ["identityfile", "certificatefile"].contains(&keyword.as_str());
                let theirs = match theirs_raw {
                    paths if is_default(&paths) => Vec::new(),
                    paths if raw => paths.iter().map(|path| expanded(path, &theirs, host)).collect(),
                    // Printed although it is the default, depending on the version.
                    agent if keyword == "identityagent" && agent == ["SSH_AUTH_SOCK"] => Vec::new(),
                    // No limit either way.
                    zero if keyword == "connecttimeout" && zero == ["0"] => vec!["none".to_owned()],
                    values => values,
                };
                assert_eq!(*ours, theirs, "{keyword} of {host} in\n{config}");
            }
        }
    }
}

#[test]
fn what_would_lead_elsewhere_is_refused_with_its_place_if_it_applies() {
    let cases = [
        ("Host web\n ProxyCommand nc %h %p\n", "web", Some("2: ProxyCommand is not supported")),
        ("Host web\n ProxyCommand nc %h %p\n", "db", None),
        ("ProxyJump b\nProxyCommand nc %h %p\n", "web", None),
        ("RevokedHostKeys /etc/ssh/revoked\n", "web", Some("1: RevokedHostKeys is not supported")),
        ("RevokedHostKeys none\nHost db\n RevokedHostKeys /late\n", "db", None),
        ("Host web\n RevokedHostKeys ~/revoked\n", "db", None),
        ("Match exec \"true\"\n Port 1\n", "web", Some("1: `Match exec` is not supported")),
        ("Host x\nMatch host web exec true\n Port 1\n", "web", Some("2: `Match exec` is not supported")),
        ("Match host web exec true\n Port 1\n", "db", None),
        ("Match final all\n Port 1\n", "web", Some("1: `Match final` is not supported")),
        ("Match canonical\n Port 1\n", "web", Some("1: `Match canonical` is not supported")),
        ("Match host web final\n Port 1\n", "db", None),
        ("Match tagged x\n Port 1\n", "web", Some("1: `Match tagged` is not supported")),
        ("Match host\n Port 1\n", "web", Some("1: `Match host` has no value")),
        ("Port x\n", "web", Some("1: `x` is not a port")),
        ("Port\n", "web", Some("1: port has no value")),
        ("User \"x\n", "web", Some("1: a quote is not closed")),
        ("IdentityFile ~/%C\n", "web", Some("1: the token %C in `~/%C` is not supported")),
        ("IdentityFile ~bob/key\n", "web", Some("1: `~bob/key` names another user's home")),
        ("IdentityFile ${NO_SUCH_VARIABLE}/key\n", "web", Some("NO_SUCH_VARIABLE")),
        ("StrictHostKeyChecking maybe\n", "web", Some("1: `maybe` is not one of")),
        ("IdentitiesOnly maybe\n", "web", Some("1: `maybe` is neither yes nor no")),
        ("ConnectTimeout soon\n", "web", Some("1: `soon` is not a time")),
    ];
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config");
    for (config, host, expected) in cases {
        fs::write(&file, config).unwrap();
        match (resolve(&file, host), expected) {
            (Ok(_), None) => {}
            (Err(error), Some(expected)) => {
                let text = error.to_string();
                assert!(text.starts_with(&format!("{}:", file.display())), "{text}");
                assert!(text.contains(expected), "{text}");
            }
            (result, _) => panic!("{config}: {result:?}"),
        }
    }
}

#[test]
fn a_file_that_includes_itself_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config");
    fs::write(&file, format!("Include {}\n", file.display())).unwrap();
    let error = resolve(&file, "web").unwrap_err();
    assert!(error.problem.contains("16 includes"), "{error}");
}

#[test]
fn what_the_inventory_says_wins_over_the_file() {
    let read = |path: &Path| fs::read_to_string(path);
    let files = Files { read: &read, list: &|_| Vec::new() };
    let environment = environment();
    let text = "ProxyCommand nc %h %p\nUser file\nPort 1\n";
    let config = SshConfig::parse(Path::new("config"), text, &files, &environment).unwrap();
    let request = Request { host: "web", user: Some("ops"), port: Some(2222), jump: Some("bastion") };
    let resolved = config.resolve(&request, &environment).unwrap();
    assert_eq!((resolved.user.as_str(), resolved.port), ("ops", 2222));
    assert_eq!(resolved.jump.as_deref(), Some("bastion"));
    let direct = config.resolve(&Request { jump: Some("none"), ..request }, &environment).unwrap();
    assert_eq!(direct.jump, None);
}
