//! What the gates are shown: quick looks at the node itself, and beside them the slow question to its peers.

use super::hold::Watch;
use super::question::Question;
use crate::cluster::survey::{chain, cql_connection, ring_now};
use crate::cluster::views::{self, Looks, Observers};
use crate::cluster::{Cluster, Node};
use crate::facts::ring::Ring;
use crate::facts::schema::Versions;
use crate::facts::{Facts, NodeFacts, Process};
use crate::gates::{
    Verdict, View, can_be_spared, cql_answers, internode_is_right, node_is_up, offer_is_right,
    peers_see_it_up, schema_agrees, wire_is_right,
};
use crate::node::cql::{self, CqlError};
use crate::node::nodetool::output;
use crate::node::process::{self, ProcessLook};
use crate::node::wire::offer::{self, Offered};
use crate::node::wire::storage::{self, StorageLook};
use crate::node::wire::{self, WireLook};
use crate::plan::step::Gate;
use futures_util::future::join_all;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// A look at the process costs a shell on a node that is busy starting.
const BETWEEN_PROCESS_LOOKS: Duration = Duration::from_secs(1);

/// How long an answer of the peers may serve for the next node, if nothing was done meanwhile but to confirm the node
/// before. Gossip needs 19 to 21 s to find a node down (measured), so what is this old is as good as new.
const RECENT: Duration = Duration::from_secs(5);

/// A gate's verdict, or a question that is still under way.
pub enum Answer {
    /// From a fresh look.
    Is(Verdict),
    /// From a look that was judged before.
    Still(Verdict),
    Asking,
}

/// Whom a hold looks at.
pub struct Subject {
    pub cluster: Arc<Cluster>,
    pub facts: Arc<Facts>,
    pub observers: Arc<Observers>,
    pub name: String,
    pub host_id: String,
    /// By name and host id, the other nodes of its wave: they may be down at the same time.
    pub beside: BTreeMap<String, String>,
    /// The process before the restart, and the one that the restart job saw start.
    pub before: Option<Process>,
    pub started: Option<Process>,
}

/// Looks at one node and its peers, each thing no more often than it is worth.
pub struct Eyes {
    subject: Arc<Subject>,
    /// What observers said a moment ago about the node before, for the first question about this one.
    recent: Option<Looks>,
    process: Option<(Instant, Result<ProcessLook, String>)>,
    peers: Question<Looks>,
    spare: Question<Fresh>,
    schema: Question<Result<Versions, String>>,
    offer: Question<Result<Offered, String>>,
    internode: Question<Result<StorageLook, String>>,
    news: Arc<Notify>,
}

impl Eyes {
    /// `recent`: what observers said about the node before, if there was one.
    pub fn new(subject: Subject, recent: Option<Looks>) -> Eyes {
        Eyes {
            subject: Arc::new(subject),
            recent,
            process: None,
            peers: Question::default(),
            spare: Question::default(),
            schema: Question::default(),
            offer: Question::default(),
            internode: Question::default(),
            news: Arc::default(),
        }
    }

    /// What the peers said last, if they have been asked.
    pub fn peers(&self) -> Option<&Looks> {
        self.peers.answer()
    }

    /// The verdict of a gate that looks at the node itself.
    fn quick(&self, gate: &Gate, wires: &BTreeMap<u16, Result<WireLook, String>>) -> Option<Verdict> {
        match gate {
            Gate::NodeIsUp => Some(self.node_is_up()),
            Gate::CqlAnswers => Some(on_wire(wires.get(&self.port()), cql_answers::check)),
            Gate::WireIsRight(wish) => {
                Some(on_wire(wires.get(&wish.port), |look| wire_is_right::check(look, wish)))
            }
            Gate::CanBeSpared { .. }
            | Gate::PeersSeeItUp
            | Gate::SchemaAgrees
            | Gate::ClientsReady(_)
            | Gate::InternodeIsRight(_)
            | Gate::OfferIsRight(_) => None,
        }
    }

    /// The answer of a gate that asks others.
    async fn slow(&mut self, gate: &Gate, node_is_right: bool) -> Option<Answer> {
        let subject = Arc::clone(&self.subject);
        let id = &subject.host_id;
        // What the node itself lacks is the reason of the wait; its peers are asked when it has come back.
        if !node_is_right {
            return None;
        }
        Some(match gate {
            // Clients are asked about in a pause, of all nodes.
            Gate::NodeIsUp | Gate::CqlAnswers | Gate::WireIsRight(_) | Gate::ClientsReady(_) => return None,
            Gate::OfferIsRight(wish) => {
                let judge = |offered: &Result<Offered, String>| match offered {
                    Ok(offered) => offer_is_right::check(offered, wish),
                    Err(why) => Verdict::Wait(why.clone()),
                };
                let ask = ask_offer(Arc::clone(&subject), wish.port);
                self.offer.settle(&self.news, ask, judge).await
            }
            Gate::InternodeIsRight(wish) => {
                let judge = |look: &Result<StorageLook, String>| match look {
                    Ok(look) => internode_is_right::check(look, wish),
                    Err(why) => Verdict::Wait(why.clone()),
                };
                let ask = ask_storage(Arc::clone(&subject), wish.port, wish.tls_port);
                self.internode.settle(&self.news, ask, judge).await
            }
            Gate::CanBeSpared { keep } => {
                let judge = |fresh: &Fresh| match &fresh.ring {
                    Err(why) => Verdict::Wait(format!("the ring cannot be read: {why}")),
                    Ok(ring) => judged(&fresh.looks, |views| {
                        can_be_spared::same_members(&subject.facts.ring, ring).unwrap_or_else(|| {
                            can_be_spared::check(ring, views, &subject.turn(fresh.serves), *keep)
                        })
                    }),
                };
                let ask = ask_afresh(Arc::clone(&subject), self.recent.take());
                self.spare.settle(&self.news, ask, judge).await
            }
            Gate::PeersSeeItUp => {
                let judge = |looks: &Looks| judged(looks, |views| peers_see_it_up::check(views, id));
                self.peers.settle(&self.news, ask_peers(Arc::clone(&subject)), judge).await
            }
            Gate::SchemaAgrees => {
                let down = self.down();
                let judge = |versions: &Result<Versions, String>| match versions {
                    Ok(versions) => schema_agrees::check(versions, &down, |node| subject.facts.line_of(node)),
                    Err(why) => Verdict::Wait(why.clone()),
                };
                self.schema.settle(&self.news, ask_schema(Arc::clone(&subject)), judge).await
            }
        })
    }

    /// Whether it is due, and was looked at.
    async fn look_at_process(&mut self, gates: &[Gate]) -> bool {
        let due = self.process.as_ref().is_none_or(|(at, _)| at.elapsed() >= BETWEEN_PROCESS_LOOKS);
        let looks = gates.contains(&Gate::NodeIsUp) && due;
        if looks {
            let look = process::look(self.subject.node().host.as_ref()).await.map_err(|error| chain(&error));
            self.process = Some((Instant::now(), look));
        }
        looks
    }

    async fn look_at_wires(&self, gates: &[Gate]) -> BTreeMap<u16, Result<WireLook, String>> {
        let ports: BTreeSet<u16> = gates
            .iter()
            .filter_map(|gate| match gate {
                Gate::CqlAnswers => Some(self.port()),
                Gate::WireIsRight(wish) => Some(wish.port),
                Gate::NodeIsUp
                | Gate::CanBeSpared { .. }
                | Gate::PeersSeeItUp
                | Gate::SchemaAgrees
                | Gate::ClientsReady(_)
                | Gate::InternodeIsRight(_)
                | Gate::OfferIsRight(_) => None,
            })
            .collect();
        let looks = ports.into_iter().map(|port| async move { (port, self.subject.wire(port).await) });
        join_all(looks).await.into_iter().collect()
    }

    fn node_is_up(&self) -> Verdict {
        match &self.process {
            None => Verdict::Wait("not looked at yet".into()),
            Some((_, Err(why))) => Verdict::Wait(why.clone()),
            Some((_, Ok(look))) => node_is_up::check(
                self.subject.before.as_ref(),
                self.subject.started.as_ref(),
                look.process.as_ref(),
                look.frozen,
            ),
        }
    }

    fn port(&self) -> u16 {
        self.subject.seen().native.port
    }

    /// Addresses of the nodes that the peers call down; their schema version is an old one.
    fn down(&self) -> BTreeSet<String> {
        let rows = self.peers().into_iter().flat_map(|looks| &looks.views).flat_map(|view| &view.rows);
        rows.filter(|row| !row.up).map(|row| row.address.clone()).collect()
    }
}

impl Watch for Eyes {
    /// One look for every gate. The peers are asked once the node itself looks right, and again when it did not since:
    /// what they said before counts no more.
    async fn look(&mut self, gates: &[Gate]) -> Vec<(Gate, Answer)> {
        let is_fresh = self.look_at_process(gates).await;
        let wires = self.look_at_wires(gates).await;
        let mut answers: Vec<(Gate, Answer)> = Vec::new();
        for gate in gates {
            let is_old = *gate == Gate::NodeIsUp && !is_fresh;
            let answer = if is_old { Answer::Still } else { Answer::Is };
            answers.extend(self.quick(gate, &wires).map(|verdict| (gate.clone(), answer(verdict))));
        }
        let passes =
            |answer: &Answer| matches!(answer, Answer::Is(Verdict::Pass) | Answer::Still(Verdict::Pass));
        let node_is_right = answers.iter().all(|(_, answer)| passes(answer));
        if !node_is_right {
            self.ask_anew();
        }
        for gate in gates {
            if let Some(answer) = self.slow(gate, node_is_right).await {
                answers.push((gate.clone(), answer));
            }
        }
        answers
    }

    /// What others said counts no more.
    fn ask_anew(&mut self) {
        self.peers = Question::default();
        self.spare = Question::default();
        self.schema = Question::default();
        self.offer = Question::default();
        self.internode = Question::default();
    }

    async fn news(&self) {
        self.news.notified().await;
    }
}

impl Subject {
    fn node(&self) -> &Node {
        self.cluster.node(&self.name).expect("a plan names nodes of its inventory only")
    }

    /// Whom to ask about it. A ring of one has no peers: it is asked what it says of itself. Who may be down at the same
    /// time is asked only where there is nobody else.
    fn peers(&self) -> Vec<&Node> {
        let others = self.observers.candidates(&self.cluster, Some(&self.name));
        let (beside, apart): (Vec<&Node>, Vec<&Node>) =
            others.into_iter().partition(|node| self.beside.contains_key(&node.name));
        match (apart.is_empty(), beside.is_empty()) {
            (false, _) => apart,
            (true, false) => beside,
            (true, true) => vec![self.node()],
        }
    }

    fn turn(&self, serves: bool) -> can_be_spared::Turn<'_> {
        can_be_spared::Turn {
            host_id: &self.host_id,
            serves,
            beside: self.beside.values().map(String::as_str).collect(),
        }
    }

    /// Without a certificate of ours: whether the port demands one is part of what is asked.
    async fn wire(&self, port: u16) -> Result<WireLook, String> {
        let look = wire::look(self.node().host.as_ref(), &self.seen().native.address, port, None).await;
        look.map_err(|error| chain(&error))
    }

    fn seen(&self) -> &NodeFacts {
        self.facts.node(&self.name).expect("a plan is made from the facts of its nodes")
    }
}

fn on_wire(look: Option<&Result<WireLook, String>>, check: impl FnOnce(&WireLook) -> Verdict) -> Verdict {
    match look {
        Some(Ok(look)) => check(look),
        Some(Err(why)) => Verdict::Wait(why.clone()),
        None => Verdict::Wait("not looked at yet".into()),
    }
}

/// A verdict on what the observers say. Too few of them are not believed, and then the reason is what the operator needs.
fn judged(looks: &Looks, check: impl FnOnce(&[View]) -> Verdict) -> Verdict {
    let verdict = match looks.views.len() {
        1.. if looks.views.len() < looks.wanted => {
            Verdict::Wait("one node's word alone is not enough".into())
        }
        _ => check(&looks.views),
    };
    match verdict {
        Verdict::Wait(why) if !looks.silent.is_empty() => {
            Verdict::Wait(format!("{why} ({})", looks.silent.join("; ")))
        }
        other => other,
    }
}

async fn ask_peers(subject: Arc<Subject>) -> Looks {
    views::look(&subject.peers(), &subject.facts).await
}

/// What is asked anew before a node goes down. The ring, too: keyspaces come and their replication changes while a plan is
/// carried out.
struct Fresh {
    looks: Looks,
    ring: Result<Ring, String>,
    /// Whether the node may serve clients; so it is taken for as long as nobody has seen that nothing listens there.
    serves: bool,
}

async fn ask_afresh(subject: Arc<Subject>, recent: Option<Looks>) -> Fresh {
    let peers = subject.peers();
    let looks = async {
        match recent.filter(|looks| looks.asked.is_some_and(|asked| asked.age() < RECENT)) {
            Some(looks) => looks,
            None => views::look(&peers, &subject.facts).await,
        }
    };
    let own = subject.wire(subject.seen().native.port);
    let (looks, ring, own) = tokio::join!(looks, ring_now(&peers, &subject.facts), own);
    let serves = own.map_or(true, |look| !look.is_closed());
    Fresh { looks, ring, serves }
}

async fn ask_offer(subject: Arc<Subject>, port: u16) -> Result<Offered, String> {
    let address = &subject.seen().native.address;
    offer::look(subject.node().host.as_ref(), address, port).await.map_err(|error| chain(&error))
}

async fn ask_storage(subject: Arc<Subject>, port: u16, tls_port: Option<u16>) -> Result<StorageLook, String> {
    let address = &subject.seen().storage.address;
    let look = storage::look(subject.node().host.as_ref(), address, port, tls_port).await;
    look.map_err(|error| chain(&error))
}

/// By CQL on the node itself; by nodetool where CQL wants a login or a certificate that we lack.
async fn ask_schema(subject: Arc<Subject>) -> Result<Versions, String> {
    let node = subject.node();
    let by_cql = async {
        let connection = cql_connection(node, subject.seen()).await?;
        cql::schema_versions(connection, node.credentials.cql.as_ref())
            .await
            .map_err(|error: CqlError| chain(&error))
    };
    match by_cql.await {
        Ok(versions) => Ok(versions),
        Err(_) => {
            let text = views::ask(node, &node.nodetool(subject.seen()), &["describecluster"]).await?;
            output::describecluster(&text)
                .map(|cluster| cluster.schema_versions)
                .map_err(|error| error.to_string())
        }
    }
}
