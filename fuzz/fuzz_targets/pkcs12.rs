//! PKCS#12: any bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringwalk::formats::pkcs12;
use ringwalk::secret::Secret;

fuzz_target!(|bytes: &[u8]| {
    let _ = pkcs12::read(bytes, &Secret::new("changeit"));
});
