//! Ctrl-C, SIGTERM and a terminal that is gone: the first asks the run to stop; a second Ctrl-C or SIGTERM leaves it at
//! once.

use crate::engine::Interrupts;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// What has come so far.
#[derive(Default)]
struct Heard {
    hangup: bool,
    asked: bool,
}

impl Heard {
    /// Whether the run has to hear of it. A terminal that goes says so several times over (the kernel, the shell, and
    /// systemd with a SIGTERM beside it), and nobody who would have a run left at once is there.
    fn hangup(&mut self) -> bool {
        let is_first = !self.hangup && !self.asked;
        self.hangup = true;
        is_first
    }

    fn asked(&mut self) -> bool {
        let is_known = self.hangup && !self.asked;
        self.asked = true;
        !is_known
    }
}

/// Listens from now on; each signal that counts is one message.
pub fn listen() -> std::io::Result<Interrupts> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    // Whoever begins this under `nohup` wants it to go on.
    let mut hangup = match is_ignored(SignalKind::hangup()) {
        true => None,
        false => Some(signal(SignalKind::hangup())?),
    };
    // Two are told apart; a third has nothing left to say.
    let (sender, receiver) = mpsc::channel(2);
    tokio::spawn(async move {
        let mut heard = Heard::default();
        loop {
            let hung_up = async {
                match &mut hangup {
                    Some(hangup) => hangup.recv().await,
                    None => std::future::pending().await,
                }
            };
            let counts = tokio::select! {
                Some(()) = interrupt.recv() => heard.asked(),
                Some(()) = terminate.recv() => heard.asked(),
                Some(()) = hung_up => heard.hangup(),
                else => return,
            };
            if counts && sender.send(()).await.is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}

/// As the process was begun; `proc(5)`: a mask in hexadecimal digits.
fn is_ignored(kind: SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask =
        status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (kind.as_raw_value() - 1) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_that_goes_stops_a_run_once_and_never_has_it_left() {
        // H: hung up, I: Ctrl-C or SIGTERM; how many messages each of them is.
        for (signals, expected) in
            [("II", "11"), ("HH", "10"), ("HI", "10"), ("HHII", "1001"), ("IH", "10"), ("IHI", "101")]
        {
            let mut heard = Heard::default();
            let counts = |signal: char| if signal == 'H' { heard.hangup() } else { heard.asked() };
            let counted: String =
                signals.chars().map(counts).map(|counts| if counts { '1' } else { '0' }).collect();
            assert_eq!(counted, expected, "{signals}");
        }
    }
}
