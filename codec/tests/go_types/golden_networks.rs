//! Real Go's addresses, URLs and UUIDs.

use gobrpc_codec::go::{Addr, AddrPort, IpAddr, Prefix, Url, Uuid, Uuid16};
use gobrpc_codec::{Decoder, Encoder};

use crate::check::{case, check_decoding, directory, golden, same};
use crate::golden::check_all;
use crate::sample::{HasUUID, ID, Ids, LINK, Links, Networks, short_ip, v4, v6, zoned};

#[test]
fn addresses_are_gos() {
    let mapped = Addr::from(v4().to_ipv6_mapped());
    check_all([
        case(
            "go_ip",
            [
                short_ip(),
                v4().into(),
                core::net::Ipv6Addr::LOCALHOST.into(),
                IpAddr::NIL,
            ]
            .map(same),
        ),
        case(
            "go_netip_addr",
            [Addr::NONE, v4().into(), v6().into(), zoned(), mapped].map(same),
        ),
        case(
            "go_netip_addr_port",
            [
                AddrPort::default(),
                AddrPort::new(v4(), 258),
                AddrPort::new(zoned(), 65535),
            ]
            .map(same),
        ),
        case(
            "go_net_fields",
            [
                Networks {
                    ip: core::net::Ipv6Addr::LOCALHOST.into(),
                    ips: vec![short_ip(), IpAddr::NIL],
                    addr: zoned(),
                    socket: AddrPort::new(v4(), 80),
                    prefix: Prefix::new(v4(), 0).unwrap(),
                    ptr: Some(Addr::NONE),
                },
                Networks::default(),
            ]
            .map(same),
        ),
    ]);
    if directory().is_none() {
        return;
    }
    // Its last value only decodes to a prefix: `new` makes no invalid ones.
    let mut decoder = Decoder::new();
    decoder.feed(&golden("go_netip_prefix"));
    let mut prefixes = std::iter::from_fn(|| decoder.decode::<Prefix>().unwrap());
    let first: Vec<Prefix> = prefixes.by_ref().take(3).collect();
    let invalid = prefixes.next().unwrap();
    assert_eq!(invalid.ip(), Some(v6().into()));
    assert_eq!(invalid.bits(), None);
    check_all([case(
        "go_netip_prefix",
        [
            Prefix::NONE,
            Prefix::new(v4(), 24).unwrap(),
            Prefix::new(v6(), 128).unwrap(),
            invalid,
        ]
        .map(same),
    )]);
    assert_eq!(first[0], Prefix::NONE);
}

/// Go defines Userinfo besides; we do not.
#[test]
fn urls_are_gos_but_for_an_unused_definition() {
    let links = [
        Links {
            value: Url::from(LINK),
            ptr: None,
        },
        Links {
            value: Url::default(),
            ptr: Some(Url::from("/x")),
        },
    ];
    if directory().is_none() {
        return;
    }
    check_decoding(&case("go_url", links.clone().map(same)));
    let mut ours = Vec::new();
    let mut encoder = Encoder::new();
    for link in &links {
        encoder.encode(link, &mut ours).unwrap();
    }
    let mut go = golden("go_url");
    let at = go
        .windows(8)
        .position(|window| window == b"Userinfo")
        .unwrap();
    // The length, the negated id, and the rest of the definition before and
    // after its name.
    let orphan = at - 7..at + 8 + 6;
    assert_eq!(usize::from(go[orphan.start]), orphan.len() - 1);
    go.drain(orphan);
    assert_eq!(ours, go);
}

#[test]
fn uuids_are_gos() {
    let uuids = [ID, [0; 16], [0xff; 16]].map(Uuid);
    check_all([
        case("go_uuid", uuids.map(same)),
        case(
            "go_uuid_fields",
            [
                Ids {
                    id: Uuid(ID),
                    ptr: Some(Uuid::default()),
                },
                Ids::default(),
            ]
            .map(same),
        ),
        case(
            "go_uuid_array",
            [
                same(Uuid16(ID)),
                same(Uuid16::default()),
                same(HasUUID {
                    id: Uuid16([0xff; 16]),
                }),
                same(HasUUID::default()),
            ],
        ),
    ]);
}
