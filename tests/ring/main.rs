//! A real Cassandra ring behind real sshd, and ringwalk as an operator runs it; `scripts/test ring-5.0-package` brings one up.
//!
//! The scenes are one story: they run in the order of their names on one ring, and each leaves it healthy.

mod client;
mod desk;
mod enable;
mod knowledge;
mod rig;
mod rotate;
mod screen;
mod wire;

#[test]
#[ignore = "needs a real ring: scripts/test ring-5.0-package"]
fn a01_the_ring_is_known_as_its_nodetool_knows_it() {
    knowledge::scene("a01_the_ring_is_known_as_its_nodetool_knows_it");
}

#[test]
#[ignore = "needs a real ring: scripts/test ring-5.0-package"]
fn a02_plaintext_becomes_tls_and_no_query_fails() {
    enable::scene();
}

#[test]
#[ignore = "needs a real ring: scripts/test ring-5.0-package"]
fn a03_new_leaves_are_served_and_no_query_fails() {
    rotate::scene();
}
