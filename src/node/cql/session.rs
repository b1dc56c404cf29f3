//! One CQL connection: native protocol v4, which every version from 3.0 on speaks, one request at a time.
//!
//! Frames are those of `scylla-cql`; the header is read here, because that crate takes any length that a peer claims.

use crate::secret::Secret;
use crate::transport::Connection;
use scylla_cql::frame::request::{
    SerializableRequest, auth_response::AuthResponse, query::Query, startup::Startup,
};
use scylla_cql::frame::response::error::DbError;
use scylla_cql::frame::response::result::{Result as QueryResult, ResultWithDeserializedMetadata};
use scylla_cql::frame::response::{Response, ResponseOpcode};
use scylla_cql::frame::{SerializedRequest, parse_response_body_extensions};
use scylla_cql::value::{CqlValue, Row as RawRow};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// Twice what a server gives a read by default (`read_request_timeout`, 5 s), so that its own error comes first.
const DEADLINE: Duration = Duration::from_secs(10);

/// `system.peers` of 2,000 nodes with 256 tokens each is about 13 MB; what claims more is not an answer to us.
const LONGEST_BODY_BYTES: usize = 64 << 20;

/// What a node lists our connections under, so that they are not taken for a client's.
pub const DRIVER_NAME: &str = "ringwalk";

/// A CQL login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    pub username: String,
    pub password: Secret,
}

/// A connection that is logged in.
pub struct Session {
    connection: Box<dyn Connection>,
}

impl Session {
    /// Starts the protocol, and logs in if the node demands it.
    pub async fn open(
        connection: Box<dyn Connection>,
        credentials: Option<&Credentials>,
    ) -> Result<Session, CqlError> {
        let mut session = Session { connection };
        let options = HashMap::from([
            ("CQL_VERSION".into(), "3.0.0".into()),
            ("DRIVER_NAME".into(), DRIVER_NAME.into()),
            ("DRIVER_VERSION".into(), env!("CARGO_PKG_VERSION").into()),
        ]);
        match session.ask(&Startup { options }, "starting CQL").await? {
            Response::Ready => Ok(session),
            Response::Authenticate(demand) => {
                let credentials = credentials.ok_or(CqlError::AuthenticationRequired)?;
                session.log_in(&demand.authenticator_name, credentials).await?;
                Ok(session)
            }
            other => Err(unexpected(&other)),
        }
    }

    /// SASL PLAIN. DSE's authenticator wants the mechanism named first, and then asks for the rest.
    async fn log_in(&mut self, authenticator: &str, credentials: &Credentials) -> Result<(), CqlError> {
        let doing = "logging in to CQL";
        let plain = || format!("\0{}\0{}", credentials.username, credentials.password.expose()).into_bytes();
        let names_mechanism = authenticator.ends_with("DseAuthenticator");
        let first = if names_mechanism { b"PLAIN".to_vec() } else { plain() };
        let mut response = self.ask(&AuthResponse { response: Some(first) }, doing).await;
        if let (true, Ok(Response::AuthChallenge(_))) = (names_mechanism, &response) {
            response = self.ask(&AuthResponse { response: Some(plain()) }, doing).await;
        }
        match response? {
            Response::AuthSuccess(_) => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    /// The rows of a query, all in one page: for small tables.
    pub async fn query(&mut self, cql: &str) -> Result<Vec<Row>, CqlError> {
        let query = Query { contents: cql.into(), parameters: Default::default() };
        match self.ask(&query, "waiting for an answer to a CQL query").await? {
            Response::Result(result) => rows(result),
            other => Err(unexpected(&other)),
        }
    }

    async fn ask<R: SerializableRequest>(
        &mut self,
        request: &R,
        doing: &'static str,
    ) -> Result<Response, CqlError> {
        let frame = SerializedRequest::make(request, None, false).map_err(unreadable)?;
        let exchange = async {
            self.connection.write_all(frame.get_data()).await?;
            self.connection.flush().await?;
            self.read_response().await
        };
        let deadline = CqlError::Deadline { doing, seconds: DEADLINE.as_secs() };
        match timeout(DEADLINE, exchange).await.map_err(|_| deadline)?? {
            Response::Error(error) => Err(server_error(error.error, error.reason)),
            response => Ok(response),
        }
    }

    async fn read_response(&mut self) -> Result<Response, CqlError> {
        let mut header = [0; 9];
        self.connection.read_exact(&mut header).await?;
        let [version, flags, _, _, opcode, length @ ..] = header;
        match version {
            0x84 => {}
            other if other & 0x80 != 0 => return Err(CqlError::ProtocolVersion { version: other & 0x7f }),
            _ => return Err(CqlError::NotCql),
        }
        let length = u32::from_be_bytes(length) as usize;
        if length > LONGEST_BODY_BYTES {
            return Err(CqlError::Unreadable { problem: format!("an answer of {length} bytes") });
        }
        let mut body = vec![0; length];
        self.connection.read_exact(&mut body).await?;
        let opcode = ResponseOpcode::try_from(opcode).map_err(unreadable)?;
        let body = parse_response_body_extensions(flags, None, body.into()).map_err(unreadable)?.body;
        Response::deserialize(&Default::default(), opcode, body, None).map_err(unreadable)
    }
}

/// One row: its values in the order of the columns' names; a null is `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Of all rows of an answer.
    columns: Arc<[String]>,
    values: Vec<Option<CqlValue>>,
}

impl Row {
    fn value(&self, column: &str) -> Option<&CqlValue> {
        let at = self.columns.iter().position(|name| name == column)?;
        self.values.get(at)?.as_ref()
    }

    /// A single value as `cqlsh` would show it. `None`: null, no such column, or a collection.
    pub fn text(&self, column: &str) -> Option<String> {
        self.value(column).and_then(text)
    }

    /// The values of a list or a set; none where it is null, as Cassandra stores an empty one.
    pub fn texts(&self, column: &str) -> Vec<String> {
        match self.value(column) {
            Some(CqlValue::Set(values) | CqlValue::List(values)) => values.iter().filter_map(text).collect(),
            _ => Vec::new(),
        }
    }

    pub fn map(&self, column: &str) -> BTreeMap<String, String> {
        match self.value(column) {
            Some(CqlValue::Map(entries)) => {
                entries.iter().filter_map(|(key, value)| Some((text(key)?, text(value)?))).collect()
            }
            _ => BTreeMap::new(),
        }
    }
}

fn text(value: &CqlValue) -> Option<String> {
    match value {
        CqlValue::Text(text) | CqlValue::Ascii(text) => Some(text.clone()),
        CqlValue::Uuid(uuid) => Some(uuid.to_string()),
        CqlValue::Inet(address) => Some(address.to_string()),
        CqlValue::Int(number) => Some(number.to_string()),
        CqlValue::BigInt(number) => Some(number.to_string()),
        CqlValue::Boolean(truth) => Some(truth.to_string()),
        _ => None,
    }
}

fn rows(result: QueryResult) -> Result<Vec<Row>, CqlError> {
    let ResultWithDeserializedMetadata::Rows((rows, _)) =
        result.deserialize_metadata().map_err(unreadable)?
    else {
        return Ok(Vec::new());
    };
    let columns: Arc<[String]> =
        rows.metadata().col_specs().iter().map(|column| column.name().to_string()).collect();
    let row = |row: RawRow| Row { columns: columns.clone(), values: row.columns };
    let raw = rows.rows_iter::<RawRow>().map_err(unreadable)?;
    raw.map(|raw| raw.map(row).map_err(unreadable)).collect()
}

/// Why CQL did not answer.
#[derive(Debug, thiserror::Error)]
pub enum CqlError {
    #[error("the node demands a CQL username and password")]
    AuthenticationRequired,
    #[error("the node refused the CQL login: {reason}")]
    BadCredentials { reason: String },
    #[error("the CQL role may not read what is needed: {reason}")]
    Unauthorized { reason: String },
    #[error("the node answered in CQL protocol v{version} and not in v4")]
    ProtocolVersion { version: u8 },
    #[error("the port answered, but not in CQL: it may demand TLS")]
    NotCql,
    #[error("the node answered a CQL request with: {reason}")]
    Server { reason: String },
    #[error("cannot read the answer to a CQL request: {problem}")]
    Unreadable { problem: String },
    #[error("no answer within {seconds} s while {doing}")]
    Deadline { doing: &'static str, seconds: u64 },
    #[error("the CQL connection was lost")]
    Lost {
        #[from]
        source: std::io::Error,
    },
}

impl CqlError {
    /// What the operator can do about it, where there is something.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            CqlError::AuthenticationRequired | CqlError::BadCredentials { .. } => {
                Some("set `cassandra.cql: { username, password }` in the inventory")
            }
            CqlError::Unauthorized { .. } => Some("grant the role SELECT on system and system_schema"),
            CqlError::ProtocolVersion { .. }
            | CqlError::NotCql
            | CqlError::Server { .. }
            | CqlError::Unreadable { .. }
            | CqlError::Deadline { .. }
            | CqlError::Lost { .. } => None,
        }
    }
}

fn server_error(error: DbError, reason: String) -> CqlError {
    match error {
        DbError::AuthenticationError => CqlError::BadCredentials { reason },
        DbError::Unauthorized => CqlError::Unauthorized { reason },
        _ => CqlError::Server { reason },
    }
}

fn unexpected(response: &Response) -> CqlError {
    CqlError::Unreadable { problem: format!("an unexpected {}", response.to_response_kind()) }
}

fn unreadable(error: impl std::fmt::Display) -> CqlError {
    CqlError::Unreadable { problem: error.to_string() }
}
