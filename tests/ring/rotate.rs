//! New leaves of the same CA, under load.

use super::client::Clients;
use super::desk::Desk;
use super::enable::{no_secret_is_told, nothing_is_left_to_do};
use super::wire;

pub fn scene() {
    let desk = Desk::of_this_ring();
    desk.make_stores();
    let clients = Clients::of(&desk);
    desk.ringwalk(&["apply", "--yes"])
        .exits(0)
        .says("3 nodes change")
        .says("the running process keeps the old keystore")
        .says_not("client_encryption_options.enabled")
        .says("3 of 3 nodes done");
    clients.saw_no_failure();
    wire::is_tls_only_with_the_leaves_of(&desk);
    nothing_is_left_to_do(&desk);
    no_secret_is_told(&desk);
}
