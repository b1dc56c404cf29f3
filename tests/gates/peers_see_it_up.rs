use super::{told, view};
use ringwalk::gates::View;
use ringwalk::gates::peers_see_it_up::check;

fn asked(views: &[(&str, &str)]) -> String {
    let views: Vec<View> = views.iter().map(|(observer, rows)| view(observer, rows)).collect();
    told(check(&views, "a"))
}

#[test]
fn every_observer_must_show_the_node_up_and_normal() {
    for (views, expected) in [
        (vec![("n2", "UN a, UN b"), ("n3", "UN b, UN a")], "pass"),
        (vec![("n2", "UN a, DN b")], "pass"),
        (vec![], "wait: no peer could be asked"),
        (vec![("n2", "UN a"), ("n3", "DN a")], "wait: n3 sees it down"),
        (vec![("n2", "DN a"), ("n3", "DN a")], "wait: n2 sees it down; n3 sees it down"),
        (vec![("n2", "UJ a")], "wait: n2 sees it joining"),
        (vec![("n2", "UL a")], "wait: n2 sees it leaving"),
        (vec![("n2", "UM a")], "wait: n2 sees it moving"),
        (vec![("n2", "UN b"), ("n3", "UN a")], "wait: n2 does not know it"),
        (vec![("n2", "UN -a")], "wait: n2 does not know it"),
    ] {
        assert_eq!(asked(&views), expected, "{views:?}");
    }
}
