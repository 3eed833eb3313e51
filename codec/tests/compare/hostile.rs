//! Types that are made to cost more than they take.

use gobrpc_codec::{Schema, SchemaBuilder};

/// `depth` structs, each with two fields of the next one, of a kind that differs.
fn tower(depth: usize, signed: bool) -> Schema {
    let mut builder = SchemaBuilder::new();
    let mut top = if signed {
        builder.int()
    } else {
        builder.uint()
    };
    for _ in 0..depth {
        top = builder.struct_of("T", "", [("A", top), ("B", top)]);
    }
    builder.build(top)
}

/// 2^200 paths lead to one difference, which is told once.
#[test]
fn shared_types_are_compared_once() {
    let found = tower(200, true).compatible_with(&tower(200, false));
    assert_eq!(found.iter().count(), 1);
    let path = &found.iter().next().unwrap().path;
    assert!(path.starts_with('…') && path.ends_with(".A"), "{path}");
}

/// A hundred thousand types in a chain, on a small stack.
#[test]
fn chains_do_not_recurse() {
    let chain = |signed| {
        let mut builder = SchemaBuilder::new();
        let mut top = if signed {
            builder.int()
        } else {
            builder.uint()
        };
        for _ in 0..100_000 {
            top = builder.slice_of(top);
        }
        builder.build(top)
    };
    let work = move || {
        let found = chain(true).compatible_with(&chain(false));
        assert!(!found.is_compatible() && !found.is_cut());
    };
    let thread = std::thread::Builder::new().stack_size(256 << 10);
    thread.spawn(work).unwrap().join().unwrap();
}

/// Two cycles whose lengths have no common factor pair up in all ways.
#[test]
fn pairs_are_bounded() {
    let cycle = |length: usize| {
        let mut builder = SchemaBuilder::new();
        let start = builder.declare("", "");
        let mut top = start;
        for _ in 1..length {
            top = builder.slice_of(top);
        }
        builder.define(start, gobrpc_codec::Kind::Slice(top));
        builder.build(start)
    };
    let found = cycle(4093).compatible_with(&cycle(4091));
    assert!(found.is_cut() && !found.is_compatible() && found.iter().count() == 0);
    assert!(found.to_string().contains("too large"));
    assert!(cycle(4093).compatible_with(&cycle(4093)).is_empty());
}

/// More fields than anyone reads about.
#[test]
fn differences_are_bounded() {
    let wide = |prefix: &str| {
        let mut builder = SchemaBuilder::new();
        let int = builder.int();
        let fields: Vec<String> = (0..4096).map(|n| format!("{prefix}{n}")).collect();
        let mut top = int;
        for _ in 0..4 {
            let fields = fields.iter().map(|name| (name.as_str(), int));
            top = builder.struct_of("Wide", "", fields.chain([("Next", top)]));
        }
        builder.build(top)
    };
    let found = wide("A").compatible_with(&wide("B"));
    assert!(found.is_cut());
    assert!(found.iter().count() < 20_000);
}
