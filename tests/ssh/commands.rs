//! What a command gets and gives back.

use super::*;

#[tokio::test]
async fn a_command_gets_its_stdin_and_gives_back_its_output_and_code() {
    let server = Sshd::start();
    let home = Home::welcome_at(&[&server]);
    let host = host(&server, &home);
    let bytes: Vec<u8> = (0..5_000_000u32).map(|n| (n % 251) as u8).collect();
    let output = host.run(&Command::new(["cat"]).stdin(bytes.clone())).await.unwrap();
    assert!(output.code == 0 && output.stdout == bytes);

    for (text, code) in
        [("exit 0", 0), ("exit 3", 3), ("exit 124", 124), ("exit 137", 137), ("kill -9 $$", 137)]
    {
        assert_eq!(host.run(&shell(text)).await.unwrap().code, code, "{text}");
    }
    let output = host.run(&shell("echo out; echo err >&2")).await.unwrap();
    assert_eq!((&output.stdout[..], &output.stderr[..]), (&b"out\n"[..], &b"err\n"[..]));
    assert_eq!(host.run(&Command::new(["/nowhere"])).await.unwrap().code, 127);
    assert_eq!(says(&host, "cat").await, "", "without stdin, a command reads an end of file");
    let nasty = "a'b\"c $HOME `id` \\ \n*";
    let output = host.run(&Command::script("echo", "printf %s \"$1\"", [nasty])).await.unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), nasty);
    assert_eq!(server.logins(), 1);
}

#[tokio::test]
async fn a_command_that_does_not_read_its_stdin_ends_all_the_same() {
    let server = Sshd::start();
    let home = Home::welcome_at(&[&server]);
    let host = host(&server, &home);
    // More than the window, which is 2 MiB.
    let command = shell("echo no space left >&2; exit 9").stdin(vec![0; 8 << 20]);
    let output = timeout(HANGS, host.run(&command)).await.expect("it comes back").unwrap();
    assert_eq!((output.code, &output.stderr[..]), (9, &b"no space left\n"[..]));
    assert_eq!(says(&host, "echo on").await, "on");
}

#[tokio::test]
async fn a_command_past_its_deadline_is_gone_from_the_host() {
    let server = Sshd::start();
    let home = Home::welcome_at(&[&server]);
    let host = host(&server, &home);
    // One ends at SIGTERM, one only at SIGKILL; either has a child, which by itself would sleep for a day.
    for text in ["sleep 98761; true", "trap '' TERM; sleep 98762; sleep 98763; true"] {
        let command = shell(text).deadline(Duration::from_secs(1));
        let answer = timeout(HANGS, host.run(&command)).await.expect("it comes back");
        assert!(matches!(answer, Err(HostError::Deadline { seconds: 1, .. })), "{answer:?}");
    }
    let left = says(&host, "ps -eo args= | grep -c '[s]leep 9876' || true").await;
    assert_eq!(left, "0");
    assert_eq!(server.logins(), 1);
}

#[tokio::test]
async fn commands_run_at_once_on_one_connection_even_if_the_server_allows_few() {
    for limit in ["MaxSessions 10", "MaxSessions 2"] {
        let server = Sshd::with(limit);
        let home = Home::welcome_at(&[&server]);
        let host = host(&server, &home);
        let all = futures_util::future::join_all((0..20).map(|_| says(&host, "echo $$"))).await;
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), 20);
        assert_eq!(server.logins(), 1, "{limit}");
    }
}

#[tokio::test]
async fn what_is_on_stdin_is_in_no_argument_list() {
    let server = Sshd::start();
    let home = Home::welcome_at(&[&server]);
    let host = host(&server, &home);
    let command = Command::script(
        "look",
        "cat > /dev/null; ps -eo args=; tr '\\0' ' ' < /proc/$$/environ",
        ["argument-77"],
    );
    let output = host.run(&command.stdin("store-password-77")).await.unwrap();
    let seen = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(seen.contains("argument-77") && seen.contains("ringwalk-look"), "{seen}");
    assert!(!seen.contains("store-password-77"));
}
