//! Files just below a mebibyte, made of the smallest things that a format has: whatever a reader keeps of each is felt.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const BYTES: usize = (1 << 20) - 4096;

/// Each with a name; most are no store at all.
pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    let nothing = [5, 0].repeat(BYTES / 2);
    let small = certificate(1);
    let block = armored(&small);
    let empty = b"-----BEGIN X-----\n-----END X-----\n";
    vec![
        ("DER: a sequence of nothing", der(0x30, &nothing)),
        ("DER: empty sequences", der(0x30, &[0x30, 0].repeat(BYTES / 2))),
        ("DER: nothing in octets in octets", der(0x30, &der(4, &der(4, &nothing)))),
        ("DER: octets in octets", (0..2000).fold(nothing[..2].to_vec(), |inner, _| der(4, &inner))),
        ("PKCS12: nothing", pkcs12(&nothing)),
        ("PKCS12: bags of nothing", pkcs12(&bag().repeat(BYTES / bag().len()))),
        ("DER: a certificate of tiny names", certificate(BYTES / 4)),
        ("PEM: a certificate of tiny names", armored(&certificate(BYTES / 6))),
        ("PEM: certificates", block.repeat(BYTES / block.len())),
        ("PEM: empty blocks", empty.repeat(BYTES / empty.len())),
        ("PEM: one line", [b"-----BEGIN CERTIFICATE-----\n".as_slice(), &vec![b'A'; BYTES]].concat()),
        ("JKS: empty chains", jks(&[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
        ("JKS: empty certificates", jks(b"\0\0\0\x02\0\0\0\0\0\0\0\0\0\0\0\x05X.509\0\0\0\0")),
    ]
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    let zeros = length.iter().take_while(|byte| **byte == 0).count().min(3);
    let length = &length[zeros..];
    match length {
        [short] if *short < 0x80 => [&[tag, *short], content].concat(),
        _ => [&[tag, 0x80 | u8::try_from(length.len()).unwrap()], length, content].concat(),
    }
}

/// PFX with neither encryption nor check sum: its safes hold one of plain data, of these bags.
fn pkcs12(bags: &[u8]) -> Vec<u8> {
    let data = |content: &[u8]| {
        let oid = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
        der(0x30, &[&oid[..], &der(0xa0, &der(4, content))].concat())
    };
    let safes = der(0x30, &data(&der(0x30, bags)));
    der(0x30, &[&[2, 1, 3][..], &data(&safes)].concat())
}

/// Of a kind that nobody knows, with nothing in it.
fn bag() -> Vec<u8> {
    der(0x30, &[6, 1, 0x2a, 0xa0, 2, 5, 0])
}

fn certificate(names: usize) -> Vec<u8> {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["a".to_owned(); names]).unwrap();
    params.self_signed(&key).unwrap().der().to_vec()
}

fn armored(der: &[u8]) -> Vec<u8> {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(der)).into_bytes()
}

/// As many of these entries as there is room for.
fn jks(entry: &[u8]) -> Vec<u8> {
    let count = BYTES / entry.len();
    let head =
        [0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2].into_iter().chain(u32::try_from(count).unwrap().to_be_bytes());
    head.chain(entry.repeat(count)).chain([0; 20]).collect()
}
