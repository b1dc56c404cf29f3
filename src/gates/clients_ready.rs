//! Are the clients of all nodes ready for what comes next, and have they been for long enough?

use super::Verdict;
use crate::facts::clients::{Client, Clients, ClientsWindow, Encryption};
use crate::input::entry::ClientsMust;
use crate::plan::step::ClientsWish;

/// Judges a whole window: a client that was seen anywhere in it counts though it has gone since, and so does a node that
/// did not tell. What no node can tell is for whoever vouches for it; without one the answer is no.
pub fn check(window: &ClientsWindow, wish: &ClientsWish) -> Verdict {
    match (against(window, wish), window.unbroken_s()) {
        (Some(why), _) => Verdict::Wait(why),
        (None, so_far) if so_far >= wish.for_s => Verdict::Pass,
        (None, so_far) => Verdict::Wait(format!("it has been so for {so_far} s of {} s", wish.for_s)),
    }
}

/// What of the window speaks against going on; `None` if nothing but its length.
pub fn against(window: &ClientsWindow, wish: &ClientsWish) -> Option<String> {
    let of_window = window.within(wish.for_s);
    for must in &wish.must {
        let against: Clients = of_window.only(|client| speaks_against(client, *must));
        if !against.connections.is_empty() {
            return Some(format!("{}: {}", speaking(*must), told(&against)));
        }
    }
    if let Some((node, why)) = of_window.silent.iter().next() {
        return Some(format!("{node} does not tell who is connected: {why}"));
    }
    if let Some(node) = of_window.closed().next() {
        return Some(format!("the client port of {node} is closed"));
    }
    not_told(window, wish).filter(|_| !wish.vouched)
}

/// What the nodes cannot tell of the clients that were seen; `None` if they tell all that is asked.
pub fn not_told(window: &ClientsWindow, wish: &ClientsWish) -> Option<String> {
    let of_window = window.within(wish.for_s);
    let told = |what: &str, clients: Clients| match clients.connections.len() {
        0 => None,
        count => Some(format!("of {count} connections it is not known {what}: {}", self::told(&clients))),
    };
    let tells_nothing = |client: &Client| client.encryption == Encryption::NotKnown;
    told("whether they are TLS", of_window.only(tells_nothing)).or_else(|| {
        let asks = wish.must.contains(&ClientsMust::ShowCertificates);
        let hides = |client: &Client| asks && client.by_certificate != Some(true);
        told("whether a certificate is shown", of_window.only(hides))
    })
}

fn speaks_against(client: &Client, must: ClientsMust) -> bool {
    match must {
        // Who speaks plaintext shows no certificate either.
        ClientsMust::NotSpeakPlaintext | ClientsMust::ShowCertificates => {
            client.encryption == Encryption::Plaintext
        }
        ClientsMust::NotSpeakTls => matches!(client.encryption, Encryption::Tls { .. }),
    }
}

fn speaking(must: ClientsMust) -> &'static str {
    match must {
        ClientsMust::NotSpeakPlaintext => "in plaintext",
        ClientsMust::NotSpeakTls => "in TLS",
        ClientsMust::ShowCertificates => "without a certificate",
    }
}

/// As many as fit into one line; `ringwalk clients` lists all.
const NAMED: usize = 3;

/// Applications by name.
pub fn told(clients: &Clients) -> String {
    let applications = clients.applications();
    let named: Vec<String> = applications.iter().take(NAMED).map(ToString::to_string).collect();
    match applications.len().saturating_sub(NAMED) {
        0 => named.join("; "),
        more => format!("{}; and {more} more", named.join("; ")),
    }
}
