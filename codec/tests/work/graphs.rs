//! Graphs of types that are larger as trees than any memory, or deeper than any
//! stack.

use gobrpc_codec::Limits;

use crate::readers::READERS;
use crate::stream::{Bytes, bytes};
use crate::{alone, linear, measured};

/// A value of the first of so many structs, each with two fields of the next one;
/// the last has an interface.
fn tower(count: i64) -> Vec<u8> {
    let last = 64 + count;
    let define = |stream: Bytes, id: i64| stream.structure(id, &[("A", id + 1), ("B", id + 1)]);
    let types = (64..last).fold(bytes(), define);
    let types = types.structure(last, &[("Any", 8)]);
    types.value(64, bytes().raw(&[0])).0
}

/// 2^4000 paths lead through it.
#[test]
fn shared_types_are_not_expanded() {
    let _alone = alone();
    let limits = Limits::default();
    // What took 7.5 seconds elsewhere.
    let small = tower(22);
    assert!(small.len() < 1000);
    for (name, read) in READERS {
        let work = measured(|| read(&small, limits));
        assert!(work.allocations < 2000, "{name}: {work:?}");
    }
    let (small, large) = (tower(1000), tower(4000));
    for (name, read) in READERS {
        linear(name, || read(&small, limits), || read(&large, limits));
    }
}

/// Values of many types that lead to one large graph.
#[test]
fn a_graph_is_searched_once() {
    let _alone = alone();
    let stream = |roots: i64| {
        let graph = (64..1064).fold(bytes(), |stream, id| {
            stream.structure(id, &[("A", id + 1), ("B", 64)])
        });
        let graph = graph.structure(1064, &[("Any", 2)]);
        let root = |stream: Bytes, id: i64| {
            let stream = stream.structure(id, &[("Graph", 64), ("Any", 8)]);
            stream.value(id, bytes().raw(&[0]))
        };
        (2000..2000 + roots).fold(graph, root).0
    };
    let (small, large) = (stream(500), stream(2000));
    let limits = Limits::default();
    for (name, read) in READERS {
        linear(name, || read(&small, limits), || read(&large, limits));
    }
}

/// 200,000 slices of slices, each defined, on a stack of 256 KiB.
#[test]
fn chains_of_types_do_not_recurse() {
    let _alone = alone();
    let count = 200_000;
    let types = (64..64 + count).fold(bytes(), |stream, id| stream.slice(id, id + 1));
    let types = types.structure(64 + count, &[("Any", 8)]);
    let stream = types.value(64, bytes().raw(&[0, 0])).0;
    let limits = Limits::trusted();
    for (name, read) in READERS {
        let stream = stream.clone();
        let thread = std::thread::Builder::new().stack_size(256 << 10);
        let reading = thread.spawn(move || read(&stream, limits)).unwrap();
        assert!(reading.join().is_ok(), "{name}");
    }
}
