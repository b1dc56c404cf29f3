//! This machine: connections go out from here, and nothing is run.

use super::{Command, Connection, Host, HostError, Output};
use async_trait::async_trait;
use tokio::net::TcpStream;

pub struct Here;

#[async_trait]
impl Host for Here {
    fn name(&self) -> &str {
        "this machine"
    }

    async fn run(&self, command: &Command) -> Result<Output, HostError> {
        let _ = command;
        Err(HostError::Unusable {
            doing: "running a command".into(),
            problem: "only connections go out from here".into(),
        })
    }

    async fn connect(&self, address: &str, port: u16) -> Result<Box<dyn Connection>, HostError> {
        match TcpStream::connect((address, port)).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(source) if source.kind() == std::io::ErrorKind::ConnectionRefused => {
                Err(HostError::Refused { address: address.into(), port, problem: source.to_string() })
            }
            Err(source) => Err(HostError::Unreachable { address: format!("{address}:{port}"), source }),
        }
    }
}
