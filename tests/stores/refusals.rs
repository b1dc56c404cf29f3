//! What is refused, and what is said.

use crate::Desk;

fn problem(place: &str, message: &str, help: &str) -> String {
    format!("error: {message}\n --> {place}\nhelp: {help}\n\n1 problem in {place}\n")
}

#[test]
fn a_secret_on_the_command_line_is_refused_without_repeating_it() {
    let desk = Desk::with_ca();
    for words in [
        "new-ca --name C --password hunter2 --out other",
        "new-ca --name C --password=hunter2 --out other",
        "issue --ca ca --ca-password hunter2 --out stores",
        "client --user app --ca ca --ca-password hunter2 --out clients",
        "inspect ca/ca.pem --password hunter2",
    ] {
        let said = desk.stores(words);
        assert_eq!(said.code, 2);
        assert!(
            said.err.contains("a secret must not be written here; name where it comes from"),
            "{}",
            said.err
        );
        assert!(!said.err.contains("hunter2"), "{}", said.err);
    }
}

#[test]
fn a_ca_that_cannot_sign_is_refused_with_a_way_out() {
    let desk = Desk::with_sealed_ca();
    desk.write("wrong", "wrong\n");
    desk.sh(
        "mkdir empty other no-ca short old
         openssl req -x509 -newkey rsa:2048 -passout pass:x -keyout old/ca.key -out old/ca.pem -subj /CN=old 2>&1
         cp ca/ca.pem other/; openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out other/ca.key 2>&1
         openssl req -x509 -newkey rsa:2048 -nodes -keyout no-ca/ca.key -out no-ca/ca.pem -subj /CN=leaf \
           -addext basicConstraints=critical,CA:false 2>&1
         openssl req -x509 -newkey rsa:2048 -nodes -keyout short/ca.key -out short/ca.pem -subj /CN=short -days 30 \
           -addext basicConstraints=critical,CA:true 2>&1",
    );
    let issue = |ca: &str, password: &str| {
        desk.stores(&format!(
            "issue -i inventory.yaml --offline --ca {ca} --ca-password {password} --out stores"
        ))
    };
    issue("ca", "file:wrong").refused(&problem(
        "ca/ca.key",
        "cannot open the CA's private key: the password is wrong",
        "`--ca-password` says where its password comes from",
    ));
    issue("ca", "env:NOT_SET").refused(&problem(
        "command line",
        "cannot read the password of ca/ca.key from `env:NOT_SET`: the environment variable NOT_SET is not set",
        "`export NOT_SET=…` before you start",
    ));
    issue("ca", "prompt:").refused(&problem(
        "command line",
        "cannot read the password of ca/ca.key from `prompt:`: there is no terminal to ask on",
        "use `env:NAME`, `file:PATH` or `command:…`",
    ));
    issue("old", "file:wrong").refused(&problem(
        "old/ca.key",
        "the private key is encrypted in a rare way",
        "write it anew as PKCS#8: `openssl pkcs8 -topk8 -v2 aes-256-cbc -in ca.key -out new.key`",
    ));
    let said = issue("empty", "file:wrong");
    assert!(said.err.starts_with("error: cannot read it: No such file or directory"), "{}", said.err);
    issue("other", "file:wrong").refused(&problem(
        "other/ca.pem",
        "no certificate of the CA fits its private key",
        "`ca.pem` and `ca.key` must be of one CA",
    ));
    issue("no-ca", "file:wrong").refused(&problem(
        "no-ca/ca.pem",
        "`CN=leaf` is no CA: it says that it may not sign certificates",
        "name the directory of a CA: `ringwalk stores new-ca` makes one",
    ));
    let said = issue("short", "file:wrong");
    assert!(said.err.contains("the CA `CN=short` ends on "), "{}", said.err);
    assert!(
        said.err.contains("help: ask for fewer days with `--days`, or change the CA (docs/stores.md)\n"),
        "{}",
        said.err
    );
    assert!(!desk.path("stores/n1.p12").exists());
}

#[test]
fn a_ca_whose_name_would_be_lost_is_refused() {
    let desk = Desk::empty();
    desk.sh(
        "mkdir ca; openssl req -x509 -newkey rsa:2048 -nodes -keyout ca/ca.key -out ca/ca.pem -days 3650 \
         -subj '/DC=com/DC=example/CN=Issuing' -addext basicConstraints=critical,CA:true 2>&1",
    );
    let said = desk.issue("");
    assert!(said.err.contains("has a part twice, and cannot be written as the issuer"), "{}", said.err);
    assert!(
        said.err.contains("help: let that CA sign requests itself: `ringwalk stores issue --csr`\n"),
        "{}",
        said.err
    );
}

#[test]
fn another_ca_does_not_come_into_stores_unnoticed() {
    let desk = Desk::with_stores("--node n1");
    desk.stores("new-ca --name Other --password env:CA_PASSWORD --out other").done();
    let issue = "issue -i inventory.yaml --offline --ca other --ca-password env:CA_PASSWORD --out stores";
    for options in ["--node n2", "--node n1 --renew"] {
        desk.stores(&format!("{issue} {options}")).refused(&problem(
            "stores/truststore.p12",
            "it is of another CA: it does not trust `CN=Other`",
            "name another directory with `--out`; docs/stores.md says how a cluster changes its CA",
        ));
    }
    assert!(!desk.path("stores/n2.p12").exists());
}

#[test]
fn input_that_does_not_fit_is_refused_with_a_way_out() {
    let desk = Desk::with_stores("--node n1");
    desk.issue("--node n9").refused(&problem(
        "inventory.yaml",
        "it has no node `n9`",
        "`--node` takes a name as the inventory has it, ranges expanded",
    ));
    desk.issue("--type jks --node n2").refused(&problem(
        "stores",
        "its stores are .p12, and .jks is asked for",
        "leave `--type` out, or name another directory with `--out`",
    ));
    desk.issue("--renew --node n2").refused(&problem(
        "stores/n2.p12",
        "there is no keystore to renew",
        "`--renew` goes on with what `ringwalk stores issue` put into `--out`; leave it out for new nodes",
    ));
    desk.stores("issue --ca ca --out x").refused(&problem(
        "command line",
        "no inventory is named",
        "add `-i FILE`; `ringwalk --help` has an example",
    ));
    for (words, expected) in [
        ("issue -i inventory.yaml --out x", "--ca <DIR>"),
        ("issue -i inventory.yaml --csr --development --out x", "cannot be used with"),
        ("issue -i inventory.yaml --ca ca --out x --san a@b", "neither a host name nor an address"),
        ("issue -i inventory.yaml --ca ca --out x --days 0", "0 is not in 1..=36500"),
        ("client --user ../x --ca ca --out x", "it names a directory too"),
        ("new-ca --name  --out x", "--name"),
    ] {
        let said = desk.stores(words);
        assert!(said.code == 2 && said.err.contains(expected), "{words}: {}", said.err);
    }
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let desk = Desk::with_ca();
    desk.write("stores", "a file");
    let said = desk.issue("");
    assert!(
        said.err.contains("error: cannot make the directory: ") && said.err.contains(" --> stores\n"),
        "{}",
        said.err
    );
}
