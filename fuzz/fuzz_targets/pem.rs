//! PEM: any bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringwalk::formats::pem;
use ringwalk::secret::Secret;

fuzz_target!(|bytes: &[u8]| {
    let _ = pem::read(bytes, &Secret::new("changeit"));
});
