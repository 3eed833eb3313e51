//! Where a fault of a value is told to be.

use super::*;

#[derive(Gob)]
struct Item {
    name: String,
}

#[derive(Gob)]
struct Node {
    name: String,
    next: Option<Box<Node>>,
}

/// The error of a stream in which the length of the text "zz" is a lie.
fn fault(mut stream: Vec<u8>) -> gobrpc_codec::Error {
    let at = stream
        .windows(3)
        .position(|bytes| bytes == b"\x02zz")
        .unwrap();
    stream[at] = 0x7f;
    let mut decoder = Decoder::new();
    decoder.feed(&stream);
    let error = decoder.decode_value().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
    assert_eq!(
        error.message(),
        format!(
            "a length of 127 where {} bytes are left",
            stream.len() - at - 1
        )
    );
    error
}

#[test]
fn the_path_leads_to_it() {
    let items = |names: &[&str]| -> Vec<Item> {
        let item = |name: &&str| Item {
            name: (*name).to_owned(),
        };
        names.iter().map(item).collect()
    };
    let map = BTreeMap::from([
        (1_i64, items(&["a"])),
        (2, items(&[])),
        (3, items(&["b", "zz"])),
    ]);
    assert_eq!(fault(to_vec(&map).unwrap()).path(), "[2][1].Name");
    let keys = BTreeMap::from([("a", 1_i64), ("zz", 2)]);
    assert_eq!(fault(to_vec(&keys).unwrap()).path(), "[key]");
    assert_eq!(fault(to_vec(&["a", "b", "zz"]).unwrap()).path(), "[2]");
}

/// Nobody reads a path that is longer, which a peer could make.
#[test]
fn a_long_path_is_left_out() {
    for (levels, told) in [(1, true), (2, true), (33, true), (34, false), (60, false)] {
        let leaf = Node {
            name: "zz".to_owned(),
            next: None,
        };
        let list = (1..levels).fold(leaf, |next, _| Node {
            name: String::new(),
            next: Some(Box::new(next)),
        });
        let path = fault(to_vec(&list).unwrap()).path();
        let expected = match told {
            true => format!("Node.{}Name", "Next.".repeat(levels - 1)),
            false => "Node".to_owned(),
        };
        assert_eq!(path, expected, "{levels}");
    }
}
