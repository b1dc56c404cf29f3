//! The client port of a simulated node: plaintext or TLS by its policy, and CQL v4 as far as ringwalk asks.

use super::applications::Application;
use super::cassandra::Speaks;
use super::world::World;
use crate::facts::placement::Replication;
use crate::facts::ring::Keyspace;
use crate::transport::Connection;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, join, split};
use tokio_rustls::TlsAcceptor;

/// The one schema version that all nodes hold.
pub const SCHEMA: &str = "59adb24e-f3cd-3e02-97f0-5b395827453f";

const TLS_HANDSHAKE: u8 = 0x16;
/// What a request may have at most; ringwalk's are far shorter.
const LONGEST_BODY_BYTES: usize = 64 << 10;

/// Serves one connection to its end.
pub async fn serve(world: Arc<World>, node: usize, speaks: Speaks, mut connection: impl Connection) {
    let Ok(first) = connection.read_u8().await else { return };
    let (reader, writer) = split(connection);
    let mut stream = join(io::Cursor::new([first]).chain(reader), writer);
    let _ = match (first == TLS_HANDSHAKE, speaks.tls) {
        (true, Some(config)) if speaks.policy.accepts_tls() => {
            match TlsAcceptor::from(config).accept(stream).await {
                Ok(mut stream) => answer(&world, node, &mut stream).await,
                Err(error) => Err(error),
            }
        }
        (false, _) if speaks.policy.accepts_plaintext() => answer(&world, node, &mut stream).await,
        // Bytes that are no CQL are answered with a CQL error; who speaks plaintext to TLS is hung up on (Netty).
        (true, _) => stream.write_all(&frame([0, 0], 0, &[0, 0, 0, 10, 0, 0])).await,
        (false, _) => Ok(()),
    };
}

async fn answer(
    world: &World,
    node: usize,
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
) -> io::Result<()> {
    loop {
        let mut header = [0; 9];
        stream.read_exact(&mut header).await?;
        let [_, _, high, low, opcode, length @ ..] = header;
        let length = u32::from_be_bytes(length) as usize;
        if length > LONGEST_BODY_BYTES {
            return Ok(());
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        let reply = match opcode {
            5 => frame([high, low], 6, &[0, 0]),
            1 => frame([high, low], 2, &[]),
            _ => frame([high, low], 8, &rows(world, node, &String::from_utf8_lossy(&body))),
        };
        stream.write_all(&reply).await?;
        stream.flush().await?;
    }
}

fn frame(stream: [u8; 2], opcode: u8, body: &[u8]) -> Vec<u8> {
    let head = [0x84, 0, stream[0], stream[1], opcode];
    [&head[..], &(body.len() as u32).to_be_bytes(), body].concat()
}

/// A column's type by its name: the option of the protocol.
fn kind(column: &str) -> &'static [u8] {
    match column {
        "host_id" | "schema_version" => &[0, 0x0c],
        "peer" | "rpc_address" | "broadcast_address" | "address" => &[0, 0x10],
        "port" => &[0, 0x09],
        "ssl_enabled" => &[0, 0x04],
        "tokens" => &[0, 0x22, 0, 0x0d],
        "replication" => &[0, 0x21, 0, 0x0d, 0, 0x0d],
        _ => &[0, 0x0d],
    }
}

fn rows(world: &World, node: usize, query: &str) -> Vec<u8> {
    let after = query.split_once("SELECT ").map_or("", |(_, after)| after);
    let (columns, from) = after.split_once(" FROM ").unwrap_or((after, ""));
    let columns: Vec<&str> = match columns {
        "*" => CLIENT_COLUMNS.to_vec(),
        named => named.split(", ").collect(),
    };
    let mut body =
        [&2_u32.to_be_bytes()[..], &1_u32.to_be_bytes(), &(columns.len() as u32).to_be_bytes()].concat();
    body.extend([string("system"), string("x")].concat());
    for column in &columns {
        body.extend(string(column));
        body.extend_from_slice(kind(column));
    }
    let values = match from.split('.').next() {
        Some("system_schema") => keyspaces(world),
        Some("system_views") => clients(world, node, &columns),
        _ => members(world, node, from.starts_with("system.local"), &columns),
    };
    body.extend((values.len() as u32).to_be_bytes());
    body.extend(values.concat());
    body
}

/// Of `system_views.clients`, the one table that is asked for whole.
const CLIENT_COLUMNS: [&str; 5] = ["address", "port", "driver_name", "connection_stage", "ssl_enabled"];

/// Who is connected, in plaintext; of who speaks TLS nothing is simulated.
fn clients(world: &World, node: usize, columns: &[&str]) -> Vec<Vec<u8>> {
    if columns != CLIENT_COLUMNS {
        return Vec::new();
    }
    let state = world.state();
    let row = |application: &Application| {
        let value = |column: &&str| match *column {
            "address" => bytes(&address(&application.address)),
            "port" => bytes(&49_152_u32.to_be_bytes()),
            "ssl_enabled" => bytes(&[0]),
            "driver_name" => bytes(application.driver.as_bytes()),
            _ => bytes(b"ready"),
        };
        columns.iter().map(value).collect::<Vec<_>>().concat()
    };
    state.connected(node).map(row).collect()
}

fn members(world: &World, node: usize, is_local: bool, columns: &[&str]) -> Vec<Vec<u8>> {
    let state = world.state();
    let asked = state.machines.iter().enumerate().filter(|(other, _)| (*other == node) == is_local);
    let row = |(_, machine): (usize, &super::world::Machine)| {
        let member = &machine.member;
        // Each of a thousand nodes is asked about all of them.
        let mut row = Vec::with_capacity(256);
        for column in columns {
            match *column {
                "host_id" => put(&mut row, &uuid(&member.host_id)),
                "schema_version" => put(&mut row, &uuid(SCHEMA)),
                "rpc_address" => put(&mut row, &address(&member.rpc_address)),
                "peer" | "broadcast_address" => put(&mut row, &address(&member.address)),
                "tokens" => {
                    let tokens = member.tokens.iter().map(|token| bytes(token.to_string().as_bytes()));
                    put(&mut row, &list(tokens.collect()));
                }
                "cluster_name" => put(&mut row, state.cluster.as_bytes()),
                "partitioner" => put(&mut row, state.partitioner.as_bytes()),
                "data_center" => put(&mut row, member.datacenter.as_bytes()),
                "rack" => put(&mut row, member.rack.as_bytes()),
                _ => put(&mut row, member.release_version.as_bytes()),
            }
        }
        row
    };
    asked.map(row).collect()
}

fn keyspaces(world: &World) -> Vec<Vec<u8>> {
    let state = world.state();
    let row = |keyspace: &Keyspace| {
        [bytes(keyspace.name.as_bytes()), bytes(&replication(&keyspace.replication))].concat()
    };
    state.keyspaces.iter().map(row).collect()
}

/// As `system_schema.keyspaces` has it.
fn replication(replication: &Replication) -> Vec<u8> {
    let (class, factors) = match replication {
        Replication::Simple { factor } => {
            ("SimpleStrategy", vec![("replication_factor".to_owned(), factor.to_string())])
        }
        Replication::NetworkTopology(factors) => {
            let factors = factors.iter().map(|(datacenter, factor)| (datacenter.clone(), factor.to_string()));
            ("NetworkTopologyStrategy", factors.collect())
        }
        Replication::Local => ("LocalStrategy", Vec::new()),
        Replication::Everywhere => ("EverywhereStrategy", Vec::new()),
        Replication::Unknown(_) => ("UnknownStrategy", Vec::new()),
    };
    let class = [("class".to_owned(), format!("org.apache.cassandra.locator.{class}"))];
    let entries = class.into_iter().chain(factors);
    list(entries.map(|(key, value)| [bytes(key.as_bytes()), bytes(value.as_bytes())].concat()).collect())
}

fn string(text: &str) -> Vec<u8> {
    [&(text.len() as u16).to_be_bytes()[..], text.as_bytes()].concat()
}

fn bytes(value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(4 + value.len());
    put(&mut bytes, value);
    bytes
}

/// A value as a row has it: its length, then itself.
fn put(row: &mut Vec<u8>, value: &[u8]) {
    row.extend_from_slice(&(value.len() as u32).to_be_bytes());
    row.extend_from_slice(value);
}

/// A collection: how many, then each.
fn list(items: Vec<Vec<u8>>) -> Vec<u8> {
    [&(items.len() as u32).to_be_bytes()[..], &items.concat()].concat()
}

fn uuid(text: &str) -> Vec<u8> {
    u128::from_str_radix(&text.replace('-', ""), 16).unwrap_or(0).to_be_bytes().into()
}

fn address(text: &str) -> Vec<u8> {
    match text.parse() {
        Ok(IpAddr::V4(address)) => address.octets().into(),
        Ok(IpAddr::V6(address)) => address.octets().into(),
        Err(_) => Vec::new(),
    }
}
