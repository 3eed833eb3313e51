//! Type parameters and lifetimes.

use super::*;

#[derive(Debug, PartialEq, Gob)]
struct Pair<A, B> {
    first: A,
    second: Vec<B>,
}

#[derive(Debug, PartialEq, Gob)]
struct Both {
    numbers: Pair<i64, bool>,
    texts: Pair<String, Pair<u8, Option<f64>>>,
}

#[test]
fn instances_are_types_of_their_own() {
    check(&Both {
        numbers: Pair {
            first: 1,
            second: vec![true],
        },
        texts: Pair {
            first: "a".to_owned(),
            second: vec![Pair {
                first: 1,
                second: vec![Some(0.5)],
            }],
        },
    });
    let name = <Pair<String, Both>>::schema().to_string();
    assert_eq!(name, "main.Pair[string,main.Both]");
    assert_ne!(
        <Pair<i64, i64>>::schema().types().count(),
        <Pair<i64, String>>::schema().types().count()
    );
}

#[derive(Debug, PartialEq, Gob)]
struct Borrowed<'a, 'b> {
    text: &'a str,
    bytes: &'b [u8],
    cow: Cow<'a, str>,
    maybe: Option<&'a str>,
    rest: Pair<&'b str, Cow<'a, [u8]>>,
}

#[test]
fn lifetimes() {
    let value = Borrowed {
        text: "text",
        bytes: b"bytes",
        cow: Cow::Borrowed("cow"),
        maybe: Some("maybe"),
        rest: Pair {
            first: "first",
            second: vec![Cow::Borrowed(b"second")],
        },
    };
    let bytes = to_vec(&value).unwrap();
    let decoded: Borrowed<'_, '_> = borrow_from_slice(&bytes).unwrap();
    assert_eq!(decoded, value);
    let range = bytes.as_ptr_range();
    assert!(range.contains(&decoded.text.as_ptr()));
    assert!(matches!(decoded.cow, Cow::Borrowed(text) if range.contains(&text.as_ptr())));
}

#[derive(Debug, PartialEq, Gob)]
struct De<'de> {
    text: &'de str,
}

#[test]
fn a_lifetime_called_de() {
    let bytes = to_vec(&De { text: "x" }).unwrap();
    assert_eq!(borrow_from_slice::<De<'_>>(&bytes).unwrap().text, "x");
}

#[derive(Debug, PartialEq, Gob)]
struct Matrix<const R: usize, const C: usize> {
    cells: [[f64; C]; R],
}

#[derive(Debug, PartialEq, Gob)]
struct Matrices {
    a: Matrix<1, 2>,
    b: Matrix<2, 1>,
}

#[test]
fn const_generics() {
    check(&Matrices {
        a: Matrix {
            cells: [[1.0, 2.0]],
        },
        b: Matrix {
            cells: [[1.0], [2.0]],
        },
    });
}

#[derive(Debug, PartialEq, Gob)]
struct Tree<T> {
    value: T,
    left: Option<Box<Self>>,
    right: Option<Box<Self>>,
}

#[test]
fn recursion() {
    let leaf = |value: &str| {
        Some(Box::new(Tree {
            value: value.to_owned(),
            left: None,
            right: None,
        }))
    };
    check(&Tree {
        value: "root".to_owned(),
        left: leaf("left"),
        right: leaf(""),
    });
}

/// Not a gob type.
#[derive(Debug, PartialEq)]
struct Marker;

#[derive(Debug, PartialEq, Gob)]
struct Id<T>(u64, PhantomData<T>);

#[derive(Debug, PartialEq, Gob)]
struct Owner<T: Debug> {
    id: Id<T>,
    #[gob(skip)]
    cache: Option<T>,
    marker: PhantomData<fn() -> T>,
}

#[test]
fn parameters_of_the_compiler_only() {
    check(&Id::<Marker>(5, PhantomData));
    assert_eq!(convert::<u64>(&Id::<Marker>(5, PhantomData)), 5);
    assert_eq!(<Id<Marker>>::schema().to_string(), "main.Id");
}

trait Kind {
    type Key;
}

#[derive(Debug, PartialEq)]
struct ByName;

impl Kind for ByName {
    type Key = String;
}

#[derive(Debug, PartialEq, Gob)]
struct Index<K: Kind> {
    keys: Vec<K::Key>,
    last: Option<<K as Kind>::Key>,
}

#[test]
fn projections() {
    let value: Index<ByName> = Index {
        keys: vec!["a".to_owned()],
        last: None,
    };
    let bytes = to_vec(&value).unwrap();
    assert_eq!(
        from_slice::<Index<ByName>>(&bytes).unwrap().keys,
        value.keys
    );
}

#[derive(Debug, PartialEq, Gob)]
#[gob(bound = "T: Encode, T: Decode<'de>, T: Copy")]
struct Bound<T>
where
    T: Debug,
{
    value: T,
}

#[test]
fn bounds() {
    check(&Bound { value: 1_i64 });
    check(&Owner::<u8> {
        id: Id(1, PhantomData),
        cache: None,
        marker: PhantomData,
    });
}
