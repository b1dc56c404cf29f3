//! What a node's JMX port answered, played back: the calls that are made, and what is read from the answers of 3.11 to 5.0.
//!
//! Each `tests/jmx/<version>` holds the three answers of one node of a ring of three whose n3 is down, as they came over the
//! wire, and what `nodetool status` printed there in the same minute. The scene a01 of `tests/ring` compares the two live.

#[path = "support/standing.rs"]
mod standing;

use async_trait::async_trait;
use ringwalk::node::jmx::{self, JmxError, Standing};
use ringwalk::node::nodetool::Nodetool;
use ringwalk::secret::Secret;
use ringwalk::transport::{Command, Connection, Host, HostError, Output};
use standing::is_as_printed;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

const VERSIONS: [&str; 4] = ["3.11", "4.0", "4.1", "5.0"];

type Told = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// A node whose ports answer each call with the next of their answers, whatever was asked.
#[derive(Default)]
struct Played {
    /// Of the registry, then of the port that it names.
    answers: [Vec<Vec<u8>>; 2],
    /// Where it was connected to, and what it was sent.
    told: Told,
}

fn path(version: &str, name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/jmx").join(version).join(name)
}

fn answer(version: &str, name: &str) -> Vec<u8> {
    std::fs::read(path(version, &format!("{name}.bin"))).unwrap()
}

impl Played {
    fn of(version: &str) -> Played {
        let answer = |name| answer(version, name);
        let answers = [vec![answer("lookup")], vec![answer("new_client"), answer("attributes")]];
        Played { answers, told: Arc::default() }
    }

    async fn standing(&self, tool: &Nodetool) -> Result<Standing, JmxError> {
        jmx::standing(self, tool).await
    }
}

fn tool() -> Nodetool {
    Nodetool { path: "/usr/bin/nodetool".into(), port: None, username: None, password: None }
}

#[async_trait]
impl Host for Played {
    fn name(&self) -> &str {
        "n1"
    }

    async fn run(&self, _command: &Command) -> Result<Output, HostError> {
        unreachable!("JMX is asked over a connection")
    }

    async fn connect(&self, address: &str, port: u16) -> Result<Box<dyn Connection>, HostError> {
        let (ours, theirs) = duplex(1 << 20);
        let mut told = self.told.lock().unwrap();
        let answers = self.answers[told.len().min(1)].clone();
        told.push((format!("{address}:{port}"), Vec::new()));
        tokio::spawn(serve(theirs, answers, Arc::clone(&self.told), told.len() - 1));
        Ok(Box::new(ours))
    }
}

async fn serve(mut stream: DuplexStream, answers: Vec<Vec<u8>>, told: Told, at: usize) {
    let mut hello = [0; 7];
    stream.read_exact(&mut hello).await.unwrap();
    assert_eq!(&hello, b"JRMI\0\x02\x4b");
    stream.write_all(b"\x4e\0\x0910.77.0.1\0\0\x12\x34").await.unwrap();
    stream.read_exact(&mut [0; 6]).await.unwrap();
    let mut answers = answers.into_iter();
    let mut bytes = vec![0; 1 << 16];
    while let Ok(1..) = stream.read(&mut bytes).await.inspect(|count| {
        told.lock().unwrap()[at].1.extend(&bytes[..*count]);
    }) {
        let Some(answer) = answers.next() else { continue };
        // In two pieces: an answer that is not whole is waited for.
        let (begin, end) = answer.split_at(answer.len() / 2);
        stream.write_all(begin).await.unwrap();
        tokio::task::yield_now().await;
        if stream.write_all(end).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn it_says_what_nodetool_status_prints() {
    for version in VERSIONS {
        let standing = Played::of(version).standing(&tool()).await.unwrap();
        let printed = std::fs::read_to_string(path(version, "status.txt")).unwrap();
        is_as_printed(&standing, &printed, version);
        assert_eq!(standing.live.len(), 2, "{version}: n3 is down");
    }
}

#[tokio::test]
async fn the_port_that_nodetool_takes_is_asked_and_the_login_goes_to_the_one_it_names() {
    let played = Played::of("5.0");
    let (username, password) = (Some("monitor".into()), Some(Secret::new("swordfish")));
    played.standing(&Nodetool { port: Some(7299), username, password, ..tool() }).await.unwrap();
    let told = played.told.lock().unwrap();
    let [(registry, looked_up), (server, asked)] = &told[..] else { panic!("two connections") };
    assert_eq!(registry, "127.0.0.1:7299");
    assert!(server.starts_with("127.0.0.1:") && *server != *registry, "{server}");
    let has = |bytes: &[u8], part: &str| bytes.windows(part.len()).any(|window| window == part.as_bytes());
    assert!(has(looked_up, "jmxrmi") && !has(looked_up, "swordfish"));
    for part in ["monitor", "swordfish", "org.apache.cassandra.db:type=StorageService", "EndpointToHostId"] {
        assert!(has(asked, part), "{part}");
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_else_answers_is_refused_in_words() {
    let mut played = Played::of("5.0");
    played.answers[0] = vec![b"\x51HTTP/1.1 400 Bad Request".to_vec()];
    let refused = played.standing(&tool()).await.unwrap_err();
    assert_eq!(refused.to_string(), "no answer within 3 s");

    // The registry's answer in the place of the attributes: a stub is no list.
    let mut played = Played::of("5.0");
    played.answers[1][1] = answer("5.0", "lookup");
    let refused = played.standing(&tool()).await.unwrap_err();
    assert_eq!(refused.to_string(), "it answered with a javax.management.remote.rmi.RMIServerImpl_Stub");

    let unspeakable = Nodetool { username: Some("m".into()), password: Some(Secret::new("🔑")), ..tool() };
    let refused = Played::of("5.0").standing(&unspeakable).await.unwrap_err();
    assert_eq!(refused.to_string(), "Java writes this name or password in another way");
}

/// A port can be anybody's.
#[tokio::test(start_paused = true)]
async fn no_answer_makes_it_panic() {
    let whole = answer("4.1", "attributes");
    for (at, was) in whole.iter().enumerate() {
        for byte in [was ^ 1, was ^ 0x80, 0, 0x70, 0x71, 0x75, 0x78, 0xff] {
            let mut played = Played::of("4.1");
            played.answers[1][1][at] = byte;
            // It reads or it does not; either is an answer.
            let _ = played.standing(&tool()).await;
        }
    }
}
