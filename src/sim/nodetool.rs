//! nodetool on a simulated node, in the words that the real one prints (captured from 4.1).

use super::cassandra::speaks;
use super::world::State;
use crate::transport::Output;
use std::collections::BTreeSet;
use std::fmt::Write;
use tokio::time::Instant;

pub fn answer(state: &mut State, node: usize, arguments: &[String], now: Instant) -> Output {
    let machine = &state.machines[node];
    let is_ready = machine.process.as_ref().is_some_and(|process| now >= process.opens_at);
    if !is_ready {
        let words =
            "nodetool: Failed to connect to '127.0.0.1:7199' - ConnectException: 'Connection refused'.";
        return Output { code: 1, stdout: Vec::new(), stderr: words.into() };
    }
    let text = match arguments.last().map(String::as_str) {
        Some("status") => status(state, node, now),
        Some("describecluster") => describecluster(state),
        Some("reloadssl") => return reload(state, node),
        _ => String::new(),
    };
    Output { code: 0, stdout: text.into_bytes(), stderr: Vec::new() }
}

fn status(state: &State, node: usize, now: Instant) -> String {
    let datacenters: BTreeSet<&str> =
        state.machines.iter().map(|machine| machine.member.datacenter.as_str()).collect();
    datacenters.into_iter().map(|datacenter| status_of(state, node, datacenter, now)).collect()
}

fn status_of(state: &State, node: usize, datacenter: &str, now: Instant) -> String {
    let mut text = format!("Datacenter: {datacenter}\n===============\nStatus=Up/Down\n");
    text.push_str("--  Address    Load        Tokens  Owns  Host ID                               Rack\n");
    let of_it =
        state.machines.iter().enumerate().filter(|(_, machine)| machine.member.datacenter == datacenter);
    for (other, machine) in of_it {
        let letter = if state.sees_up(node, other, now) { 'U' } else { 'D' };
        let (member, tokens) = (&machine.member, machine.member.tokens.len());
        let (address, id, rack) = (&member.address, &member.host_id, &member.rack);
        let _ = writeln!(text, "{letter}N  {address}  141.99 KiB  {tokens}  ?  {id}  {rack}  ");
    }
    text
}

fn describecluster(state: &State) -> String {
    let addresses: Vec<&str> = state.machines.iter().map(|machine| machine.member.address.as_str()).collect();
    format!(
        "Cluster Information:\n\tName: {}\n\tSnitch: x\n\tPartitioner: {}\n\
         \tSchema versions:\n\t\t{}: [{}]\n\n",
        state.cluster,
        state.partitioner,
        super::cql::SCHEMA,
        addresses.join(", ")
    )
}

/// From 4.1.4 on a refusal is logged and the exit code says nothing of it (measured).
fn reload(state: &mut State, node: usize) -> Output {
    let serial = state.random.below(1_000_000_000);
    let machine = &mut state.machines[node];
    let made = speaks(&machine.files, &machine.install, machine.version, machine.port);
    match (made, &mut machine.process) {
        (Ok(made), Some(process)) => process.speaks.tls = made.tls,
        (Ok(_), None) => {}
        (Err(words), _) => machine.log.push_str(&format!(
            "ERROR [RMI] {serial} SSLFactory.java:310 - Failed to hot reload the SSL Certificates!\n{words}\n"
        )),
    }
    Output { code: 0, stdout: Vec::new(), stderr: Vec::new() }
}
