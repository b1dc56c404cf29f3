//! Damage to files, the same for the same number.

/// SplitMix64.
pub struct Random(u64);

impl Random {
    pub fn new(name: &str, number: u64) -> Random {
        let name = name.bytes().fold(0_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
        Random(name ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

/// Numbers at which readers go wrong.
const LENGTHS: [u32; 8] = [0, 1, 0x7f, 0x80, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
const BYTES: &[u8] = b"\0\x01\x7f\x80\xff\x30\x04\x02\t\n\r :#-'\"{}[],&*!|>%@`?\\";

pub fn damaged(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = seeds[random.below(seeds.len())].clone();
    // One in seven is left whole but for one bit.
    for _ in 0..1 + random.below(7) {
        once(&mut bytes, seeds, random);
    }
    // A limit on allocation is asked of inputs below a mebibyte.
    bytes.truncate((1 << 20) - 1);
    bytes
}

fn once(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) {
    let at = random.below(bytes.len());
    let end = (at + 1 + random.below(64)).min(bytes.len());
    match random.below(9) {
        0 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
        1 if !bytes.is_empty() => bytes[at] = BYTES[random.below(BYTES.len())],
        2 => bytes.insert(at.min(bytes.len()), BYTES[random.below(BYTES.len())]),
        3 => drop(bytes.drain(at.min(end)..end)),
        4 => {
            let piece = bytes[at.min(end)..end].to_vec();
            let to = random.below(bytes.len());
            bytes.splice(to..to, piece);
        }
        5 => {
            let length = LENGTHS[random.below(LENGTHS.len())].to_be_bytes();
            bytes.splice(at.min(bytes.len())..(at + 4).min(bytes.len()), length);
        }
        6 => bytes.truncate(at),
        7 => {
            let other = &seeds[random.below(seeds.len())];
            let from = random.below(other.len());
            let piece = &other[from..(from + random.below(256)).min(other.len())];
            bytes.splice(at.min(end)..end, piece.iter().copied());
        }
        _ => {
            // Deep nesting, long runs.
            let byte = BYTES[random.below(BYTES.len())];
            let run = vec![byte; 1 << random.below(14)];
            let to = at.min(bytes.len());
            bytes.splice(to..to, run);
        }
    }
}
