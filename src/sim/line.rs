//! The line that an SSH server is given, as the command that it was made of.

use crate::transport::{Command, Privilege};
use std::time::Duration;

/// What `Command::shell_line` wrote; `None` for any other line.
pub fn command(line: &str, stdin: Vec<u8>) -> Option<Command> {
    let mut words = words(line)?;
    let privilege = match words.starts_with(&["sudo", "-n", "--"].map(String::from)) {
        true => Privilege::Become,
        false => Privilege::Login,
    };
    if privilege == Privilege::Become {
        words.drain(..3);
    }
    let [timeout, kill, _, seconds, ..] = words.as_slice() else { return None };
    if timeout != "timeout" || kill != "-k" {
        return None;
    }
    let deadline = Duration::from_secs(seconds.parse().ok()?);
    let command = Command { privilege, deadline, ..Command::new(words.drain(4..)) };
    Some(if stdin.is_empty() { command } else { command.stdin(stdin) })
}

/// Words as a shell takes them, of what our own quoting uses: single quotes, and `\` before one character.
fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut open: Option<String> = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            ' ' => words.extend(open.take()),
            '\'' => {
                let word = open.get_or_insert_default();
                loop {
                    match characters.next()? {
                        '\'' => break,
                        inner => word.push(inner),
                    }
                }
            }
            '\\' => open.get_or_insert_default().push(characters.next()?),
            plain => open.get_or_insert_default().push(plain),
        }
    }
    words.extend(open);
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_the_command_that_it_was_made_of() {
        let script = Command::script("replace", "printf '%s' \"$1\"\n", ["/etc/a b", "", "it's", "\\", "''"]);
        let cases = [
            Command::new(["nodetool", "status"]),
            script.clone().deadline(Duration::from_secs(20)).become_root(),
            script.stdin("bytes"),
        ];
        for wanted in cases {
            let bytes = wanted.stdin.as_ref().map(|stdin| stdin.0.to_vec()).unwrap_or_default();
            let read = command(&wanted.shell_line(true), bytes.clone()).unwrap();
            assert_eq!(
                (read.argv, read.deadline, read.privilege),
                (wanted.argv, wanted.deadline, wanted.privilege)
            );
            assert_eq!(read.stdin.map(|stdin| stdin.0.to_vec()).unwrap_or_default(), bytes);
        }
        assert!(command("rm -rf /", Vec::new()).is_none());
    }
}
