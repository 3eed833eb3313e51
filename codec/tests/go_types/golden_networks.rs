//! Real Go's addresses, URLs and UUIDs.

use gobrpc_codec::Decoder;
use gobrpc_codec::go::{Addr, AddrPort, IpAddr, Prefix, Url, Uuid, Uuid16};

use crate::check::{case, directory, golden, same};
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

/// With the definition of Userinfo, which no value needs.
#[test]
fn urls_are_gos() {
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
    check_all([case("go_url", links.map(same))]);
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
