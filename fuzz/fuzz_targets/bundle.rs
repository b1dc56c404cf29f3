//! Certificates as CAs hand them out: any bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringwalk::formats::bundle;

fuzz_target!(|bytes: &[u8]| {
    let _ = bundle::read(bytes);
});
