//! Cassandra's JMX port, asked in its own language: `nodetool status` takes a JVM's start for what it knows in a millisecond.
//! It is read, never written. Whoever cannot be asked so is asked by nodetool.

mod rmi;

use super::nodetool::Nodetool;
use crate::facts::canonical;
use crate::transport::{Host, HostError};
use jaded::{ConversionError, ObjectData, Value};
use rmi::{Arguments, Line, Method, REGISTRY};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::timeout;

/// It takes milliseconds; a node that collects garbage takes a second or two.
const DEADLINE: Duration = Duration::from_secs(3);

/// Cassandra's own choice. Where `cassandra-env.sh` has another one nobody answers here, or another node, and nodetool is asked,
/// which reads that file.
const PORT: u16 = 7199;

/// `java.rmi.registry.Registry.lookup`, and of `javax.management.remote.rmi`: `RMIServer.newClient`,
/// `RMIConnection.getAttributes` and `close`.
const LOOKUP: Method = Method(2, 4905912898345647071);
const NEW_CLIENT: Method = Method(-1, -1089742558549201240);
const GET_ATTRIBUTES: Method = Method(-1, 6285293806596348999);
const CLOSE: Method = Method(-1, -4742752445160157748);

/// `StorageServiceMBean`, 3.0 to 5.0.
const STORAGE_SERVICE: &str = "org.apache.cassandra.db:type=StorageService";
const LOCAL_HOST_ID: &str = "LocalHostId";
const HOST_IDS: &str = "EndpointToHostId";
const LIVE: &str = "LiveNodes";
const JOINING: &str = "JoiningNodes";
const LEAVING: &str = "LeavingNodes";
const MOVING: &str = "MovingNodes";

/// Why a node could not be asked so.
#[derive(Debug, thiserror::Error)]
pub enum JmxError {
    #[error(transparent)]
    Host(#[from] HostError),
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error("no answer within {} s", DEADLINE.as_secs())]
    Deadline,
    #[error("it does not speak RMI")]
    NotRmi,
    #[error("it threw a {0}")]
    Thrown(String),
    #[error("it answered with a {0}")]
    Unknown(String),
    #[error("it has no attribute {0}")]
    Lacks(&'static str),
    #[error("Java writes this name or password in another way")]
    Unspeakable,
}

impl From<ConversionError> for JmxError {
    fn from(error: ConversionError) -> JmxError {
        JmxError::Unknown(error.to_string())
    }
}

/// The ring as a node's StorageService sees it: what `nodetool status` makes its first two letters of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Of the node that answered: several can run on one machine.
    pub host_id: String,
    /// Address and host id of each member. A newcomer that owns no tokens yet is among them; nodetool leaves it out (measured).
    pub members: Vec<(String, String)>,
    /// Addresses.
    pub live: BTreeSet<String>,
    pub joining: BTreeSet<String>,
    pub leaving: BTreeSet<String>,
    pub moving: BTreeSet<String>,
}

/// Asks the port that nodetool would ask, from the node itself, with the same login.
pub async fn standing(host: &dyn Host, tool: &Nodetool) -> Result<Standing, JmxError> {
    timeout(DEADLINE, ask(host, tool)).await.map_err(|_| JmxError::Deadline)?
}

async fn ask(host: &dyn Host, tool: &Nodetool) -> Result<Standing, JmxError> {
    let mut registry = Line::open(host, "127.0.0.1", tool.port.unwrap_or(PORT)).await?;
    let server = registry.call(&REGISTRY, LOOKUP, Arguments::default().string("jmxrmi")?).await?;
    let server = rmi::remote(&server)?;
    drop(registry);
    let mut line = Line::open(host, &server.host, server.port).await?;
    let login = match tool.login() {
        Some((username, password)) => Arguments::default().strings(&[username, password.expose()])?,
        None => Arguments::default().null(),
    };
    let session = rmi::remote(&line.call(&server.id, NEW_CLIENT, login).await?)?;
    let wanted = Arguments::default()
        .object_name(STORAGE_SERVICE)?
        .strings(&[LOCAL_HOST_ID, HOST_IDS, LIVE, JOINING, LEAVING, MOVING])?
        .null();
    let attributes = line.call(&session.id, GET_ATTRIBUTES, wanted).await;
    // Else the session is held for two minutes; whether that is heard changes nothing of the answer.
    let _ = line.send(&session.id, CLOSE, Arguments::default()).await;
    read(&attributes?)
}

fn read(attributes: &Value) -> Result<Standing, JmxError> {
    let mut named = Vec::new();
    for attribute in elements(attributes)? {
        let attribute = attribute.object_data().ok_or_else(|| unknown(attribute))?;
        named.extend(attribute.get_field("name").and_then(Value::string).zip(attribute.get_field("value")));
    }
    let get = |name| {
        named.iter().find(|(other, _)| *other == name).map(|(_, value)| *value).ok_or(JmxError::Lacks(name))
    };
    let addresses = |name| -> Result<BTreeSet<String>, JmxError> {
        elements(get(name)?)?.into_iter().map(|address| Ok(canonical(text(address)?))).collect()
    };
    let host_ids = elements(get(HOST_IDS)?)?;
    let member = |pair: &[&Value]| Ok((canonical(text(pair[0])?), text(pair[1])?.to_owned()));
    Ok(Standing {
        host_id: text(get(LOCAL_HOST_ID)?)?.into(),
        members: host_ids.chunks_exact(2).map(member).collect::<Result<_, JmxError>>()?,
        live: addresses(LIVE)?,
        joining: addresses(JOINING)?,
        leaving: addresses(LEAVING)?,
        moving: addresses(MOVING)?,
    })
}

/// What a list or a map of `java.util` writes behind its sizes: elements, or keys and values by turns.
fn elements(collection: &Value) -> Result<Vec<&Value>, JmxError> {
    let known = |object: &&ObjectData| {
        ["java.util.ArrayList", "java.util.HashMap", "javax.management.AttributeList"]
            .contains(&object.class_name())
    };
    let object = collection.object_data().filter(known).ok_or_else(|| unknown(collection))?;
    let mut written = object.get_annotation(0).ok_or_else(|| unknown(collection))?;
    // A list says how many elements follow; a map its room, then how many pairs.
    let (numbers, each) = if object.class_name() == "java.util.HashMap" { (2, 2) } else { (1, 1) };
    let mut count = 0;
    for _ in 0..numbers {
        count = i64::from(written.read_i32()?);
    }
    (0..count * each).map(|_| Ok(written.read_object()?)).collect()
}

fn text(value: &Value) -> Result<&str, JmxError> {
    value.string().ok_or_else(|| unknown(value))
}

fn unknown(value: &Value) -> JmxError {
    JmxError::Unknown(class(value).into())
}

fn class(value: &Value) -> &str {
    value.object_data().map_or("value of another kind", ObjectData::class_name)
}
