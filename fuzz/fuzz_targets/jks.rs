//! JKS: any bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringwalk::formats::jks;
use ringwalk::secret::Secret;

fuzz_target!(|bytes: &[u8]| {
    let _ = jks::read(bytes, &Secret::new("changeit"));
});
