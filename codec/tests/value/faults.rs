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
    // Behind the length, as far as it was read.
    assert_eq!(error.offset(), Some(at as u64 + 1));
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

/// A value that may hold interfaces is walked over before it is decoded; its faults
/// are told as precisely.
#[test]
fn interfaces_hide_no_place() {
    #[derive(Gob)]
    struct Shelf {
        items: Vec<Item>,
        by_name: BTreeMap<String, i64>,
        any: Interface,
    }
    let shelf = |items: &[&str], key: &str, any: &str| Shelf {
        items: items
            .iter()
            .map(|name| Item {
                name: (*name).to_owned(),
            })
            .collect(),
        by_name: BTreeMap::from([("a".to_owned(), 7), (key.to_owned(), 8)]),
        any: Interface::new("string", Value::from(any)),
    };
    for (shelf, path) in [
        (shelf(&["a", "zz"], "b", "c"), "Shelf.Items[1].Name"),
        (shelf(&["a"], "zz", "c"), "Shelf.ByName[key]"),
        (shelf(&["a"], "b", "zz"), "Shelf.Any"),
    ] {
        let error = fault(to_vec(&shelf).unwrap());
        assert_eq!(error.path(), path);
        assert!(error.is_fatal());
    }
}

/// So are those of a definition.
#[test]
fn a_definition_is_at_fault_where_it_is() {
    // A struct of two fields, of which the second has no name; and its end.
    let define = [
        0x7f, 3, 1, 2, 0xff, 0x80, 0, 1, 2, 1, 1, b'A', 1, 4, 0, 0, 0, 0,
    ];
    let mut stream = vec![define.len() as u8];
    stream.extend(define);
    let mut decoder = Decoder::new();
    decoder.feed(&to_vec(&7_i64).unwrap());
    decoder.feed(&stream);
    assert_eq!(decoder.decode::<i64>().unwrap(), Some(7));
    let error = decoder.decode_value().unwrap_err();
    assert!(error.message().contains("without a name"), "{error}");
    assert_eq!(error.offset(), Some(4 + stream.len() as u64 - 2), "{error}");
}

/// So are the faults of values that are sent: to a key, and no deeper than anybody reads.
#[test]
fn a_value_that_does_not_fit_its_type_has_a_path() {
    let path = |value: Value| Prepared::from_value(&value).unwrap_err().path();
    for (key, value, expected) in [
        (Value::Int(1), Value::Int(2), "[key]"),
        ("b".into(), "text".into(), ""),
    ] {
        let mut map = Map::typed::<BTreeMap<String, i64>>();
        map.push(key, value);
        assert_eq!(path(map.clone().into()), expected);
        map.push("c".into(), Value::Int(3));
        assert_eq!(path(map.into()), expected);
    }
    let schema = Arc::new(gobrpc_codec::Schema::clone(Node::schema()));
    for (levels, told) in [(1, true), (2, true), (33, true), (34, false)] {
        let node = || Struct::with_schema(&schema, schema.root()).unwrap();
        let mut leaf = node();
        leaf.set("Name", Value::Int(1)).unwrap();
        let list = (1..levels).fold(leaf, |next, _| {
            let mut outer = node();
            outer.set("Next", next.into()).unwrap();
            outer
        });
        let expected = match told {
            true => format!("Node.{}Name", "Next.".repeat(levels - 1)),
            false => "Node".to_owned(),
        };
        assert_eq!(path(list.into()), expected, "{levels}");
    }
}
