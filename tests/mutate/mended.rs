//! Damage that a check sum or base64 would stop at the door, mended so that it comes to the reader behind.

use super::damage::{Random, damaged};
use super::readers::PASSWORD;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

/// Half of the stores get the check sum that Java would compute.
pub fn jks(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = damaged(seeds, random);
    if random.below(2) == 0 {
        bytes.truncate(bytes.len().saturating_sub(20));
        let mut digest = Sha1::new();
        PASSWORD.encode_utf16().for_each(|unit| digest.update(unit.to_be_bytes()));
        let digest = digest.chain_update(b"Mighty Aphrodite").chain_update(&bytes).finalize();
        bytes.extend(digest);
    }
    bytes
}

/// Of half of the files what one block holds is damaged, and put into base64 again.
pub fn pem(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    if random.below(2) == 0 {
        return damaged(seeds, random);
    }
    let text = String::from_utf8(seeds[random.below(seeds.len())].clone()).expect("PEM is a text");
    let blocks: Vec<&str> = text.split_inclusive("-----END ").collect();
    let chosen = random.below(blocks.len() - 1);
    let mut out = String::new();
    for (at, block) in blocks.iter().enumerate() {
        let Some((head, rest)) = block.rsplit_once("-----\n").filter(|_| at == chosen) else {
            out.push_str(block);
            continue;
        };
        let body: String = rest.trim_end_matches("-----END ").split_whitespace().collect();
        let der = STANDARD.decode(body).expect("a seed is base64");
        let der = damaged(&[der], random);
        out.push_str(&format!("{head}-----\n{}\n-----END ", STANDARD.encode(der)));
    }
    out.into_bytes()
}
