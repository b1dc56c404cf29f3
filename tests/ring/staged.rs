//! The staged way and back, by the commands of docs/enable.md: a straggler holds `require` until it is gone.

use super::client::Clients;
use super::desk::{Desk, ROLLOUT, documented, documented_phases, stores};
use super::enable::nothing_is_left_to_do_with;
use super::rig::nodes;
use super::wire;

/// As on the page, with times for a test.
fn staged() -> String {
    stores()
        + "phases:
  - name: accept
    client_encryption_options: { enabled: true, optional: true }
  - name: require
    enter_when: { plaintext_clients: 0, for: 10s, within: 5m }
    client_encryption_options: { optional: false }
" + ROLLOUT
}

fn back() -> String {
    stores() + &documented_phases("enable.md") + ROLLOUT
}

/// What a version that does not tell who speaks TLS wants beside a count.
fn approved(playbook: &str) -> String {
    playbook.replace(", within: 5m }", ", within: 5m, approved: true }")
}

fn accept_plaintext() -> bool {
    nodes().iter().all(|(_, address)| wire::takes_plaintext(address, 9042))
}

pub fn scene() {
    let desk = Desk::of_this_ring();
    desk.write("staged.yaml", &staged());
    desk.write("back.yaml", &back());
    let commands = documented("enable.md");
    let [clients, plan, apply, again, resume, back_again] = commands.as_slice() else {
        panic!("the page has other commands: {commands:?}")
    };
    let run = |words: &[String]| {
        desk.ringwalk_with("staged.yaml", &words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let load = Clients::speaking(&desk, "tls");

    // The ring requires TLS: the page's last command is the first here, and nobody goes back by accident.
    desk.write("accident.yaml", &back().replace("    goes_back: true\n", ""));
    desk.ringwalk_with("accident.yaml", &["plan"]).exits(2).says("goes_back: true");
    let (words, playbook) = back_again.split_at(back_again.len() - 2);
    assert_eq!(playbook, ["-p", "back.yaml"]);
    let words: Vec<&str> = words.iter().map(String::as_str).chain(["--no-wait"]).collect();
    // Who speaks TLS holds the page's last phase.
    desk.ringwalk_with("back.yaml", &words).exits(4).says("in TLS: ");
    assert!(accept_plaintext(), "the nodes accept plaintext again");
    let audit = desk.ringwalk_with("staged.yaml", &["audit"]).exits(11);
    audit.says("port 9042 takes plaintext beside TLS (plaintext)").says_not("(not_restarted)");

    let straggler = Clients::speaking(&desk, "plain");
    run(clients).exits(0).says("still in plaintext: ").says("Apache Cassandra Python Driver");
    run(plan).exits(10).says("first: wait before phase require until no client speaks plaintext for 10s");
    run(apply).exits(4).says("in plaintext: ").says("resume");
    assert!(accept_plaintext(), "no node requires TLS while a client speaks plaintext");
    run(again).exits(0).says("still in plaintext: ");
    let words: Vec<&str> = resume.iter().map(String::as_str).collect();
    let resumed = desk.start("inventory.yaml", "staged.yaml", &words);
    resumed.until_it_says("waits: in plaintext: ");
    assert!(accept_plaintext());
    straggler.saw_no_failure();
    resumed.screen().exits(0).says("3 of 3 nodes done");
    load.saw_no_failure();
    wire::is_tls_only_with_the_leaves_of(&desk);
    nothing_is_left_to_do_with(&desk, "staged.yaml");
}

/// Before 4.0 a node does not tell who speaks TLS: the operator says so.
pub fn by_approval() {
    let desk = Desk::of_this_ring();
    desk.write("staged.yaml", &approved(&staged()));
    desk.write("back.yaml", &approved(&back()));
    let load = Clients::speaking(&desk, "tls");
    let no_wait = ["apply", "--yes", "--no-wait"];
    desk.ringwalk_with("back.yaml", &no_wait).exits(4).says("--approve off");
    assert!(accept_plaintext(), "the nodes accept plaintext again");
    desk.ringwalk_with("staged.yaml", &["clients"])
        .exits(0)
        .says("on 3 nodes, one look")
        .says("an unnamed driver");

    let straggler = Clients::speaking(&desk, "plain");
    desk.ringwalk_with("staged.yaml", &no_wait).exits(4).says("--approve require");
    assert!(accept_plaintext(), "no node requires TLS before a yes");
    straggler.saw_no_failure();
    let yes = ["apply", "--yes", "--approve", "require"];
    desk.ringwalk_with("staged.yaml", &yes).exits(0).says("3 of 3 nodes done");
    load.saw_no_failure();
    wire::is_tls_only_with_the_leaves_of(&desk);
    nothing_is_left_to_do_with(&desk, "staged.yaml");
}
