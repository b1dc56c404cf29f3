//! The doors of a simulated node on this machine: an SSH server, and its client port while it serves.

use super::cql;
use super::host::SimHost;
use super::line;
use super::world::World;
use crate::transport::Host;
use russh::keys::{PrivateKey, PublicKey};
use russh::server::{Auth, ChannelOpenHandle, Config, Handler, Msg, Session, VerifiedPublicKey, run_stream};
use russh::{Channel, ChannelId, ChannelMsg};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// How soon a port follows its node: well below what a person or a gate notices.
const FOLLOWS_WITHIN: Duration = Duration::from_millis(20);

/// Listens for SSH on a free port of the address; whoever shows the private half of `operator` is let in. Returns the port.
pub async fn ssh(
    world: &Arc<World>,
    name: &str,
    address: &str,
    host_key: PrivateKey,
    operator: PublicKey,
) -> io::Result<u16> {
    let listener = TcpListener::bind((address, 0)).await?;
    let port = listener.local_addr()?.port();
    let host = SimHost::new(world, name).ok_or(io::ErrorKind::NotFound)?;
    let host: Arc<dyn Host> = Arc::new(host);
    let config = Arc::new(Config { keys: vec![host_key], ..Config::default() });
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            let door = Door { host: Arc::clone(&host), operator: operator.clone() };
            let config = Arc::clone(&config);
            tokio::spawn(async move {
                if let Ok(session) = run_stream(config, stream, door).await {
                    let _ = session.await;
                }
            });
        }
    });
    Ok(port)
}

/// Keeps the node's client port open while the node serves, and closed while it does not.
pub async fn clients(world: Arc<World>, name: String) {
    let Some(host) = SimHost::new(&world, &name) else { return };
    loop {
        let Some(place) = world.serves_at(&name) else {
            sleep(FOLLOWS_WITHIN).await;
            continue;
        };
        let Ok(listener) = TcpListener::bind(&place).await else {
            sleep(FOLLOWS_WITHIN).await;
            continue;
        };
        while world.serves_at(&name).is_some() {
            tokio::select! {
                Ok((stream, _)) = listener.accept() => {
                    if let Some(speaks) = host.speaks_on(place.1) {
                        tokio::spawn(cql::serve(Arc::clone(&world), host.node(), speaks, stream));
                    }
                }
                () = sleep(FOLLOWS_WITHIN) => {}
            }
        }
    }
}

/// One connection of the SSH server.
struct Door {
    host: Arc<dyn Host>,
    operator: PublicKey,
}

impl Handler for Door {
    type Error = russh::Error;

    async fn auth_publickey(&mut self, _: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, russh::Error> {
        match key.public_key.key_data() == self.operator.key_data() {
            true => Ok(Auth::Accept),
            false => Ok(Auth::reject()),
        }
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        reply.accept().await;
        tokio::spawn(command(Arc::clone(&self.host), channel));
        Ok(())
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        _: &[u8],
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        session.channel_success(channel)
    }

    async fn channel_open_direct_tcpip(
        &mut self,
        channel: Channel<Msg>,
        address: &str,
        port: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        let port = u16::try_from(port).unwrap_or_default();
        match TcpStream::connect((address, port)).await {
            Ok(mut stream) => {
                reply.accept().await;
                tokio::spawn(async move {
                    let _ = copy_bidirectional(&mut channel.into_stream(), &mut stream).await;
                });
            }
            Err(_) => reply.reject(russh::ChannelOpenFailure::ConnectFailed).await,
        }
        Ok(())
    }
}

/// Takes in a command and what it reads, has the node do it, and says how it ended.
async fn command(host: Arc<dyn Host>, mut channel: Channel<Msg>) -> Result<(), russh::Error> {
    let (mut line, mut stdin) = (Vec::new(), Vec::new());
    loop {
        match channel.wait().await {
            Some(ChannelMsg::Exec { command, .. }) => line = command,
            Some(ChannelMsg::Data { data }) => stdin.extend_from_slice(&data),
            Some(ChannelMsg::Eof) => break,
            Some(_) => {}
            None => return Ok(()),
        }
    }
    let asked = line::command(&String::from_utf8_lossy(&line), stdin);
    let answer = match &asked {
        Some(asked) => host.run(asked).await.ok(),
        None => None,
    };
    match answer {
        Some(output) => {
            channel.data(output.stdout.as_slice()).await?;
            channel.extended_data(1, output.stderr.as_slice()).await?;
            channel.exit_status(output.code as u32).await?;
        }
        // As a shell says of a command that it does not know.
        None => channel.exit_status(127).await?,
    }
    channel.eof().await?;
    channel.close().await
}
