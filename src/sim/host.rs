//! The way to one simulated node: each verb known by its script's name, each fault at the moment the seed says.

use super::cassandra::Speaks;
use super::files::Said;
use super::world::World;
use super::{cql, job, lock, nodetool, probe};
use crate::transport::{Command, Connection, Host, HostError, Output};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::duplex;
use tokio::time::{Instant, sleep};

pub struct SimHost {
    world: Arc<World>,
    node: usize,
    name: String,
}

/// How one command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Well,
    Refused,
    LostBefore,
    LostAfter,
    Hung,
    Slow,
    PowerLost,
}

/// A round trip, and the JVM that each call of nodetool starts (measured).
const ROUND_TRIP: Duration = Duration::from_millis(20);
const JVM_START: Duration = Duration::from_millis(900);
/// How long a connection may be in the making (`connect_timeout`, where no inventory says otherwise).
const OPENING: Duration = Duration::from_secs(10);
/// What a connection in memory holds before it makes the writer wait.
const PIPE_BYTES: usize = 64 << 10;

impl SimHost {
    /// The host of the node with this name.
    pub fn new(world: &Arc<World>, name: &str) -> Option<SimHost> {
        let node = world.state().machines.iter().position(|machine| machine.name == name)?;
        Some(SimHost { world: Arc::clone(world), node, name: name.into() })
    }

    pub(super) fn node(&self) -> usize {
        self.node
    }

    /// What is spoken on a client port now, if it is open.
    pub(super) fn speaks_on(&self, port: u16) -> Option<Speaks> {
        let state = self.world.state();
        let machine = &state.machines[self.node];
        let process = machine.process.as_ref().filter(|process| process.serves(Instant::now()))?;
        let is_open = port == machine.port || process.speaks.second.is_some_and(|(second, _)| second == port);
        is_open.then(|| process.speaks.clone().on(port))
    }

    fn fate(&self, writes: bool) -> Fate {
        let mut state = self.world.state();
        if state.machines[self.node].is_gone {
            return Fate::Refused;
        }
        let drawn = state.random.below(1000);
        let odds = state.faults.per_mille.clone();
        let fates = [
            (odds.refused, Fate::Refused, "SSH refused"),
            (odds.lost_before, Fate::LostBefore, "connection lost before the effect"),
            (odds.lost_after, Fate::LostAfter, "connection lost after the effect"),
            (odds.hung, Fate::Hung, "command hung"),
            (odds.slow, Fate::Slow, "command slow"),
            (if writes { odds.power_lost } else { 0 }, Fate::PowerLost, "power lost in a write"),
        ];
        let mut end = 0;
        for (odds, fate, kind) in fates {
            end += odds;
            if drawn < end {
                state.inject(kind);
                return fate;
            }
        }
        Fate::Well
    }

    fn lost(&self) -> HostError {
        HostError::Lost { doing: format!("talking to {}", self.name) }
    }

    /// What comes before a command, or a connection that is opened, has an effect.
    async fn meet(
        &self,
        fate: Fate,
        limit: Duration,
        doing: impl FnOnce() -> String,
    ) -> Result<(), HostError> {
        match fate {
            Fate::Refused => {
                let source = std::io::ErrorKind::ConnectionRefused.into();
                Err(HostError::Unreachable { address: self.name.clone(), source })
            }
            Fate::LostBefore => Err(self.lost()),
            Fate::Hung => {
                sleep(limit).await;
                Err(HostError::Deadline { doing: doing(), seconds: limit.as_secs() })
            }
            Fate::Slow => {
                let more_ms = self.world.state().random.below(8000);
                sleep(Duration::from_millis(more_ms)).await;
                Ok(())
            }
            Fate::Well | Fate::LostAfter | Fate::PowerLost => Ok(()),
        }
    }

    async fn answer(&self, command: &Command, power_lost: bool) -> Output {
        match command.as_script() {
            Some(("watch-job", arguments)) => {
                output((job::watch(&self.world, self.node, arguments).await.into_bytes(), String::new()))
            }
            Some(("start-job", arguments)) => {
                sleep(self.world.lasts(Duration::from_millis(50))).await;
                self.world.state().judge_act(self.node, arguments);
                output((job::start(&self.world, self.node, arguments).into_bytes(), String::new()))
            }
            Some((verb, arguments)) => output(self.quick(verb, arguments, command, power_lost)),
            None => {
                sleep(self.world.lasts(JVM_START)).await;
                self.world.state().judge_command(self.node, &command.argv);
                nodetool::answer(&mut self.world.state(), self.node, &command.argv, Instant::now())
            }
        }
    }

    fn quick(&self, verb: &str, arguments: &[String], command: &Command, power_lost: bool) -> Said {
        let (mut state, now) = (self.world.state(), Instant::now());
        let mutation = state.mutation;
        let plain = |bytes: Vec<u8>| (bytes, String::new());
        state.machines[self.node].files.look();
        let said = match verb {
            "probe" | "audit" => {
                let stores = arguments.get(5..).unwrap_or_default();
                plain(probe::answer(&state, self.node, stores, verb == "audit", now))
            }
            "look" => plain(probe::look(&state, self.node)),
            "log" => plain(format!("log\n{}", state.machines[self.node].log).into_bytes()),
            "read" => state.machines[self.node].files.read(arguments.first().map_or("", String::as_str)),
            "owe" => {
                state.judge_act(self.node, arguments);
                state.machines[self.node].files.owe(arguments, mutation)
            }
            "replace" => {
                state.judge_act(self.node, arguments);
                let bytes = command.stdin.as_ref().map(|stdin| stdin.0.to_vec()).unwrap_or_default();
                if let Some(becomes) = arguments.get(2) {
                    state.whole.insert(becomes.clone());
                }
                let files = &mut state.machines[self.node].files;
                let said = files.replace(arguments, &bytes, power_lost, mutation);
                if power_lost {
                    state.switch_off(self.node, now);
                    state.start(self.node, now, Duration::from_secs(30));
                }
                state.judge_files(self.node);
                said
            }
            "lock" => plain(lock::answer(&mut state.machines[self.node], arguments, now).into_bytes()),
            _ => (Vec::new(), format!("sh: {verb}: not found")),
        };
        state.machines[self.node].files.settle();
        said
    }
}

#[async_trait]
impl Host for SimHost {
    fn name(&self) -> &str {
        &self.name
    }

    async fn run(&self, command: &Command) -> Result<Output, HostError> {
        self.world.state().hear(command);
        let writes = matches!(command.as_script(), Some(("replace", _)));
        let fate = self.fate(writes);
        sleep(self.world.lasts(ROUND_TRIP)).await;
        self.meet(fate, command.deadline, || command.shown()).await?;
        let output = self.answer(command, fate == Fate::PowerLost).await;
        match fate {
            Fate::LostAfter | Fate::PowerLost => Err(self.lost()),
            Fate::Well | Fate::Refused | Fate::LostBefore | Fate::Hung | Fate::Slow => Ok(output),
        }
    }

    async fn connect(&self, address: &str, port: u16) -> Result<Box<dyn Connection>, HostError> {
        let fate = self.fate(false);
        sleep(self.world.lasts(ROUND_TRIP)).await;
        self.meet(fate, OPENING, || format!("opening a connection to port {port}")).await?;
        match fate {
            Fate::LostAfter | Fate::PowerLost => return Err(self.lost()),
            Fate::Well | Fate::Refused | Fate::LostBefore | Fate::Hung | Fate::Slow => {}
        }
        let Some(speaks) = self.speaks_on(port) else {
            let problem = "Connection refused".into();
            return Err(HostError::Refused { address: address.into(), port, problem });
        };
        let (ours, theirs) = duplex(PIPE_BYTES);
        tokio::spawn(cql::serve(Arc::clone(&self.world), self.node, speaks, theirs));
        Ok(Box::new(ours))
    }
}

fn output((stdout, stderr): Said) -> Output {
    Output { code: 0, stdout, stderr: stderr.into_bytes() }
}
