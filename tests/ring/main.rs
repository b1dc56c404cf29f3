//! A real Cassandra ring behind real sshd, and ringwalk as an operator runs it; `scripts/test ring-5.0-package` brings one up.
//!
//! The scenes are one story: they run in the order of their names on one ring, and each leaves it healthy.

mod access;
mod agreement;
mod audit;
mod client;
mod desk;
mod enable;
mod files;
mod internode;
mod interruptions;
mod jmx;
mod judge;
mod kills;
mod knowledge;
mod locks;
mod mixed;
mod mutual;
mod on_failure;
mod own_stores;
mod partition;
mod rehearsed;
mod restarts;
mod rig;
mod rotate;
mod rotate_ca;
mod screen;
mod settings;
mod staged;
#[path = "../support/standing.rs"]
mod standing;
#[path = "../support/this_host.rs"]
mod this_host;
mod truth;
#[path = "../support/truth_table.rs"]
mod truth_table;
mod two_ports;
mod waves;
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

#[test]
#[ignore = "needs a real ring: scripts/test ring-5.0-package"]
fn a04_stores_that_the_process_refuses_are_put_back() {
    if rotate::reloads() {
        rotate::is_refused();
    }
}

#[test]
#[ignore = "needs a real ring: scripts/test ring-5.0-package"]
fn a05_an_audit_tells_what_is_on_disk_and_not_served_and_then_that_all_is_well() {
    audit::during_and_after();
}

#[test]
#[ignore = "takes minutes on a real ring: scripts/test long-5.0-package"]
fn a06_a_straggler_holds_the_next_phase_and_no_query_fails() {
    // What a client speaks is told since 4.0.
    if is_since_4_0() && (is_whole() || long_ones_are_played()) {
        staged::scene();
    } else if is_whole() {
        staged::by_approval();
    }
}

#[test]
#[ignore = "needs a real ring: scripts/test whole-5.0-package"]
fn a07_a_setting_of_any_path_is_rolled_out_and_taken_back_and_no_query_fails() {
    if is_whole() {
        settings::scene();
    }
}

#[test]
#[ignore = "needs a real ring: scripts/test whole-5.0-package"]
fn a08_nodes_come_to_tls_among_themselves_and_no_query_fails() {
    // One port for both since 4.0. On 3.11 it is refused, unless RING_RELEASE=3.11.9 has the rig bring up an older one.
    if is_whole() {
        internode::scene();
    }
}

#[test]
#[ignore = "needs a real ring: scripts/test whole-5.0-package"]
fn a09_client_certificates_are_demanded_and_the_whole_way_is_gone_back() {
    if is_whole() {
        mutual::scene();
    }
}

#[test]
#[ignore = "needs a real ring: scripts/test whole-5.0-package"]
fn a10_certificates_that_have_ended_are_replaced() {
    if is_whole() {
        rotate::is_overdue();
    }
}

#[test]
#[ignore = "needs a real ring: scripts/test whole-5.0-package"]
fn a11_a_second_port_is_opened_and_left_again_and_no_query_fails() {
    if is_whole() {
        two_ports::scene();
    }
}

/// On a ring of one node, by itself: it restarts the node for every row.
#[test]
#[ignore = "takes minutes: scripts/test truth-5.0"]
fn z01_every_row_of_the_truth_table_is_so() {
    if std::env::var_os("RINGWALK_TRUTH").is_some() {
        truth::scene();
    }
}

/// On a ring of six nodes.
#[test]
#[ignore = "needs six nodes: scripts/test waves-5.0"]
fn z02_the_nodes_of_a_rack_go_together_and_no_query_fails() {
    if std::env::var_os("RINGWALK_WAVES").is_some() {
        waves::scene();
    }
}

/// On a ring by itself: one of its nodes is upgraded for good.
#[test]
#[ignore = "leaves a ring of two versions: scripts/test mixed-3.11-4.0"]
fn z03_two_versions_restart_and_reload_in_one_plan_and_no_query_fails() {
    if let Ok(newer) = std::env::var("RINGWALK_MIXED") {
        mixed::scene(&newer);
    }
}

/// Every job is played that the version can do: `scripts/test whole-VERSION-LAYOUT`. Else it is the main job alone, and on
/// one ring own stores and what can go wrong, which is the same in every layout and version.
fn is_whole() -> bool {
    std::env::var_os("RINGWALK_WHOLE").is_some()
}

fn is_since_4_0() -> bool {
    rig::version_and_layout().0 != "3.11"
}

/// What can go wrong and is soon shown: on 5.0 as a package always, elsewhere if asked for.
fn troubles_are_played() -> bool {
    rig::version_and_layout() == ("5.0".into(), "package".into()) || long_ones_are_played()
}

/// What takes a minute or more each: `scripts/test long-VERSION-LAYOUT`, and where every job or trouble is played.
fn long_ones_are_played() -> bool {
    is_whole() && rig::version_and_layout() == ("5.0".into(), "package".into())
        || std::env::var_os("RINGWALK_TROUBLES").is_some()
}

#[test]
#[ignore = "needs a real ring: scripts/test ring-5.0-package"]
fn b01_a_node_that_cannot_be_reached_trusted_or_asked() {
    if troubles_are_played() {
        access::scene();
    }
}

#[test]
#[ignore = "needs a real ring: scripts/test ring-5.0-package"]
fn b02_an_inventory_or_a_store_that_does_not_fit() {
    if troubles_are_played() {
        agreement::scene();
    }
}

#[test]
#[ignore = "needs a real ring: scripts/test ring-5.0-package"]
fn b03_files_and_disks_that_are_not_fit() {
    if troubles_are_played() {
        files::scene();
    }
}

#[test]
fn b04_every_rule_for_stores_is_shown_or_it_is_said_why_not() {
    judge::every_rule_is_shown_or_said_why_not();
}

#[test]
#[ignore = "needs a real ring: scripts/test ring-5.0-package"]
fn b04_stores_that_would_break_a_node() {
    // It spoils stores in PKCS12, which a ring of 3.11 does not have.
    if troubles_are_played() && is_since_4_0() {
        judge::scene();
    }
}

#[test]
#[ignore = "needs a real ring: scripts/test ring-5.0-package"]
fn c01_a_node_does_not_come_back() {
    if troubles_are_played() {
        restarts::does_not_come_back();
    }
}

#[test]
#[ignore = "needs a real ring: scripts/test ring-5.0-package"]
fn c02_a_node_is_down_or_hangs_already() {
    if troubles_are_played() {
        restarts::is_down_already();
    }
}

#[test]
#[ignore = "takes minutes on a real ring: scripts/test long-5.0-package"]
fn c03_a_node_hangs_as_it_comes_back() {
    if long_ones_are_played() {
        restarts::hangs_as_it_comes_back();
    }
}

#[test]
#[ignore = "takes minutes on a real ring: scripts/test long-5.0-package"]
fn c04_interrupted_once_and_twice_and_a_connection_lost() {
    if long_ones_are_played() {
        interruptions::scene();
    }
}

#[test]
#[ignore = "takes minutes on a real ring: scripts/test long-5.0-package"]
fn c05_two_operators_at_once() {
    if long_ones_are_played() {
        locks::two_operators();
    }
}

#[test]
#[ignore = "takes minutes on a real ring: scripts/test long-5.0-package"]
fn c06_a_node_heals_itself_when_nobody_is_there() {
    if long_ones_are_played() {
        locks::nobody_is_there();
    }
}

#[test]
#[ignore = "takes minutes on a real ring: scripts/test long-5.0-package"]
fn c07_what_failed_is_put_back_as_the_playbook_wishes() {
    if long_ones_are_played() {
        on_failure::scene();
    }
}

#[test]
#[ignore = "takes minutes on a real ring: scripts/test long-5.0-package"]
fn c08_killed_in_each_step_and_with_a_full_disk_it_goes_on_and_back() {
    if long_ones_are_played() {
        kills::scene();
    }
}

#[test]
#[ignore = "takes minutes on a real ring: scripts/test long-5.0-package"]
fn c09_a_partition_holds_the_next_node_and_the_run_goes_on_at_another_desk() {
    if long_ones_are_played() {
        partition::scene();
    }
}

#[test]
#[ignore = "needs a real ring: scripts/test ring-5.0-package"]
fn d01_from_an_empty_directory_to_cqlsh_in_mutual_tls() {
    if is_whole() || troubles_are_played() {
        own_stores::scene();
    }
}

/// Goes on where d01 leaves the ring.
#[test]
#[ignore = "needs a real ring: scripts/test whole-5.0-package"]
fn d02_a_new_ca_is_taken_up_in_three_passes_and_no_query_fails() {
    if is_whole() {
        rotate_ca::scene();
    }
}
