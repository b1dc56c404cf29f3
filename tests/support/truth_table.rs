//! Every row of the truth table, and what the ports of a real node take with it: `scripts/test truth-VERSION` looks.

use ringwalk::facts::policy;
use ringwalk::facts::version::Version;

/// What one node is given, and what its ports then take: `P` plaintext, `T` TLS, `PT` both, `-` the node does not start.
/// With a second port: the plain one, then the other.
pub struct Row {
    pub enabled: Option<bool>,
    pub optional: Option<bool>,
    pub keystore_exists: bool,
    pub port_ssl: Option<u16>,
    before_4: &'static str,
    since_4: &'static str,
}

const fn row(
    enabled: Option<bool>,
    optional: Option<bool>,
    before_4: &'static str,
    since_4: &'static str,
) -> Row {
    Row { enabled, optional, keystore_exists: true, port_ssl: None, before_4, since_4 }
}

const YES: Option<bool> = Some(true);
const NO: Option<bool> = Some(false);

pub const PORT: u16 = 9042;
pub const PORT_SSL: u16 = 9142;
const SECOND: Option<u16> = Some(PORT_SSL);

pub const ROWS: [Row; 16] = [
    row(NO, NO, "P", "P"),
    row(YES, NO, "T", "T"),
    row(YES, YES, "PT", "PT"),
    row(NO, YES, "P", "PT"),
    row(None, YES, "P", "PT"),
    row(YES, None, "T", "T"),
    row(NO, None, "P", "PT"),
    Row { keystore_exists: false, ..row(NO, None, "P", "P") },
    Row { keystore_exists: false, ..row(NO, YES, "P", "-") },
    Row { keystore_exists: false, ..row(YES, NO, "-", "-") },
    Row { port_ssl: SECOND, ..row(YES, NO, "P T", "P T") },
    Row { port_ssl: SECOND, ..row(YES, None, "P T", "P T") },
    Row { port_ssl: SECOND, ..row(YES, YES, "P PT", "P PT") },
    Row { port_ssl: SECOND, ..row(NO, YES, "-", "P PT") },
    Row { port_ssl: SECOND, ..row(NO, NO, "-", "-") },
    Row { port_ssl: Some(PORT), ..row(YES, NO, "T", "T") },
];

impl Row {
    pub fn expected(&self, version: Version) -> &'static str {
        if version < Version::new(4, 0, 0) { self.before_4 } else { self.since_4 }
    }

    /// What ringwalk says of it.
    pub fn said(&self, version: Version) -> String {
        let row = policy::Row {
            version,
            enabled: self.enabled.unwrap_or(false),
            optional: self.optional,
            keystore_stands: self.keystore_exists,
            port: PORT,
            port_ssl: self.port_ssl,
        };
        let Ok(ports) = row.start() else { return "-".into() };
        let letters = |(_, policy): &(u16, policy::Policy)| -> String {
            let letters = [(policy.accepts_plaintext(), 'P'), (policy.accepts_tls(), 'T')];
            letters.into_iter().filter(|(takes, _)| *takes).map(|(_, letter)| letter).collect()
        };
        ports.iter().map(letters).collect::<Vec<_>>().join(" ")
    }
}
