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
#[path = "mutate/readers.rs"]
mod readers;
#[path = "mutate/seeds.rs"]
mod seeds;
#[path = "mutate/watch.rs"]
mod watch;

use damage::{Random, damaged};
use ringwalk::formats::store::Store;
use ringwalk::secret::Secret;
use std::panic::{AssertUnwindSafe, catch_unwind};
use watch::Watch;

/// Fewer with `INPUTS=1000`.
const INPUTS: u64 = 200_000;
/// Seconds on a processor; a machine that is busy elsewhere does not count.
const LIMIT_S: f64 = 1.0;
const ALLOCATION_LIMIT_BYTES: usize = 64 << 20;
/// A tree of a mebibyte of the smallest things, twice, and the same for the second reader.
const YAML_LIMIT_BYTES: usize = 256 << 20;

#[test]
#[ignore = "takes minutes: scripts/test mutate"]
fn jks() {
    let seeds = seeds::of("jks");
    play("jks", |random| mended::jks(&seeds, random), readers::jks);
}

#[test]
#[ignore = "takes minutes: scripts/test mutate"]
fn pkcs12() {
    let seeds = seeds::of("pkcs12");
    play("pkcs12", |random| damaged(&seeds, random), readers::store);
}

#[test]
#[ignore = "takes minutes: scripts/test mutate"]
fn pem() {
    let seeds = seeds::of("pem");
    play("pem", |random| mended::pem(&seeds, random), readers::store);
}

#[test]
#[ignore = "takes minutes: scripts/test mutate"]
fn bundle() {
    let seeds = seeds::of("bundle");
    play("bundle", |random| damaged(&seeds, random), readers::bundle);
}

#[test]
#[ignore = "takes minutes: scripts/test mutate"]
fn yaml_edit() {
    let seeds = seeds::of("yaml_edit");
    play("yaml_edit", |random| damaged(&seeds, random), readers::yaml_edit);
}

#[test]
fn a_large_file_is_not_multiplied() {
    for (name, bytes) in large::files() {
        assert!(bytes.len() < 1 << 20, "{name}");
        let began_s = processor_s();
        let (opened, most) =
            allocations::during(|| Store::open(&bytes, &Secret::new(readers::PASSWORD)).is_ok());
        let took_s = processor_s() - began_s;
        assert!(most < ALLOCATION_LIMIT_BYTES, "{name}: {} MiB", most >> 20);
        // Ten times as long as with optimization.
        assert!(took_s < 10.0 * LIMIT_S, "{name}: {took_s} s");
        println!("{name}: opened {opened}, {took_s:.2} s, {} MiB", most >> 20);
    }
}

#[test]
fn a_large_yaml_is_edited_in_time() {
    for (name, bytes) in large::yaml() {
        assert!(bytes.len() < 1 << 20, "{name}");
        let began_s = processor_s();
        let ((), most) = allocations::during(|| readers::yaml_edit(&bytes));
        let took_s = processor_s() - began_s;
        println!("{name}: {took_s:.2} s, {} MiB", most >> 20);
        assert!(most < YAML_LIMIT_BYTES, "{name}: {} MiB", most >> 20);
        // Without optimization, and each text is read and edited twice.
        assert!(took_s < 20.0 * LIMIT_S, "{name}: {took_s} s");
    }
}

fn play(name: &str, input: impl Fn(&mut Random) -> Vec<u8>, read: impl Fn(&[u8])) {
    let one = std::env::var("MUTATE").ok().map(|number| number.parse::<u64>().expect("MUTATE is a number"));
    let inputs = std::env::var("INPUTS").map_or(INPUTS, |inputs| inputs.parse().expect("INPUTS is a number"));
    let numbers = one.map_or(0..inputs, |number| number..number + 1);
    let watch = Watch::of(name);
    std::panic::set_hook(Box::new(|_| {}));
    let (mut slowest, mut greatest) = (0.0_f64, 0);
    for number in numbers {
        watch.on(number);
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
