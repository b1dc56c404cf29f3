//! This machine: connections are real, and go where this process can reach; nothing is run.

use async_trait::async_trait;
use ringwalk::transport::{Command, Connection, Host, HostError, Output};
use tokio::net::TcpStream;

pub struct ThisHost;

#[async_trait]
impl Host for ThisHost {
    fn name(&self) -> &str {
        "here"
    }

    async fn run(&self, _command: &Command) -> Result<Output, HostError> {
        unreachable!("looking at a port and reading a ring by CQL run no command")
    }

    async fn connect(&self, address: &str, port: u16) -> Result<Box<dyn Connection>, HostError> {
        match TcpStream::connect((address, port)).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => {
                Err(HostError::Refused { address: address.into(), port, problem: error.to_string() })
            }
        }
    }
}
