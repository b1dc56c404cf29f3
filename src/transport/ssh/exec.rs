//! One command on an open channel, from its start to its end.

use super::session::ExecChannel;
use crate::transport::{Command, HostError, Output};
use russh::{ChannelMsg, Sig};
use std::time::{Duration, Instant};

/// What the host's own `timeout` needs to end the command (5 s from SIGTERM to SIGKILL) and to say so.
const GRACE: Duration = Duration::from_secs(10);
/// The exit codes of timeout(1): the command was ended by SIGTERM, or by SIGKILL.
const TIMED_OUT: [i32; 2] = [124, 137];
/// A whole log file is less; a command that goes on and on would fill this machine's memory.
const MAX_OUTPUT_BYTES: usize = 256 << 20;

/// Runs the command. Its output is read while its input is written: a command that does neither read nor end would
/// otherwise stop the whole connection.
pub async fn run(
    open: ExecChannel,
    command: &Command,
    become_root: bool,
    doing: &str,
) -> Result<Output, HostError> {
    let seconds = command.deadline_s();
    let deadline = || HostError::Deadline { doing: doing.to_owned(), seconds };
    let limit = Duration::from_secs(seconds);
    let started = Instant::now();
    let line = command.shell_line(become_root);
    let session = open.session.clone();
    let ended = match tokio::time::timeout(limit + GRACE, exchange(open, command, line, doing)).await {
        Ok(result) => result?,
        Err(_) => {
            session.give_up();
            return Err(deadline());
        }
    };
    // The same codes, earlier, are the command's own: a JVM that the kernel killed also ends with 137.
    if TIMED_OUT.contains(&ended.code) && started.elapsed() >= limit {
        return Err(deadline());
    }
    Ok(ended)
}

async fn exchange(
    open: ExecChannel,
    command: &Command,
    line: String,
    doing: &str,
) -> Result<Output, HostError> {
    let ExecChannel { channel, session, permit: _place } = open;
    channel.exec(true, line).await.map_err(|_| session.lost(doing))?;
    let unusable =
        |problem: &str| HostError::Unusable { doing: doing.to_owned(), problem: problem.to_owned() };
    let (mut reader, writer) = channel.split();
    let input: &[u8] = command.stdin.as_ref().map_or(&[], |stdin| &stdin.0);
    let mut writing = std::pin::pin!(async {
        if !input.is_empty() {
            writer.data(input).await?;
        }
        writer.eof().await
    });
    let mut written = false;
    let mut code = None;
    let mut output = Output { code: 0, stdout: Vec::new(), stderr: Vec::new() };
    loop {
        let message = tokio::select! {
            message = reader.wait() => message,
            // An error here is the command's or the connection's end, and the reader is told of either.
            _ = &mut writing, if !written => { written = true; continue; }
        };
        match message {
            Some(ChannelMsg::Data { data }) => output.stdout.extend_from_slice(&data),
            Some(ChannelMsg::ExtendedData { data, ext: 1 }) => output.stderr.extend_from_slice(&data),
            Some(ChannelMsg::ExitStatus { exit_status }) => code = Some(exit_status as i32),
            Some(ChannelMsg::ExitSignal { signal_name, .. }) => {
                code = Some(128 + signal_number(&signal_name))
            }
            Some(ChannelMsg::Failure) => return Err(unusable("the SSH server does not run commands")),
            Some(_) => {}
            None => break,
        }
        if output.stdout.len() + output.stderr.len() > MAX_OUTPUT_BYTES {
            return Err(unusable("it printed more than 256 MiB"));
        }
    }
    match code {
        Some(code) => Ok(Output { code, ..output }),
        // Only a connection that is gone ends a channel without an exit code.
        None => Err(session.lost(doing)),
    }
}

/// The number that a shell adds to 128 for a command that a signal ended (POSIX numbers).
fn signal_number(signal: &Sig) -> i32 {
    match signal {
        Sig::HUP => 1,
        Sig::INT => 2,
        Sig::QUIT => 3,
        Sig::ILL => 4,
        Sig::ABRT => 6,
        Sig::FPE => 8,
        Sig::KILL => 9,
        Sig::USR1 => 10,
        Sig::SEGV => 11,
        Sig::PIPE => 13,
        Sig::ALRM => 14,
        Sig::TERM => 15,
        Sig::Custom(_) => 0,
    }
}
