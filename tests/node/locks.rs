//! One run acts on a cluster at a time; a lock says whose, and is never broken unasked.

use super::local_host::LocalHost;
use ringwalk::cluster::Cluster;
use ringwalk::cluster::lock::{self as cluster_lock, NotTaken};
use ringwalk::input::{Source, read_inventory};
use ringwalk::node::lock::{self, Answer, Claim, Holder, LockError};
use ringwalk::plan::material::Material;
use ringwalk::transport::Host;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

fn claim(run: &str, token: &str) -> Claim {
    Claim { run: run.into(), token: token.into(), by: format!("ops@{token}"), from: None, over: Vec::new() }
}

fn holder(answer: Result<Answer, LockError>) -> Holder {
    match answer.unwrap() {
        Answer::Other(holder) => holder,
        other => panic!("no holder: {other:?}"),
    }
}

#[tokio::test]
async fn a_lock_is_its_holders_until_it_is_given_back() {
    let host = LocalHost::boot();
    let (own, rival) = (claim("r1", "laptop"), claim("r2", "bastion"));
    assert_eq!(lock::show(&host).await.unwrap(), Answer::Absent);
    assert_eq!(lock::take(&host, &own).await.unwrap(), Answer::Mine);
    // An answer that was lost is asked for again.
    assert_eq!(lock::take(&host, &own).await.unwrap(), Answer::Mine);
    for answer in [
        lock::take(&host, &rival).await,
        lock::renew(&host, &rival).await,
        lock::release(&host, &rival).await,
        lock::break_up(&host, "r2", &[]).await,
        lock::show(&host).await,
    ] {
        let holder = holder(answer);
        assert_eq!((holder.run.as_str(), holder.by.as_str()), ("r1", "ops@laptop"));
        assert!(holder.is_alive() && holder.since.is_some());
    }
    assert_eq!(lock::renew(&host, &own).await.unwrap(), Answer::Mine);
    let kept = host.sh("cd /var/lib/ringwalk && stat -c '%n %a' . *");
    assert_eq!(kept, ". 700\nlock 600");
    assert_eq!(lock::release(&host, &own).await.unwrap(), Answer::Absent);
    assert_eq!(lock::take(&host, &rival).await.unwrap(), Answer::Mine);
    assert_eq!(host.sh("ls -A /var/lib/ringwalk"), "lock");
}

#[tokio::test]
async fn of_many_that_ask_at_once_one_gets_it() {
    let host = LocalHost::boot();
    let claims: Vec<Claim> = (0..12).map(|at| claim(&format!("r{at}"), "t")).collect();
    let answers = futures_util::future::join_all(claims.iter().map(|claim| lock::take(&host, claim))).await;
    let winners = answers.iter().filter(|answer| matches!(answer, Ok(Answer::Mine))).count();
    let losers = answers.iter().filter(|answer| matches!(answer, Ok(Answer::Other(_)))).count();
    assert_eq!((winners, losers), (1, 11));
    assert_eq!(host.sh("ls -A /var/lib/ringwalk"), "lock");
}

#[tokio::test]
async fn a_dead_holders_lock_is_called_so_and_taken_away_by_its_name_only() {
    let host = LocalHost::boot();
    lock::take(&host, &claim("r1", "gone")).await.unwrap();
    host.sh("touch -d '10 minutes ago' /var/lib/ringwalk/lock");
    let dead = holder(lock::take(&host, &claim("r2", "new")).await);
    assert!(!dead.is_alive() && (590..700).contains(&dead.silent.as_secs()), "{dead:?}");
    assert_eq!(holder(lock::break_up(&host, "r", &[]).await).run, "r1");
    assert_eq!(lock::break_up(&host, "r1", &[]).await.unwrap(), Answer::Mine);
    assert_eq!(lock::break_up(&host, "r1", &[]).await.unwrap(), Answer::Absent);
    // Its holder, should it live, finds nothing and takes nothing.
    assert_eq!(lock::renew(&host, &claim("r1", "gone")).await.unwrap(), Answer::Absent);
    assert_eq!(lock::take(&host, &claim("r2", "new")).await.unwrap(), Answer::Mine);
}

#[tokio::test]
async fn a_run_that_was_resumed_since_somebody_looked_keeps_its_lock() {
    let host = LocalHost::boot();
    lock::take(&host, &claim("r1", "gone")).await.unwrap();
    let seen = [holder(lock::show(&host).await).token];
    lock::take(&host, &claim("r1", "resumed")).await.unwrap();
    assert_eq!(holder(lock::break_up(&host, "r1", &seen).await).token, "resumed");
    assert_eq!(lock::renew(&host, &claim("r1", "resumed")).await.unwrap(), Answer::Mine);
    assert_eq!(lock::break_up(&host, "r1", &["resumed".to_owned()]).await.unwrap(), Answer::Mine);
}

#[tokio::test]
async fn the_process_that_resumes_a_run_takes_its_lock_from_the_one_before() {
    let host = LocalHost::boot();
    let (first, second) = (claim("r1", "laptop"), claim("r1", "bastion"));
    lock::take(&host, &first).await.unwrap();
    assert_eq!(lock::take(&host, &second).await.unwrap(), Answer::Mine);
    assert_eq!(holder(lock::renew(&host, &first).await).by, "ops@bastion");
    assert_eq!(holder(lock::release(&host, &first).await).by, "ops@bastion");
    assert_eq!(lock::renew(&host, &second).await.unwrap(), Answer::Mine);
}

#[tokio::test]
async fn a_node_without_room_gives_no_lock_and_says_why() {
    let host = LocalHost::boot();
    host.sh("mkdir /var/lib/ringwalk && mount -t tmpfs -o size=4k,nr_inodes=8 none /var/lib/ringwalk && \
             head -c 9000 /dev/zero >/var/lib/ringwalk/x 2>/dev/null || :");
    let error = lock::take(&host, &claim("r1", "t")).await.unwrap_err();
    assert!(error.to_string().starts_with("cannot keep a lock there: "), "{error}");
    assert_eq!(host.sh("ls /var/lib/ringwalk"), "x");
}

/// A cluster of that many machines.
fn cluster(nodes: usize) -> (Vec<Arc<LocalHost>>, Arc<Cluster>) {
    let hosts: Vec<_> = (0..nodes).map(|_| Arc::new(LocalHost::boot())).collect();
    let lines: String = (1..=nodes)
        .map(|at| format!("  - {{ name: n{at}, address: 10.0.0.{at}, datacenter: d, rack: r }}\n"))
        .collect();
    let text = format!("cluster: c\nnodes:\n{lines}");
    let inventory = read_inventory(Source { file: "inventory.yaml", text: &text }).expect("an inventory");
    let material = Material::default();
    let mut at = hosts.iter();
    let cluster = Cluster::new(&inventory, &material, &BTreeMap::new(), |_| {
        Arc::clone(at.next().unwrap()) as Arc<dyn Host>
    });
    (hosts, Arc::new(cluster))
}

fn locks_left(hosts: &[Arc<LocalHost>]) -> usize {
    hosts.iter().filter(|host| !host.sh("ls /var/lib/ringwalk/lock 2>/dev/null || :").is_empty()).count()
}

#[tokio::test]
async fn a_second_run_is_told_who_holds_the_cluster() {
    let (hosts, cluster) = cluster(3);
    let lease = cluster_lock::take(Arc::clone(&cluster), "r1", "ops@laptop").await.unwrap();
    assert_eq!((lease.may_act(), locks_left(&hosts)), (Ok(()), 3));
    let refusal = cluster_lock::take(Arc::clone(&cluster), "r2", "ops@bastion").await.err().unwrap();
    let words = refusal.to_string();
    assert!(words.contains("run r1 by ops@laptop holds 3 of 3 nodes since 20"), "{words}");
    assert!(words.contains("is at work (last sign of life"), "{words}");
    lease.release().await;
    assert_eq!(locks_left(&hosts), 0);
}

#[tokio::test]
async fn a_dead_runs_lock_names_the_two_ways_out() {
    let (hosts, cluster) = cluster(1);
    drop(cluster_lock::take(Arc::clone(&cluster), "r1", "ops@laptop").await.unwrap());
    hosts[0].sh("touch -d '10 minutes ago' /var/lib/ringwalk/lock");
    let refusal = cluster_lock::take(Arc::clone(&cluster), "r2", "ops@bastion").await.err().unwrap();
    assert!(refusal.to_string().contains("it is dead or cut off: no sign of life for 10 min"), "{refusal}");
    assert!(
        refusal.help().contains("`ringwalk resume r1`")
            && refusal.help().contains("`ringwalk lock break r1`")
    );
    // Its own run takes it over.
    let lease = cluster_lock::take(cluster, "r1", "ops@bastion").await.unwrap();
    assert_eq!(lease.may_act(), Ok(()));
}

#[tokio::test]
async fn a_run_that_takes_a_dead_one_back_has_its_lock_and_so_have_those_after_it() {
    let (hosts, cluster) = cluster(3);
    let over = |run: &'static str, undone, is_gone: bool| {
        let cluster = Arc::clone(&cluster);
        async move {
            cluster_lock::take_over(cluster, run, "ops@bastion", undone, &move |_: &Holder| is_gone).await
        }
    };
    let age = || {
        hosts.iter().for_each(|host| drop(host.sh("touch -d '10 minutes ago' /var/lib/ringwalk/lock")));
    };
    drop(cluster_lock::take(Arc::clone(&cluster), "r1", "ops@laptop").await.unwrap());
    // Alive, or of another's affair: it is refused, and the lock stands.
    assert!(over("back", Some("r1"), false).await.is_err());
    age();
    assert!(over("back", Some("r0"), true).await.is_err());
    let back = over("back", Some("r1"), false).await.unwrap();
    assert_eq!(back.may_act(), Ok(()));
    // It could not begin: what the dead run held is not given back.
    back.give_up().await;
    assert_eq!(locks_left(&hosts), 3);
    // Known to be gone, though its last sign of life is young: the run itself goes on, or is taken back once more.
    drop(over("r1", None, true).await.unwrap());
    drop(over("back", Some("r1"), true).await.unwrap());
    let again = over("again", Some("r1"), true).await.unwrap();
    assert_eq!(holder(lock::show(hosts[0].as_ref()).await).from.as_deref(), Some("r1"));
    again.release().await;
    assert_eq!(locks_left(&hosts), 0);
}

#[tokio::test]
async fn a_lock_that_is_broken_leaves_word_until_the_next_is_taken() {
    let host = LocalHost::boot();
    lock::take(&host, &claim("r1", "t")).await.unwrap();
    host.sh("touch -d '10 minutes ago' /var/lib/ringwalk/lock");
    let beat = host.sh("stat -c %Y /var/lib/ringwalk/lock");
    lock::break_up(&host, "r1", &[]).await.unwrap();
    assert_eq!(host.sh("cd /var/lib/ringwalk; ls -A; stat -c %Y broken"), format!("broken\n{beat}"));
    lock::take(&host, &claim("r2", "t")).await.unwrap();
    assert_eq!(host.sh("ls -A /var/lib/ringwalk"), "lock");
    lock::release(&host, &claim("r2", "t")).await.unwrap();
    assert_eq!(host.sh("ls -A /var/lib/ringwalk"), "");
}

#[tokio::test]
async fn a_run_acts_while_a_majority_of_the_nodes_bears_its_lock() {
    let (hosts, cluster) = cluster(3);
    let lease = cluster_lock::take(Arc::clone(&cluster), "r1", "ops@laptop").await.unwrap();
    lock::break_up(hosts[0].as_ref(), "r1", &[]).await.unwrap();
    lease.renew().await;
    assert_eq!((lease.may_act(), locks_left(&hosts)), (Ok(()), 2));
    lock::break_up(hosts[1].as_ref(), "r1", &[]).await.unwrap();
    lock::take(hosts[1].as_ref(), &claim("r2", "bastion")).await.unwrap();
    lease.renew().await;
    let why = lease.may_act().unwrap_err();
    assert!(why.starts_with("this run lost its lock: run r2 by ops@bastion holds 1 of 3 nodes"), "{why}");
    // What it has lost it does not take back, and another's lock it leaves alone.
    lock::break_up(hosts[1].as_ref(), "r2", &[]).await.unwrap();
    lease.renew().await;
    assert!(lease.may_act().is_err());
    lock::take(hosts[1].as_ref(), &claim("r2", "bastion")).await.unwrap();
    lease.release().await;
    assert_eq!(locks_left(&hosts), 1);
}

#[tokio::test]
async fn a_run_that_cannot_renew_its_lock_stops_before_others_may_call_it_dead() {
    let (_hosts, cluster) = cluster(1);
    let lease = cluster_lock::take(cluster, "r1", "ops@laptop").await.unwrap();
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(85)).await;
    assert_eq!(lease.may_act(), Ok(()));
    tokio::time::advance(Duration::from_secs(10)).await;
    let why = lease.may_act().unwrap_err();
    assert!(
        why.starts_with("this run's lock could not be renewed on a majority of the nodes for 9"),
        "{why}"
    );
    assert!(lock::STALE > Duration::from_secs(95));
}

#[tokio::test]
async fn half_the_nodes_are_no_majority_and_what_was_taken_of_them_is_let_go() {
    let (hosts, cluster) = cluster(4);
    for host in &hosts[..2] {
        lock::take(host.as_ref(), &claim("rival", "bastion")).await.unwrap();
    }
    let refusal = cluster_lock::take(Arc::clone(&cluster), "r1", "ops@laptop").await.err().unwrap();
    let NotTaken::Held(held) = refusal else { panic!("{refusal}") };
    assert_eq!((held[0].holder.run.as_str(), held[0].nodes), ("rival", 2));
    assert_eq!(locks_left(&hosts), 2);
}

#[tokio::test]
async fn of_two_that_begin_together_one_at_most_acts_and_the_other_leaves_nothing() {
    let (hosts, cluster) = cluster(4);
    let (one, other) = tokio::join!(
        cluster_lock::take(Arc::clone(&cluster), "r1", "ops@laptop"),
        cluster_lock::take(Arc::clone(&cluster), "r2", "ops@bastion")
    );
    let winners = [&one, &other].into_iter().filter(|lease| lease.is_ok()).count();
    assert!(winners <= 1);
    for lease in [one, other].into_iter().flatten() {
        assert_eq!(lease.may_act(), Ok(()));
        lease.release().await;
    }
    assert_eq!(locks_left(&hosts), 0);
}
