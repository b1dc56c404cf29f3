//! How sudo, or a missing program, says no before a command could say a word.

use crate::transport::Output;

/// sudo's words if it refused. They come with code 1 and with nothing on stdout, and every script of ours prints first.
pub(super) fn refusal(output: &Output) -> Option<String> {
    let words = String::from_utf8_lossy(&output.stderr);
    let is_of_sudo = words.contains("sudo:") || words.contains("Sorry, user ");
    (output.code == 1 && output.stdout.is_empty() && is_of_sudo).then(|| words.trim().to_owned())
}

/// The program that the shell, or sudo, did not find.
pub(super) fn missing_program(output: &Output) -> Option<&'static str> {
    let words = String::from_utf8_lossy(&output.stderr);
    let not_found = output.stdout.is_empty()
        && (output.code == 127 || (output.code == 1 && words.contains("command not found")));
    not_found.then(|| if words.contains("timeout") { "timeout" } else { "sudo" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sudo_and_missing_programs_are_known_by_their_words() {
        let cases = [
            (1, "", "sudo: a password is required\n", true, None),
            (1, "", "sudo: sorry, you must have a tty to run sudo\n", true, None),
            (1, "", "Sorry, user ops is not allowed to execute '/usr/bin/sh' as root on n1.", true, None),
            (127, "", "sh: 1: sudo: not found\n", false, Some("sudo")),
            (127, "", "sh: 1: timeout: not found\n", false, Some("timeout")),
            (1, "", "sudo: timeout: command not found\n", true, Some("timeout")),
            (1, "x", "sudo: unable to resolve host\n", false, None),
            (0, "x", "", false, None),
        ];
        for (code, stdout, stderr, refuses, missing) in cases {
            let output = Output { code, stdout: stdout.into(), stderr: stderr.into() };
            assert_eq!(
                (refusal(&output).is_some(), missing_program(&output)),
                (refuses, missing),
                "{stderr}"
            );
        }
    }
}
