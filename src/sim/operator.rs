//! What every operator of a simulated cluster does alike.

use crate::cluster::Cluster;
use crate::cluster::lock::{self, Held, Lease, NotTaken};
use crate::node::lock::Holder;
use std::sync::Arc;

/// Hours pass in milliseconds: the clock goes on whenever everybody waits.
///
/// Panics where a thread has no room for a runtime.
pub fn in_time<T>(story: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime needs memory alone").block_on(story)
}

/// Takes the cluster's lock, as the commands do; that of another run which is dead is broken first. `undone`: the run
/// that this one takes back, whose lock needs no breaking.
pub async fn lock_or_break(
    cluster: &Cluster,
    run: &str,
    by: &str,
    undone: Option<&str>,
) -> Result<Lease, NotTaken> {
    let cluster = Arc::new(cluster.clone());
    let take = || lock::take_over(Arc::clone(&cluster), run, by, undone, &|_| false);
    let not_taken = match take().await {
        Ok(lease) => return Ok(lease),
        Err(not_taken) => not_taken,
    };
    let is_others = |held: &Held| {
        let Holder { run: of, from, .. } = &held.holder;
        !held.holder.is_alive()
            && Some(of.as_str()) != undone
            && (from.is_none() || from.as_deref() != undone)
    };
    match &not_taken {
        NotTaken::Held(held) if held.iter().all(is_others) => {
            for dead in held {
                let seen = [dead.holder.token.clone()];
                lock::break_up(&cluster, &dead.holder.run, &seen).await;
            }
            take().await
        }
        NotTaken::Held(_) | NotTaken::NoMajority { .. } => Err(not_taken),
    }
}
