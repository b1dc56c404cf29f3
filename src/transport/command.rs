//! A command for a host: argv, quoted here and nowhere else, with a deadline that the host keeps too.

use std::time::Duration;
use zeroize::Zeroizing;

/// Who runs a command on the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privilege {
    /// The user that logged in.
    Login,
    /// Root, by the inventory's `become` (`sudo -n`); the login user itself where `become` is `none`.
    Become,
}

/// A command: argv; what it reads on stdin, which may be secret; a deadline kept on both sides.
#[derive(Clone, Debug)]
pub struct Command {
    pub argv: Vec<String>,
    pub stdin: Option<Stdin>,
    pub deadline: Duration,
    pub privilege: Privilege,
}

/// Bytes for a command's stdin. Shown as their length only.
#[derive(Clone)]
pub struct Stdin(pub Zeroizing<Vec<u8>>);

impl std::fmt::Debug for Stdin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[{} bytes]", self.0.len())
    }
}

/// What a command that ran to its end left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    pub code: i32,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

/// Long enough for a JVM to start on a busy node, which is what most commands are about.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(60);
/// What a command has between SIGTERM and SIGKILL to put its affairs in order.
const KILL_AFTER_S: u64 = 5;
/// The name under which a script runs begins with this, so that `ps`, transcripts and simulators know it.
const SCRIPT_PREFIX: &str = "ringwalk-";

impl Command {
    /// A program and its arguments, run as the login user, with nothing on stdin.
    pub fn new<T: Into<String>>(argv: impl IntoIterator<Item = T>) -> Command {
        Command {
            argv: argv.into_iter().map(Into::into).collect(),
            stdin: None,
            deadline: DEFAULT_DEADLINE,
            privilege: Privilege::Login,
        }
    }

    /// A POSIX shell script, called `name`, with its arguments in `$1` and on.
    pub fn script<T: Into<String>>(
        name: &'static str,
        text: &'static str,
        arguments: impl IntoIterator<Item = T>,
    ) -> Command {
        let fixed = ["sh".to_owned(), "-c".to_owned(), text.to_owned(), format!("{SCRIPT_PREFIX}{name}")];
        Command::new(fixed.into_iter().chain(arguments.into_iter().map(Into::into)))
    }

    pub fn deadline(self, deadline: Duration) -> Command {
        Command { deadline, ..self }
    }

    pub fn become_root(self) -> Command {
        Command { privilege: Privilege::Become, ..self }
    }

    pub fn stdin(self, bytes: impl Into<Vec<u8>>) -> Command {
        Command { stdin: Some(Stdin(Zeroizing::new(bytes.into()))), ..self }
    }

    /// The name of the script that this runs and its arguments, if it is one.
    pub fn as_script(&self) -> Option<(&str, &[String])> {
        match self.argv.as_slice() {
            [shell, flag, _, name, arguments @ ..] if shell == "sh" && flag == "-c" => {
                name.strip_prefix(SCRIPT_PREFIX).map(|name| (name, arguments))
            }
            _ => None,
        }
    }

    /// The command as a person or a transcript sees it: a script by its name, stdin not at all.
    pub fn shown(&self) -> String {
        let words = if self.as_script().is_some() { &self.argv[3..] } else { &self.argv[..] };
        words.iter().map(|word| shown_word(word)).collect::<Vec<_>>().join(" ")
    }

    /// The line that a shell on the host is given. `become_root` is the inventory's `become`: it takes effect where
    /// the command asks for it.
    ///
    /// `sudo` stands outside `timeout`: the other way round, SIGKILL ends sudo alone, and a command that ignores
    /// SIGTERM goes on as root (measured, sudo 1.9.13).
    pub fn shell_line(&self, become_root: bool) -> String {
        let mut line = match (self.privilege, become_root) {
            (Privilege::Become, true) => "sudo -n -- ".to_owned(),
            (Privilege::Become, false) | (Privilege::Login, _) => String::new(),
        };
        line.push_str(&format!("timeout -k {KILL_AFTER_S} {}", self.deadline_s()));
        for word in &self.argv {
            line.push(' ');
            line.push_str(&quoted(word));
        }
        line
    }

    /// The deadline in whole seconds, at least one: `timeout 0` would be none, and not every `timeout` knows fractions.
    pub fn deadline_s(&self) -> u64 {
        self.deadline.as_millis().div_ceil(1000).max(1) as u64
    }
}

/// A word in single quotes, as every POSIX shell takes it literally.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:,@%+".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A word for one line of text: long ones are cut, line feeds shown as a space.
fn shown_word(word: &str) -> String {
    /// A path fits, an inline program does not.
    const LONGEST: usize = 120;
    let flat = word.replace(['\n', '\r'], " ");
    match flat.char_indices().nth(LONGEST) {
        Some((end, _)) => quoted(&format!("{}…", &flat[..end])),
        None => quoted(&flat),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_takes_every_word_literally() {
        let words = [
            "",
            " ",
            "plain",
            "a b",
            "'",
            "''a'",
            "\"",
            "$HOME `id` $(id)",
            "a\nb\n",
            "\t",
            "\\",
            "\\'",
            "*",
            "~",
            "-n",
            "a=b",
            "!!",
            "#",
            ";&|<>(){}[]",
            "päss€",
            "{a,b}",
            "%s",
        ];
        let argv = ["printf", "%s|"].into_iter().chain(words);
        let line = Command::new(argv).shell_line(false);
        let output = std::process::Command::new("/bin/sh").args(["-c", &line]).output().unwrap();
        let expected: String = words.iter().map(|word| format!("{word}|")).collect();
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{line}");
    }

    #[test]
    fn the_line_has_the_deadline_and_sudo_where_the_command_and_the_inventory_both_ask_for_it() {
        let status = || Command::new(["nodetool", "status"]);
        let cases = [
            (status().deadline(Duration::from_secs(20)), true, "timeout -k 5 20 nodetool status"),
            (status().become_root(), true, "sudo -n -- timeout -k 5 60 nodetool status"),
            (status().become_root(), false, "timeout -k 5 60 nodetool status"),
            (status().deadline(Duration::from_millis(1500)), false, "timeout -k 5 2 nodetool status"),
            (status().deadline(Duration::ZERO), false, "timeout -k 5 1 nodetool status"),
        ];
        for (command, become_root, expected) in cases {
            assert_eq!(command.shell_line(become_root), expected);
        }
    }

    #[test]
    fn a_script_is_known_by_its_name_and_stdin_by_its_length() {
        let command = Command::script("replace-file", "cat > \"$1\"", ["/etc/a b"]).stdin("hunter2");
        assert_eq!(command.as_script(), Some(("replace-file", &["/etc/a b".to_owned()][..])));
        assert_eq!(command.shown(), "ringwalk-replace-file '/etc/a b'");
        assert!(!format!("{command:?}").contains("hunter2"));
        assert!(format!("{command:?}").contains("[7 bytes]"));
    }
}
