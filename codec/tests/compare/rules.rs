//! Each kind of difference, where it is, and what its text says.

use std::collections::BTreeMap;

use gobrpc_codec::go::{BigInt, Time, Url};
use gobrpc_codec::schema::Effect;
use gobrpc_codec::{Gob, Interface, SchemaBuilder};

/// The lines of a comparison.
fn lines<W: Gob, R: Gob>() -> Vec<String> {
    let comparison = W::schema().compatible_with(R::schema());
    comparison.to_string().lines().map(str::to_owned).collect()
}

#[track_caller]
fn differ<W: Gob, R: Gob>(want: &[&str]) {
    assert_eq!(lines::<W, R>(), want);
}

#[test]
fn kinds_do_not_mix() {
    differ::<i64, i64>(&[]);
    differ::<i64, u64>(&["breaks: int64: int64 does not fit uint64"]);
    differ::<String, Vec<u8>>(&["breaks: string: string does not fit []uint8 (bytes)"]);
    differ::<Vec<i64>, [i64; 2]>(&[
        "breaks: []int64: []int64 (slice) does not fit [2]int64 (array)",
    ]);
    differ::<[i64; 2], [i64; 3]>(&["breaks: [2]int64: an array of 2 does not fit one of 3"]);
    differ::<Interface, i64>(&["breaks: interface {}: interface does not fit int64"]);
    differ::<i64, Interface>(&["breaks: int64: int64 does not fit interface"]);
    differ::<Time, Url>(&[
        "breaks: Time: time.Time (GobEncoder) does not fit url.URL (BinaryMarshaler)",
    ]);
    differ::<Time, BigInt>(&["may fail: Time: Int must read what Time writes"]);
}

#[test]
fn numbers_of_fewer_bits_may_fail() {
    differ::<i8, i64>(&[]);
    differ::<i64, i8>(&["may fail: int64: int64 may be too large for int8"]);
    differ::<u64, usize>(&[]);
    differ::<f64, f32>(&["may fail: float64: float64 may be too large for float32"]);
}

mod old {
    use super::{BTreeMap, Gob};

    #[derive(Gob)]
    pub(super) struct Person {
        pub(super) name: String,
        pub(super) homes: Vec<Address>,
        pub(super) by_key: BTreeMap<String, Address>,
        pub(super) user_id: i64,
        pub(super) next: Option<Box<Self>>,
    }

    #[derive(Gob)]
    pub(super) struct Address {
        pub(super) street: String,
        pub(super) zip: u32,
    }
}

mod new {
    use super::{BTreeMap, Gob};

    #[derive(Gob)]
    pub(super) struct Person {
        pub(super) name: String,
        pub(super) homes: Vec<Address>,
        pub(super) by_key: BTreeMap<String, Address>,
        #[gob(rename = "UserID")]
        pub(super) user_id: i64,
        pub(super) next: Option<Box<Self>>,
        pub(super) email: String,
    }

    #[derive(Gob)]
    pub(super) struct Address {
        pub(super) street: String,
        pub(super) zip: String,
        #[gob(required)]
        pub(super) country: u8,
    }
}

#[test]
fn differences_are_told_once_and_where_they_are() {
    differ::<old::Person, new::Person>(&[
        "loses data: Person.UserId: the reader calls this field UserID, as it seems",
        "harmless: Person.Email: the writer lacks this field, which stays zero",
        "breaks: Person.Homes[].Country: the writer lacks this field, which the reader requires",
        "breaks: Person.Homes[].Zip: uint32 does not fit string",
    ]);
    let comparison = new::Person::schema().compatible_with(old::Person::schema());
    let effects: Vec<Effect> = comparison.iter().map(|found| found.effect()).collect();
    assert_eq!(
        effects,
        [Effect::Loses, Effect::Loses, Effect::Loses, Effect::Breaks]
    );
    assert!(!comparison.is_empty() && !comparison.is_compatible() && !comparison.is_lossless());
}

/// Our derive makes no such fields.
#[test]
fn go_ignores_names_in_lower_case() {
    let mut builder = SchemaBuilder::new();
    let int = builder.int();
    let names = ["first", "Ⅷ", "_", "Über"].map(|name| (name, int));
    let root = builder.struct_of("Lower", "", names);
    let schema = builder.build(root);
    let text = "Go ignores names that begin with a lower-case letter";
    let lines = ["first", "Ⅷ", "_"].map(|name| format!("loses data: Lower.{name}: {text}\n"));
    let found = schema.compatible_with(&schema);
    assert_eq!(found.to_string(), lines.concat());
}

#[derive(Gob)]
struct A {
    a: i64,
}
#[derive(Gob)]
struct B {
    b: String,
}
#[derive(Gob)]
struct Holds<T> {
    inner: T,
}
#[derive(Gob)]
struct Empty {}

#[test]
fn a_common_field_is_needed_at_the_top_only() {
    differ::<A, B>(&[
        "breaks: A: the reader has no field of this type",
        "loses data: A.A: the reader lacks this field",
        "harmless: A.B: the writer lacks this field, which stays zero",
    ]);
    let nested = Holds::<A>::schema().compatible_with(Holds::<B>::schema());
    assert_eq!(nested.worst(), Some(Effect::Loses));
    differ::<A, Empty>(&["loses data: A.A: the reader lacks this field"]);
    differ::<Empty, A>(&["harmless: Empty.A: the writer lacks this field, which stays zero"]);
}

#[test]
fn keys_and_elements_have_paths() {
    differ::<BTreeMap<i64, Vec<A>>, BTreeMap<u64, Vec<Empty>>>(&[
        "breaks: map[int64][]main.A[key]: int64 does not fit uint64",
        "loses data: map[int64][]main.A[][].A: the reader lacks this field",
    ]);
}
