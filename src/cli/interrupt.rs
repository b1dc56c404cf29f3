//! Ctrl-C and SIGTERM: the first asks the run to stop, the second leaves it at once.

use crate::engine::Interrupts;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// Listens from now on; each signal is one message.
pub fn listen() -> std::io::Result<Interrupts> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    // Two are told apart; a third has nothing left to say.
    let (sender, receiver) = mpsc::channel(2);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                Some(()) = interrupt.recv() => {}
                Some(()) = terminate.recv() => {}
                else => return,
            }
            if sender.send(()).await.is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}
