//! Lists with an item a line.

use super::*;

#[test]
fn in_a_list_comments_stay_and_so_does_every_item_that_is_as_wished() {
    let suites = || set("tls.cipher_suites", list(&["A", "B"]));
    check(&[
        (
            "tls:\n  cipher_suites:\n  - X # x\n  # why\n  - B\n",
            suites(),
            "tls:\n  cipher_suites:\n  - A # x\n  # why\n  - B\n",
        ),
        (
            "tls:\n  cipher_suites:\n  - 'A' # a\n  # x\n  - X\n  # why\n  - B\n  # end\n  b: 1\n",
            suites(),
            "tls:\n  cipher_suites:\n  - 'A' # a\n  # x\n  # why\n  - B\n  # end\n  b: 1\n",
        ),
        (
            "tls:\n  cipher_suites:\n    # first\n    - A # a\n    # end\n  b: 1\n",
            suites(),
            "tls:\n  cipher_suites:\n    # first\n    - A # a\n    - B\n    # end\n  b: 1\n",
        ),
        (
            "tls:\r\n  cipher_suites:\r\n  # b\r\n  - B",
            suites(),
            "tls:\r\n  cipher_suites:\r\n  # b\r\n  - A\r\n  - B",
        ),
        (
            "tls:\n  cipher_suites:\n  - A\n  - B # b\n  # c\n  - C",
            suites(),
            "tls:\n  cipher_suites:\n  - A\n  - B # b\n  # c",
        ),
        ("tls:\n  cipher_suites:\n  - X\n  -\n", suites(), "tls:\n  cipher_suites:\n  - A\n  - B\n"),
    ]);
}
