//! Two hundred thousand damaged inputs for each reader of files: no panic, no second of work, no great allocation.
//!
//! `scripts/test mutate` plays all; `MUTATE=123 cargo test --profile mutate --test mutate jks -- --ignored` plays the same
//! bytes again, on any machine: what is damaged lies in `fuzz/seeds`.

#[path = "mutate/allocations.rs"]
mod allocations;
#[path = "mutate/damage.rs"]
mod damage;
#[path = "mutate/large.rs"]
mod large;
#[path = "mutate/mended.rs"]
mod mended;
#[path = "mutate/seeds.rs"]
mod seeds;

use damage::{Random, damaged};
use jiff::Timestamp;
use ringwalk::formats::store::{Contents, Store};
use ringwalk::formats::yaml::{self, Edit, EditValue};
use ringwalk::formats::{bundle, jks, pem};
use ringwalk::secret::Secret;
use std::panic::{AssertUnwindSafe, catch_unwind};

const INPUTS: u64 = 200_000;
/// Seconds on a processor; a machine that is busy elsewhere does not count.
const LIMIT_S: f64 = 1.0;
const ALLOCATION_LIMIT_BYTES: usize = 64 << 20;

#[test]
#[ignore = "takes minutes: scripts/test mutate"]
fn jks() {
    let seeds = seeds::of("jks");
    play(
        "jks",
        |random| mended::jks(&seeds, random),
        |bytes| {
            open_and_write(bytes);
            if let Ok(rewritten) = jks::write::rewrite(bytes, &Secret::new(seeds::PASSWORD)) {
                assert!(*rewritten == bytes, "taken apart and put together, it is another file");
            }
        },
    );
}

#[test]
#[ignore = "takes minutes: scripts/test mutate"]
fn pkcs12() {
    let seeds = seeds::of("pkcs12");
    play("pkcs12", |random| damaged(&seeds, random), open_and_write);
}

#[test]
#[ignore = "takes minutes: scripts/test mutate"]
fn pem() {
    let seeds = seeds::of("pem");
    play("pem", |random| mended::pem(&seeds, random), open_and_write);
}

#[test]
#[ignore = "takes minutes: scripts/test mutate"]
fn bundle() {
    let seeds = seeds::of("bundle");
    play(
        "bundle",
        |random| damaged(&seeds, random),
        |bytes| {
            let _ = bundle::read(bytes);
        },
    );
}

#[test]
#[ignore = "takes minutes: scripts/test mutate"]
fn yaml_edit() {
    let option =
        |key: &str, value| Edit { path: vec!["client_encryption_options".into(), key.into()], value };
    let edits = [
        option("enabled", EditValue::Bool(true)),
        option("optional", EditValue::Bool(false)),
        option("keystore", EditValue::Text("/etc/cassandra/tls/keystore.p12".into())),
        option("keystore_password", EditValue::Secret(Secret::new("p: #'\"\\"))),
        option("cipher_suites", EditValue::List(vec!["TLS_AES_128_GCM_SHA256".into()])),
        Edit { path: vec!["native_transport_port_ssl".into()], value: EditValue::Number(9142) },
    ];
    let seeds = seeds::of("yaml_edit");
    play(
        "yaml_edit",
        |random| damaged(&seeds, random),
        |bytes| {
            if let Ok(edited) = yaml::edit(bytes, &edits) {
                // What was done is found done.
                let again = yaml::edit(&edited, &edits).expect("an edited file can be edited");
                assert!(again == edited, "a second edit changes nothing");
            }
        },
    );
}

#[test]
fn a_large_file_is_not_multiplied() {
    for (name, bytes) in large::files() {
        assert!(bytes.len() < 1 << 20, "{name}");
        let began_s = processor_s();
        let (opened, most) =
            allocations::during(|| Store::open(&bytes, &Secret::new(seeds::PASSWORD)).is_ok());
        let took_s = processor_s() - began_s;
        assert!(most < ALLOCATION_LIMIT_BYTES, "{name}: {} MiB", most >> 20);
        // Ten times as long as with optimization.
        assert!(took_s < 10.0 * LIMIT_S, "{name}: {took_s} s");
        println!("{name}: opened {opened}, {took_s:.2} s, {} MiB", most >> 20);
    }
}

/// What opens can be asked, and is the same store when it is written and opened again.
fn open_and_write(bytes: &[u8]) {
    let password = Secret::new(seeds::PASSWORD);
    let Ok(store) = Store::open(bytes, &password) else { return };
    for entry in &store.keys {
        for certificate in &entry.chain {
            let _ = (entry.key.belongs_to(certificate), certificate.is_self_signed());
        }
    }
    let contents = Contents { keys: store.keys.clone(), trusted: store.trusted.clone(), ignored: Vec::new() };
    // Without key derivation: PKCS12 and an encrypted key would take ten thousand rounds, two hundred thousand times.
    let written =
        [jks::write::write(&contents, Timestamp::UNIX_EPOCH, &password), pem::write::write(&contents, None)];
    for written in written.into_iter().flatten() {
        let again = Store::open(&written, &password).expect("what is written opens");
        assert!(again.content_sha256() == store.content_sha256(), "as {:?} it is another store", again.kind);
    }
}

fn play(name: &str, input: impl Fn(&mut Random) -> Vec<u8>, read: impl Fn(&[u8])) {
    let one = std::env::var("MUTATE").ok().map(|number| number.parse::<u64>().expect("MUTATE is a number"));
    let numbers = one.map_or(0..INPUTS, |number| number..number + 1);
    std::panic::set_hook(Box::new(|_| {}));
    let (mut slowest, mut greatest) = (0.0_f64, 0);
    for number in numbers {
        let mut random = Random::new(name, number);
        let input = input(&mut random);
        let began_s = processor_s();
        let (result, bytes) = allocations::during(|| catch_unwind(AssertUnwindSafe(|| read(&input))));
        let took_s = processor_s() - began_s;
        (slowest, greatest) = (slowest.max(took_s), greatest.max(bytes));
        let again = format!("MUTATE={number} cargo test --profile mutate --test mutate {name} -- --ignored");
        if let Err(panic) = result {
            let words = panic.downcast_ref::<String>().cloned();
            let words =
                words.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default();
            fail(&format!("{again}\na panic: {words}"));
        }
        if took_s >= LIMIT_S {
            fail(&format!("{again}\n{took_s:.1} s of work for {} bytes", input.len()));
        }
        if bytes >= ALLOCATION_LIMIT_BYTES {
            fail(&format!("{again}\n{bytes} bytes allocated for {} bytes", input.len()));
        }
    }
    println!(
        "{name}: slowest {:.0} ms, at most {} KiB allocated at a time",
        slowest * 1000.0,
        greatest >> 10
    );
}

/// The hook that would have told is silent while panics are looked for.
fn fail(words: &str) -> ! {
    eprintln!("{words}");
    panic!("{words}");
}

/// How long this thread has been on a processor.
fn processor_s() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells");
    text.split_whitespace().next().and_then(|ns| ns.parse::<f64>().ok()).expect("nanoseconds") / 1e9
}
