//! Connections: through jump hosts, lost, frozen, many at once.

use super::*;

#[tokio::test]
async fn nodes_behind_a_jump_host_share_one_connection_to_it_and_each_hop_is_checked() {
    let (jump, node) = (Sshd::start(), Sshd::start());
    let home = Home::welcome_at(&[&jump, &node]);
    let through = |pool: Arc<Pool>| {
        let way = format!("{LOCALHOST}:{}", jump.port);
        // Another name for the same machine: a host is not its own jump host.
        let target = Target { address: "localhost".to_owned(), jump: Some(way), ..target(&node) };
        SshHost::new(target, pool)
    };
    let known = fs::read_to_string(home.ssh("known_hosts")).unwrap();
    fs::write(home.ssh("known_hosts"), known + &node.known_line("ed25519").replace(LOCALHOST, "localhost"))
        .unwrap();
    let pool = home.pool();
    let hosts: Vec<SshHost> = (0..5).map(|_| through(pool.clone())).collect();
    let all = futures_util::future::join_all(hosts.iter().map(|host| says(host, "echo in"))).await;
    assert_eq!(all, ["in"; 5]);
    assert_eq!((jump.logins(), node.logins()), (1, 5));

    // The same way from ssh_config, in two hops, the first one as an alias.
    fs::write(
        home.ssh("config"),
        format!(
            "Host node\n HostName localhost\n ProxyJump first,{LOCALHOST}:{}\nHost first\n HostName {LOCALHOST}\n Port {}\n",
            node.port, jump.port
        ),
    )
    .unwrap();
    let aliased = Target { address: "node".to_owned(), ..target(&node) };
    assert_eq!(says(&SshHost::new(aliased, home.pool()), "echo in").await, "in");
    assert_eq!((jump.logins(), node.logins()), (2, 7));
    fs::remove_file(home.ssh("config")).unwrap();

    // A jump host that is not known stops all of them, by name, after one attempt.
    fs::write(home.ssh("known_hosts"), node.known_line("ed25519").replace(LOCALHOST, "localhost")).unwrap();
    let pool = home.pool();
    let hosts: Vec<SshHost> = (0..5).map(|_| through(pool.clone())).collect();
    let command = shell("true");
    let attempts = futures_util::future::join_all(hosts.iter().map(|host| host.run(&command))).await;
    for attempt in attempts {
        let error = attempt.unwrap_err().to_string();
        assert!(error.contains(&format!("[{LOCALHOST}]:{} is not known", jump.port)), "{error}");
    }
}

#[tokio::test]
async fn jump_hosts_that_lead_through_each_other_are_refused() {
    let server = Sshd::start();
    let home = Home::welcome_at(&[&server]);
    fs::write(home.ssh("config"), "Host a\n ProxyJump b\nHost b\n ProxyJump a\n").unwrap();
    let looped = Target { address: "a".to_owned(), ..target(&server) };
    let error = SshHost::new(looped, home.pool()).run(&shell("true")).await.unwrap_err();
    assert!(error.to_string().contains("hops"), "{error}");
}

#[tokio::test]
async fn a_connection_lost_under_a_command_is_an_error_and_the_next_command_connects_again() {
    let server = Sshd::start();
    let home = Home::welcome_at(&[&server]);
    let host = host(&server, &home);
    let pid = session_pid(&host).await;
    let marker = home.directory.path().join("ran");
    let text = format!("echo ran >> {}; kill -9 {pid}; sleep 600", marker.display());
    let error = timeout(HANGS, host.run(&shell(&text))).await.expect("it is told").unwrap_err();
    assert!(matches!(error, HostError::Lost { .. }), "{error:?}");
    assert_eq!(says(&host, "echo again").await, "again");
    assert_eq!(fs::read_to_string(marker).unwrap(), "ran\n", "never a second time");

    // Lost while idle: the next command notices before anything is asked of the host.
    let pid = session_pid(&host).await;
    run("kill", &["-9", &pid]);
    assert_eq!(says(&host, "echo again").await, "again");
    assert_eq!(server.logins(), 3);
}

/// Ends a frozen process, if it has not ended by itself.
fn end(pid: &str) {
    std::process::Command::new("kill").args(["-9", pid]).stderr(Stdio::null()).status().unwrap();
}

#[tokio::test]
async fn a_connection_that_froze_while_idle_is_replaced_after_the_keepalive() {
    let server = Sshd::start();
    let home = Home::welcome_at(&[&server]);
    let options =
        PoolOptions { keepalive_interval: Duration::from_secs(1), keepalive_max: 2, ..home.options() };
    let host = SshHost::new(target(&server), Pool::new(options));
    let pid = session_pid(&host).await;
    run("kill", &["-STOP", &pid]);
    let started = Instant::now();
    let said = timeout(HANGS, says(&host, "echo again")).await;
    let took = started.elapsed();
    end(&pid);
    assert_eq!(said.as_deref(), Ok("again"));
    assert!(took > Duration::from_secs(2), "not before its keepalive was unanswered twice: {took:?}");
}

#[tokio::test]
async fn a_host_that_freezes_under_a_command_is_an_error_after_the_keepalive() {
    let server = Sshd::start();
    let home = Home::welcome_at(&[&server]);
    let options =
        PoolOptions { keepalive_interval: Duration::from_secs(1), keepalive_max: 2, ..home.options() };
    let host = SshHost::new(target(&server), Pool::new(options));
    let pid = session_pid(&host).await;
    let command = shell(&format!("kill -STOP {pid}; sleep 600"));
    let answer = timeout(HANGS, host.run(&command)).await;
    end(&pid);
    let error = answer.expect("it is told").unwrap_err();
    assert!(matches!(&error, HostError::Lost { doing } if doing.contains("stopped answering")), "{error:?}");
}

#[tokio::test]
async fn a_host_that_cannot_be_reached_is_told_within_the_limit() {
    let home = Home::new();
    let closed = std::net::TcpListener::bind((LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let silent = tokio::net::TcpListener::bind((LOCALHOST, 0)).await.unwrap();
    let server = Sshd::start();
    let cases = [
        (LOCALHOST, closed, "Connection refused"),
        (LOCALHOST, silent.local_addr().unwrap().port(), "no answer within 1 s"),
        ("name.invalid", 22, "lookup"),
    ];
    for (address, port, expected) in cases {
        let target = Target {
            address: address.to_owned(),
            port: Some(port),
            connect_timeout: Duration::from_secs(1),
            ..target(&server)
        };
        let host = SshHost::new(target, home.pool());
        let error = timeout(HANGS, host.run(&shell("true"))).await.expect("it is told").unwrap_err();
        assert!(matches!(error, HostError::Unreachable { .. }), "{error:?}");
        let text = chain(&error);
        assert!(text.starts_with(&format!("cannot connect to {address}:{port}: ")), "{text}");
        assert!(text.contains(expected) || expected == "lookup", "{text}");
    }
}

#[tokio::test]
async fn no_more_than_the_limit_connect_at_a_time() {
    let home = Home::new();
    let server = Sshd::start();
    let listener = tokio::net::TcpListener::bind((LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (open, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, highest) = (open.clone(), most.clone());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (counted, highest) = (counted.clone(), highest.clone());
            tokio::spawn(async move {
                highest.fetch_max(counted.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                stream.read_to_end(&mut Vec::new()).await.ok();
                counted.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    assert_eq!(PoolOptions::default().connecting, 64);
    let pool = Pool::new(PoolOptions { connecting: 3, ..home.options() });
    let silent =
        || Target { port: Some(port), connect_timeout: Duration::from_millis(300), ..target(&server) };
    let hosts: Vec<SshHost> = (0..9).map(|_| SshHost::new(silent(), pool.clone())).collect();
    let command = shell("true");
    for result in futures_util::future::join_all(hosts.iter().map(|host| host.run(&command))).await {
        result.unwrap_err();
    }
    let most = most.load(Ordering::SeqCst);
    // A listener may see the next connection before the end of the last one.
    assert!((3..=6).contains(&most), "{most}");
}

#[tokio::test]
async fn a_connection_from_the_host_carries_bytes_both_ways_or_says_why_not() {
    let server = Sshd::start();
    let home = Home::welcome_at(&[&server]);
    let host = host(&server, &home);
    let listener = tokio::net::TcpListener::bind((LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let echo = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (mut reader, mut writer) = stream.split();
        tokio::io::copy(&mut reader, &mut writer).await.unwrap();
    });
    let mut connection = host.connect(LOCALHOST, port).await.unwrap();
    connection.write_all(b"hello").await.unwrap();
    let mut answer = [0; 5];
    connection.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"hello");
    assert_eq!(says(&host, "echo beside").await, "beside");
    drop(connection);
    tokio::time::timeout(Duration::from_secs(10), echo).await.expect("its end is seen there").unwrap();

    let closed = std::net::TcpListener::bind((LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    match host.connect(LOCALHOST, closed).await {
        Err(HostError::Refused { problem, .. }) => assert!(problem.contains("refused"), "{problem}"),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("connected to a closed port"),
    }
    let strict = Sshd::with("AllowTcpForwarding no");
    let home = Home::welcome_at(&[&strict]);
    match sshd::host(&strict, &home).connect(LOCALHOST, port).await {
        Err(HostError::Refused { problem, .. }) => {
            assert!(problem.contains("AllowTcpForwarding"), "{problem}")
        }
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("connected against AllowTcpForwarding no"),
    }
}
