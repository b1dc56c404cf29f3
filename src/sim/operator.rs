//! What every operator of a simulated cluster does alike.

use crate::cluster::Cluster;
use crate::cluster::lock::{self, Lease, NotTaken};
use std::sync::Arc;

/// Hours pass in milliseconds: the clock goes on whenever everybody waits.
///
/// Panics where a thread has no room for a runtime.
pub fn in_time<T>(story: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime needs memory alone").block_on(story)
}

/// Takes the cluster's lock; that of a run which is dead is taken away from it first.
pub async fn lock_or_break(cluster: &Cluster, run: &str, by: &str) -> Result<Lease, NotTaken> {
    let cluster = Arc::new(cluster.clone());
    let not_taken = match lock::take(Arc::clone(&cluster), run, by).await {
        Ok(lease) => return Ok(lease),
        Err(not_taken) => not_taken,
    };
    match &not_taken {
        NotTaken::Held(held) if held.iter().all(|held| !held.holder.is_alive()) => {
            for dead in held {
                lock::break_up(&cluster, &dead.holder.run).await;
            }
            lock::take(cluster, run, by).await
        }
        NotTaken::Held(_) | NotTaken::NoMajority { .. } => Err(not_taken),
    }
}
