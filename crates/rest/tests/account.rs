//! Who is counted as one client, and how many of something it has.

use waypost_rest::{Account, Credential, Peer, Tally};

fn subject(authority: &str, name: &str) -> Credential {
    Credential::Subject { authority: authority.into(), name: name.into() }
}

#[test]
fn one_host_has_one_account_whatever_its_port() {
    let hosts = [
        ("coap://[2001:db8::1]:61616", "coap://[2001:db8::1]", "[2001:db8::1]"),
        ("coap://192.0.2.1:5000", "coaps://192.0.2.1:5001", "192.0.2.1"),
        ("coap://host.example", "coap://host.example:1", "host.example"),
        ("", "", ""),
    ];
    for (one, other, host) in hosts {
        assert_eq!((Peer::new(one).host(), Peer::new(other).host()), (host, host));
        assert_eq!(Account::of(&Peer::new(one)), Account::of(&Peer::new(other)));
    }
    assert_ne!(Account::of(&Peer::new("coap://[2001:db8::1]")), Account::of(&Peer::new("coap://[2001:db8::2]")));
}

#[test]
fn one_link_local_address_in_two_zones_is_two_hosts() {
    let peer = Peer::new("coap://[fe80::1]");
    assert_eq!(Account::of(&peer.clone().with_zone(1)), Account::of(&peer.clone().with_zone(1)));
    assert_ne!(Account::of(&peer.clone().with_zone(1)), Account::of(&peer.clone().with_zone(2)));
    assert_ne!(Account::of(&peer.clone().with_zone(1)), Account::of(&peer));
}

#[test]
fn who_is_known_to_receive_what_is_sent_to_it_has_an_account_that_nobody_else_at_its_address_has() {
    let (forged, known) = (Account::of(&Peer::new("coap://host")), Account::of(&Peer::new("coap://host").reachable()));
    assert_ne!(forged, known);
    assert_eq!((forged.is_verified(), known.is_verified()), (false, true));
}

#[test]
fn who_proves_the_same_has_one_account_wherever_it_is() {
    let at = |uri: &str, credential| Account::of(&Peer::new(uri).with_credential(credential));
    let credentials = [
        subject("a", "bc"),
        subject("ab", "c"),
        Credential::PublicKey(b"abc".to_vec()),
        Credential::Session(b"abc".to_vec()),
    ];
    for (number, own) in credentials.iter().enumerate() {
        assert_eq!(at("coap://one", own.clone()), at("coap://two", own.clone()));
        assert!(at("coap://one", own.clone()).is_verified());
        assert_ne!(at("coap://one", own.clone()), Account::of(&Peer::new("coap://one").reachable()));
        for other in &credentials[..number] {
            assert_ne!(at("coap://one", own.clone()), at("coap://one", other.clone()));
        }
    }
    let both = Peer::new("coap://one").with_credential(subject("a", "bc")).with_credential(subject("a", "d"));
    assert_eq!(Account::of(&both), at("coap://two", subject("a", "bc")), "the first counts");
}

#[test]
fn a_tally_never_has_less_than_none() {
    let account = |host: &str| Account::of(&Peer::new(format!("coap://{host}")));
    let mut tally = Tally::default();
    tally.take(&account("a"), 1);
    tally.add(account("a"), 2);
    tally.add(account("b"), usize::MAX);
    tally.add(account("b"), 1);
    assert_eq!((tally.of(&account("a")), tally.of(&account("b")), tally.of(&account("c"))), (2, usize::MAX, 0));
    tally.take(&account("a"), 3);
    tally.take(&account("b"), usize::MAX - 1);
    assert_eq!((tally.of(&account("a")), tally.of(&account("b"))), (0, 1));
}
