//! Files just below a mebibyte, made of the smallest things that a format has: whatever a reader keeps of each is felt.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pkcs8::der::Encode;
use pkcs8::pkcs5::pbes2::Parameters;

use super::readers::PASSWORD;

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
        ("PKCS12: much work in what is encrypted", sealed(&secret_bag(&pbkdf2(1_000_000)).repeat(50))),
        ("PKCS12: much memory in what is encrypted", sealed(&secret_bag(&SCRYPT).repeat(50))),
        ("DER: a certificate of tiny names", certificate(BYTES / 4)),
        ("PEM: a certificate of tiny names", armored(&certificate(BYTES / 6))),
        ("PEM: certificates", block.repeat(BYTES / block.len())),
        ("PEM: empty blocks", empty.repeat(BYTES / empty.len())),
        ("PEM: one line", [b"-----BEGIN CERTIFICATE-----\n".as_slice(), &vec![b'A'; BYTES]].concat()),
        ("JKS: empty chains", jks(&[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
        ("JKS: empty certificates", jks(b"\0\0\0\x02\0\0\0\0\0\0\0\0\0\0\0\x05X.509\0\0\0\0")),
    ]
}

/// Texts that are YAML, or nearly.
pub fn yaml() -> Vec<(&'static str, Vec<u8>)> {
    let block = |value: &str| format!("client_encryption_options:\n  enabled: {value}\n").into_bytes();
    let many = |line: &str| line.repeat(BYTES / line.len());
    let keys: String = (0..BYTES / 16).map(|number| format!("key_{number:07}: 1\n")).collect();
    let within: String = (0..BYTES / 18).map(|number| format!("  key_{number:07}: 1\n")).collect();
    vec![
        ("YAML: a long flow list", block(&format!("[{}a]", many("a, ")))),
        ("YAML: many keys", [keys.into_bytes(), block("false")].concat()),
        ("YAML: many keys in the block", [block("false"), within.into_bytes()].concat()),
        ("YAML: one line", block(&many("x"))),
        ("YAML: one quoted line", block(&format!("\"{}\"", many("\\n")))),
        ("YAML: comments", [many("# x\n").into_bytes(), block("false")].concat()),
        ("YAML: deep lists", block(&many("["))),
        ("YAML: deep lists that end", block(&["[".repeat(BYTES / 2), "]".repeat(BYTES / 2)].concat())),
        ("YAML: deep mappings", block(&many("{a: "))),
        ("YAML: deep dashes", [block("false"), many("- ").into_bytes()].concat()),
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

/// 128 × N × r bytes are a gibibyte.
const SCRYPT: [u8; 33] = [
    0x30, 31, 6, 9, 0x2b, 6, 1, 4, 1, 0xda, 0x47, 4, 11, 0x30, 18, 4, 4, 1, 2, 3, 4, 2, 4, 0, 0x10, 0, 0, 2,
    1, 8, 2, 1, 1,
];

fn pbkdf2(rounds: u32) -> Vec<u8> {
    let oid = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 12];
    let rounds = der(2, &rounds.to_be_bytes());
    der(0x30, &[&oid[..], &der(0x30, &[&der(4, b"salt")[..], &rounds].concat())].concat())
}

/// A secret key under a password, whose decryption may fail without an end to the reading.
fn secret_bag(derivation: &[u8]) -> Vec<u8> {
    let aes = [6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 42];
    let aes = der(0x30, &[&aes[..], &der(4, &[0; 16])].concat());
    let pbes2 = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 13];
    let algorithm = der(0x30, &[&pbes2[..], &der(0x30, &[derivation, &aes].concat())].concat());
    let info = der(0x30, &[algorithm, der(4, &[0; 16])].concat());
    let kind = |last| [6, 11, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1, last];
    let secret = der(0x30, &[&kind(2)[..], &der(0xa0, &der(4, &info))].concat());
    der(0x30, &[&kind(5)[..], &der(0xa0, &secret)].concat())
}

/// PFX without a check sum, whose one safe is encrypted as a whole, with a single round.
fn sealed(bags: &[u8]) -> Vec<u8> {
    let parameters = Parameters::generate_pbkdf2_sha256_aes256cbc(1, b"salt", [0; 16]).unwrap();
    let octets = parameters.encrypt(PASSWORD, &der(0x30, bags)).unwrap();
    let pbes2 = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 13];
    let algorithm = der(0x30, &[&pbes2[..], &parameters.to_der().unwrap()].concat());
    let kind = |last| [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, last];
    let info = der(0x30, &[&kind(1)[..], &algorithm, &der(0x80, &octets)].concat());
    let data = der(0x30, &[&[2, 1, 0][..], &info].concat());
    let safes = der(0x30, &der(0x30, &[&kind(6)[..], &der(0xa0, &data)].concat()));
    let content = der(0x30, &[&kind(1)[..], &der(0xa0, &der(4, &safes))].concat());
    der(0x30, &[&[2, 1, 3][..], &content].concat())
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
