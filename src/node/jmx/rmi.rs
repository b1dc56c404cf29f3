//! Java's remote method calls, as far as a question to JMX needs them: the stream protocol of JRMP (Java RMI
//! specification, chapter 10), and in it the few objects that are sent (Java object serialization, chapter 6).

use super::{JmxError, class, unknown};
use crate::transport::{Connection, Host};
use jaded::{Content, Parser, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zeroize::Zeroizing;

/// "JRMI", version 2, the stream protocol.
const HELLO: [u8; 7] = [b'J', b'R', b'M', b'I', 0, 2, 0x4b];
const HELLO_BACK: u8 = 0x4e;
const CALL: u8 = 0x50;
const RETURN: u8 = 0x51;
const STREAM: [u8; 4] = [0xac, 0xed, 0, 5];
const RETURNED: u8 = 1;

const NULL: u8 = 0x70;
const STRING: u8 = 0x74;
const BLOCK: u8 = 0x77;

/// `javax.management.ObjectName` and `String[]`, up to where their contents begin. RMI writes where a class can be loaded
/// from behind its description: nowhere.
const OBJECT_NAME: &[u8] =
    b"\x73\x72\0\x1bjavax.management.ObjectName\x0f\x03\xa7\x1b\xeb\x6d\x15\xcf\x03\0\0\x70\x78\x70";
const STRINGS: &[u8] =
    b"\x75\x72\0\x13[Ljava.lang.String;\xad\xd2\x56\xe7\xe9\x1d\x7b\x47\x02\0\0\x70\x78\x70";
const END: u8 = 0x78;

/// A ring of a thousand nodes takes 100 KB.
const MOST_BYTES: usize = 16 << 20;

/// The number of an object in its JVM.
pub(super) type ObjectId = [u8; 22];

/// The registry has the number 0 in every JVM.
pub(super) const REGISTRY: ObjectId = [0; 22];

/// Where a remote object is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Remote {
    pub host: String,
    pub port: u16,
    pub id: ObjectId,
}

/// A method by its number and hash. The number is -1 but for the registry, whose methods are older than the hash.
#[derive(Clone, Copy)]
pub(super) struct Method(pub i32, pub i64);

/// What is sent along with a call; wiped when it was sent, since one is a password.
#[derive(Default)]
pub(super) struct Arguments(Zeroizing<Vec<u8>>);

impl Arguments {
    /// Java's own UTF-8 differs from ours in two things that no name has.
    pub fn string(mut self, text: &str) -> Result<Arguments, JmxError> {
        let differs = text.chars().any(|character| character == '\0' || character > '\u{ffff}');
        let length = u16::try_from(text.len()).ok().filter(|_| !differs).ok_or(JmxError::Unspeakable)?;
        self.0.push(STRING);
        self.0.extend(length.to_be_bytes());
        self.0.extend(text.as_bytes());
        Ok(self)
    }

    pub fn strings(mut self, texts: &[&str]) -> Result<Arguments, JmxError> {
        self.0.extend(STRINGS);
        self.0.extend((texts.len() as u32).to_be_bytes());
        texts.iter().try_fold(self, |arguments, text| arguments.string(text))
    }

    pub fn object_name(mut self, name: &str) -> Result<Arguments, JmxError> {
        self.0.extend(OBJECT_NAME);
        let mut named = self.string(name)?;
        named.0.push(END);
        Ok(named)
    }

    pub fn null(mut self) -> Arguments {
        self.0.push(NULL);
        self
    }
}

/// A connection to one port of a JVM, for one call after the other.
pub(super) struct Line(Box<dyn Connection>);

impl Line {
    pub async fn open(host: &dyn Host, address: &str, port: u16) -> Result<Line, JmxError> {
        let mut connection = host.connect(address, port).await?;
        connection.write_all(&HELLO).await?;
        if connection.read_u8().await? != HELLO_BACK {
            return Err(JmxError::NotRmi);
        }
        // It says by what address it sees us, and wants to hear what we take for ours; nobody uses either.
        let mut seen_as = vec![0; connection.read_u16().await?.into()];
        connection.read_exact(&mut seen_as).await?;
        connection.read_i32().await?;
        connection.write_all(&[0; 6]).await?;
        Ok(Line(connection))
    }

    /// What the method returned.
    pub async fn call(
        &mut self,
        id: &ObjectId,
        method: Method,
        arguments: Arguments,
    ) -> Result<Value, JmxError> {
        self.send(id, method, arguments).await?;
        if self.0.read_u8().await? != RETURN {
            return Err(JmxError::NotRmi);
        }
        let mut bytes = Vec::new();
        // Nothing says how long an answer is: it is whole when it can be read.
        while self.0.read_buf(&mut bytes).await? > 0 && bytes.len() < MOST_BYTES {
            if let Some((was_returned, value)) = returned(&bytes) {
                return if was_returned { Ok(value) } else { Err(JmxError::Thrown(class(&value).into())) };
            }
        }
        Err(JmxError::NotRmi)
    }

    /// Calls and does not wait for the end.
    pub async fn send(
        &mut self,
        id: &ObjectId,
        method: Method,
        arguments: Arguments,
    ) -> Result<(), JmxError> {
        let Method(number, hash) = method;
        let mut bytes = Zeroizing::new(vec![CALL]);
        bytes.extend(STREAM);
        bytes.extend([BLOCK, (id.len() + size_of_val(&number) + size_of_val(&hash)) as u8]);
        bytes.extend(id);
        bytes.extend(number.to_be_bytes());
        bytes.extend(hash.to_be_bytes());
        bytes.extend(arguments.0.iter());
        self.0.write_all(&bytes).await?;
        Ok(self.0.flush().await?)
    }
}

/// Whether the call ended well, and its result or what it threw; `None` of an answer that is not whole.
fn returned(bytes: &[u8]) -> Option<(bool, Value)> {
    let mut parser = Parser::new(bytes).ok()?;
    let Content::Block(head) = parser.read().ok()? else { return None };
    let Content::Object(value) = parser.read().ok()? else { return None };
    Some((*head.first()? == RETURNED, value))
}

/// Reads a stub: a `java.rmi.server.RemoteObject` is written as the kind of its reference, then where it is.
pub(super) fn remote(stub: &Value) -> Result<Remote, JmxError> {
    let written = stub.object_data().and_then(|stub| stub.get_annotation(0));
    let mut written = written.ok_or_else(|| unknown(stub))?;
    let written: Vec<u8> = std::iter::from_fn(|| written.read_u8().ok()).collect();
    let mut rest = written.as_slice();
    let remote = match utf(&mut rest).as_deref() {
        Some("UnicastRef") => located(rest),
        // Anything but 0: with a socket factory of the client's, which speaks TLS.
        Some("UnicastRef2") => rest.strip_prefix(&[0]).and_then(located),
        _ => None,
    };
    remote.ok_or_else(|| unknown(stub))
}

fn located(mut rest: &[u8]) -> Option<Remote> {
    let host = utf(&mut rest)?;
    let (port, rest) = rest.split_first_chunk()?;
    let (id, _) = rest.split_first_chunk()?;
    Some(Remote { host, port: u16::try_from(i32::from_be_bytes(*port)).ok()?, id: *id })
}

fn utf(rest: &mut &[u8]) -> Option<String> {
    let (length, after) = rest.split_first_chunk()?;
    let (text, after) = after.split_at_checked(u16::from_be_bytes(*length).into())?;
    *rest = after;
    String::from_utf8(text.to_vec()).ok()
}
