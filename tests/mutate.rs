//! Two hundred thousand damaged inputs for each reader of files: no panic, no second of work, no great allocation.
//!
//! `scripts/test mutate` plays all; `MUTATE=123 cargo test --profile mutate --test mutate jks -- --ignored` does the same
//! damage again. Stores have new keys in every run, so there it is the same damage to other bytes.

#[path = "mutate/allocations.rs"]
mod allocations;
#[path = "mutate/damage.rs"]
mod damage;
#[path = "mutate/seeds.rs"]
mod seeds;

use damage::{Random, damaged};
use ringwalk::formats::store::Store;
use ringwalk::formats::yaml::{self, Edit, EditValue};
use ringwalk::secret::Secret;
use std::panic::{AssertUnwindSafe, catch_unwind};

const INPUTS: u64 = 200_000;
/// Seconds on a processor; a machine that is busy elsewhere does not count.
const LIMIT_S: f64 = 1.0;
const ALLOCATION_LIMIT_BYTES: usize = 64 << 20;

#[test]
#[ignore = "takes minutes: scripts/test mutate"]
fn jks() {
    play("jks", &seeds::jks(), |bytes| {
        let _ = Store::open(bytes, &Secret::new(seeds::PASSWORD));
    });
}

#[test]
#[ignore = "takes minutes: scripts/test mutate"]
fn pkcs12() {
    play("pkcs12", &seeds::pkcs12(), |bytes| {
        let _ = Store::open(bytes, &Secret::new(seeds::PASSWORD));
    });
}

#[test]
#[ignore = "takes minutes: scripts/test mutate"]
fn pem() {
    play("pem", &seeds::pem(), |bytes| {
        let _ = Store::open(bytes, &Secret::new(seeds::PASSWORD));
    });
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
    play("yaml_edit", &seeds::yaml(), |bytes| {
        if let Ok(edited) = yaml::edit(bytes, &edits) {
            // What was done is found done.
            let again = yaml::edit(&edited, &edits).expect("an edited file can be edited");
            assert!(again == edited, "a second edit changes nothing");
        }
    });
}

fn play(name: &str, seeds: &[Vec<u8>], read: impl Fn(&[u8])) {
    let one = std::env::var("MUTATE").ok().map(|number| number.parse::<u64>().expect("MUTATE is a number"));
    let numbers = one.map_or(0..INPUTS, |number| number..number + 1);
    std::panic::set_hook(Box::new(|_| {}));
    let (mut slowest, mut greatest) = (0.0_f64, 0);
    for number in numbers {
        let mut random = Random::new(name, number);
        let input = damaged(seeds, &mut random);
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
