//! A new CA in three passes, by the commands of docs/rotate-ca.md, from where `own_stores` leaves the ring: in mutual TLS.

use super::client::Clients;
use super::desk::ROLLOUT;
use super::own_stores::{Empty, form};
use super::rig::repository;
use super::rotate::{processes, reloads};
use std::fs;

/// The lines of the page that are for a shell, in its order.
fn documented() -> Vec<String> {
    let page = fs::read_to_string(repository().join("docs/rotate-ca.md")).unwrap();
    let blocks = page.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap());
    let lines = blocks.flat_map(str::lines).filter(|line| !line.starts_with("export "));
    lines.map(Into::into).collect()
}

pub fn scene() {
    let here = Empty::of_this_ring();
    let commands: Vec<String> = documented().iter().map(|line| in_form(line)).collect();
    let [new_ca, passwords, issue, trust, both, client, plan, trust_both, new_leaves, trust_new, again] =
        commands.as_slice()
    else {
        panic!("the page has other commands: {commands:?}")
    };
    for line in [new_ca, passwords, issue, trust, both, client] {
        here.shell(line, 0);
    }
    here.write("rotate-ca.yaml", &playbook(&here));
    here.shell(plan, 10);
    let (old, new) = (Identity { directory: "clients" }, Identity { directory: "clients-2027" });
    let before = processes();

    let trusts_old = old.client(&here, "ca/ca.pem");
    here.shell(trust_both, 4);
    trusts_old.saw_no_failure();

    // One with its certificate of old, one with a new one; both trust both.
    let (moves, moved) = (old.client(&here, "both.pem"), new.client(&here, "both.pem"));
    here.shell(new_leaves, 4);
    moves.saw_no_failure();
    let trusts_new = new.client(&here, "ca-2027/ca.pem");
    assert!(!here.client("ca/ca.pem", Some(&new.files())), "the old CA has no node left");

    here.shell(trust_new, 0);
    moved.saw_no_failure();
    trusts_new.saw_no_failure();
    assert!(here.client("ca-2027/ca.pem", Some(&new.files())));
    assert!(!here.client("both.pem", Some(&old.files())), "a certificate of the old CA is refused");
    let says = here.shell(again, 0);
    assert!(says.contains("nothing to do"), "{says}");
    assert_eq!(before == processes(), reloads(), "a process is restarted if it cannot reload");

    // All three passes back, although no port lets in who has no certificate, and a rollback has none.
    here.shell("ringwalk rollback --yes", 0);
    assert!(here.client("ca/ca.pem", Some(&old.files())), "who trusts the old CA is served again");
    assert!(!here.client("ca-2027/ca.pem", Some(&new.files())), "the new CA has no node left");
}

/// The page with the form of stores that this ring has.
fn in_form(text: &str) -> String {
    let (kind, ext) = form();
    let issue = format!("stores issue --type {kind} ");
    text.replace(".p12", &format!(".{ext}")).replace("stores issue ", &issue)
}

/// The page's phases over the stores that the ring has.
fn playbook(here: &Empty) -> String {
    let page = fs::read_to_string(repository().join("docs/rotate-ca.md")).unwrap();
    let yaml = page.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let phases = in_form(&yaml[yaml.find("phases:").unwrap()..]);
    let enabled = fs::read_to_string(here.directory.join("enable.yaml")).unwrap();
    let stores = &enabled[..enabled.find("phases:").unwrap()];
    format!("{stores}{phases}{ROLLOUT}")
}

/// The directory in which `stores client` put a client's certificate and key.
struct Identity {
    directory: &'static str,
}

impl Identity {
    fn files(&self) -> [String; 2] {
        ["pem", "key"].map(|extension| format!("{}/app/app.{extension}", self.directory))
    }

    /// An application that shows it and trusts `authorities`, once it reads and writes.
    fn client(&self, here: &Empty, authorities: &str) -> Clients {
        let in_here = |name: &str| here.directory.join(name).display().to_string();
        let [certificate, key] = self.files().map(|name| in_here(&name));
        let (trusts, way) =
            (in_here(authorities), format!("{}-{}", self.directory, authorities.replace('/', "-")));
        let words = ["--tls", &trusts, "--check-hostname", "--cert", &certificate, "--key", &key];
        Clients::started(&here.directory.join(format!("client-{way}")), &words)
    }
}
