//! The staged way and back, by the commands of docs/enable.md: a straggler holds `require` until it is gone.

use super::client::Clients;
use super::desk::{Desk, ROLLOUT, documented, stores};
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
    stores()
        + "phases:
  - name: accept
    goes_back: true
    client_encryption_options: { enabled: true, optional: true }
" + ROLLOUT
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
    desk.ringwalk_with("back.yaml", &words.iter().map(String::as_str).collect::<Vec<_>>()).exits(0);
    let takes_plaintext = || nodes().iter().all(|(_, address)| wire::takes_plaintext(address, 9042));
    assert!(takes_plaintext(), "the nodes accept plaintext again");

    let straggler = Clients::speaking(&desk, "plain");
    run(clients).exits(0).says("still in plaintext: ").says("Apache Cassandra Python Driver");
    run(plan).exits(10).says("first: wait before phase require until no client speaks plaintext for 10s");
    run(apply).exits(4).says("in plaintext: ").says("resume");
    assert!(takes_plaintext(), "no node requires TLS while a client speaks plaintext");
    run(again).exits(0).says("still in plaintext: ");
    let words: Vec<&str> = resume.iter().map(String::as_str).collect();
    let resumed = desk.start("inventory.yaml", "staged.yaml", &words);
    resumed.until_it_says("waits: in plaintext: ");
    assert!(takes_plaintext());
    straggler.saw_no_failure();
    resumed.screen().exits(0).says("3 of 3 nodes done");
    load.saw_no_failure();
    wire::is_tls_only_with_the_leaves_of(&desk);
    nothing_is_left_to_do_with(&desk, "staged.yaml");
}
