//! Tabs behind values: SnakeYAML swallows them behind a plain one, and refuses them behind quotes and brackets.

use super::EditValue::Bool;
use super::support::set;
use super::{check, list, text};

#[test]
fn a_tab_behind_a_value_goes_with_it() {
    check(&[
        ("tls:\n  enabled: no\t # c\n", set("tls.enabled", Bool(true)), "tls:\n  enabled: true # c\n"),
        (
            "tls:\n  keystore_password: cassandra\t# change me\n",
            set("tls.keystore_password", text("Secret1!")),
            "tls:\n  keystore_password: 'Secret1!' # change me\n",
        ),
        (
            "tls:\n  keystore: /old \t\r\n  b: 1\n",
            set("tls.keystore", text("/my own")),
            "tls:\n  keystore: '/my own'\r\n  b: 1\n",
        ),
        (
            "tls:\n  cipher_suites:\n    - X\t\n",
            set("tls.cipher_suites", list(&["A", "B"])),
            "tls:\n  cipher_suites:\n    - A\n    - B\n",
        ),
    ]);
}
