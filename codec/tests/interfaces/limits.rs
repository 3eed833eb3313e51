//! Limits hold inside of interfaces too, each at its most and one beyond.

use gobrpc_codec::{Encoder, ErrorKind, Gob, Interface, Limits, Prepared, from_slice_with, to_vec};

/// A chain that goes through an interface at each step.
#[derive(Gob, Debug, PartialEq)]
struct Link {
    next: Option<Next>,
}

#[derive(Gob, Debug, PartialEq)]
#[gob(interface)]
enum Next {
    Link(Box<Link>),
}

fn chain(links: usize) -> Link {
    let mut link = Link { next: None };
    for _ in 1..links {
        link = Link {
            next: Some(Next::Link(Box::new(link))),
        };
    }
    link
}

#[test]
fn depth_of_typed_values() {
    // A link takes a level, and the interface that holds one another.
    let deep = Limits::trusted();
    for (links, depth) in [(5, 9), (20, 39)] {
        let chain = chain(links);
        for inline in [false, true] {
            let mut stream = Vec::new();
            let mut encoder = Encoder::with_limits(deep);
            if inline {
                encoder = encoder.inline_types();
            }
            encoder.encode(&chain, &mut stream).unwrap();
            let mut enough = Limits::default();
            enough.depth = depth;
            assert_eq!(from_slice_with::<Link>(&stream, &enough).unwrap(), chain);
            let mut less = Limits::default();
            less.depth = depth - 1;
            let error = from_slice_with::<Link>(&stream, &less).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
        }
        let mut enough = Limits::default();
        enough.depth = depth;
        Prepared::with_limits(&chain, &enough).unwrap();
        let mut less = Limits::default();
        less.depth = depth - 1;
        let error = Prepared::with_limits(&chain, &less).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit);
    }
}

#[test]
fn memory_of_dynamic_values() {
    let list = vec![Interface::new("[]uint8", vec![7_u8; 1000].into()); 10];
    let stream = to_vec(&list).unwrap();
    let read = |memory_bytes| {
        let mut limits = Limits::default();
        limits.memory_bytes = memory_bytes;
        from_slice_with::<Vec<Interface>>(&stream, &limits)
    };
    // What it takes, found by halving.
    let (mut less, mut enough) = (0, 1 << 20);
    while enough - less > 1 {
        let middle = (less + enough) / 2;
        match read(middle) {
            Ok(_) => enough = middle,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Limit);
                less = middle;
            }
        }
    }
    assert_eq!(read(enough).unwrap(), list);
    // All ten count, and not each by itself.
    assert!((10_000..20_000).contains(&enough), "{enough}");
}

#[test]
fn message_bytes() {
    let list = vec![Interface::new("[]uint8", vec![7_u8; 1000].into()); 10];
    let length = {
        let mut stream = Vec::new();
        let mut encoder = Encoder::new();
        encoder.encode(&list, &mut stream).unwrap();
        let defined = stream.len();
        encoder.encode(&list, &mut stream).unwrap();
        stream.len() - defined - 3
    };
    for (message_bytes, fits) in [(length, true), (length - 1, false)] {
        let mut limits = Limits::default();
        limits.message_bytes = message_bytes;
        let mut stream = Vec::new();
        let result = Encoder::with_limits(limits).encode(&list, &mut stream);
        match result {
            Ok(()) => assert!(fits),
            Err(error) => {
                assert!(!fits && stream.is_empty());
                assert_eq!(error.kind(), ErrorKind::Limit);
            }
        }
    }
}

#[test]
fn names_of_concrete_types() {
    for (length, fits) in [(1024, true), (1025, false)] {
        let held = Interface::new("n".repeat(length).as_str(), 1_i64.into());
        match to_vec(&held) {
            Ok(_) => assert!(fits),
            Err(error) => assert!(!fits && error.kind() == ErrorKind::Misuse),
        }
    }
}
