//! Structs and their fields.

use super::*;

#[derive(Debug, Default, PartialEq, Gob)]
struct Person {
    user_name: String,
    age: u8,
    r#type: i64,
    scores: Vec<f64>,
    labels: BTreeMap<String, bool>,
    note: Option<String>,
    pair: (i32, char),
    grid: [[u16; 2]; 2],
    inner: Inner,
}

#[derive(Debug, Default, PartialEq, Gob)]
struct Inner {
    x: i64,
}

#[test]
fn all_fields() {
    check(&Person {
        user_name: "Ann".to_owned(),
        age: 255,
        r#type: -1,
        scores: vec![0.5, -0.0, f64::MAX],
        labels: BTreeMap::from([("a".to_owned(), true), (String::new(), false)]),
        note: Some("…".to_owned()),
        pair: (i32::MIN, 'ß'),
        grid: [[1, 2], [3, 4]],
        inner: Inner { x: 22 },
    });
    check(&Person::default());
}

#[test]
fn names_are_exported_ones() {
    let names = field_names::<Person>();
    let want = [
        "UserName", "Age", "Type", "Scores", "Labels", "Note", "Pair", "Grid", "Inner",
    ];
    assert_eq!(names, want);
    assert_eq!(Person::schema().to_string(), "main.Person");
}

#[derive(Debug, PartialEq, Gob)]
struct Point {
    x: i64,
    y: i64,
}

/// The bytes of Go's `gob.NewEncoder(w).Encode(Point{22, 33})`.
#[test]
fn bytes_of_go() {
    let bytes = check(&Point { x: 22, y: 33 });
    assert!(bytes.ends_with(&[0x07, 0xff, 0x80, 0x01, 0x2c, 0x01, 0x42, 0x00]));
    assert!(bytes.windows(5).any(|name| name == b"Point"));
}

#[derive(Debug, PartialEq, Gob)]
struct Wide {
    y: i64,
    name: String,
    list: Vec<Point>,
    x: i64,
}

#[test]
fn unknown_fields_are_skipped_and_missing_ones_zero() {
    let wide = Wide {
        y: 2,
        name: "n".to_owned(),
        list: vec![Point { x: 1, y: 1 }],
        x: 3,
    };
    assert_eq!(convert::<Point>(&wide), Point { x: 3, y: 2 });
    assert_eq!(
        convert::<Wide>(&Point { x: 3, y: 0 }),
        Wide {
            y: 0,
            name: String::new(),
            list: Vec::new(),
            x: 3
        }
    );
}

#[derive(Debug, PartialEq, Gob)]
struct Unit;
#[derive(Debug, PartialEq, Gob)]
struct Braces {}
#[derive(Debug, PartialEq, Gob)]
struct Parens();
#[derive(Debug, PartialEq, Gob)]
struct Two(i64, String);

#[test]
fn units_and_tuples() {
    check(&Unit);
    check(&Braces {});
    check(&Parens());
    assert_eq!(convert::<Unit>(&Point { x: 1, y: 2 }), Unit);
    check(&Two(1, "b".to_owned()));
    assert_eq!(field_names::<Two>(), ["F0", "F1"]);
    assert_eq!(convert::<(i64, String)>(&Two(5, String::new())).0, 5);
}

#[derive(Debug, PartialEq, Gob)]
struct Node {
    value: i64,
    next: Option<Box<Node>>,
    children: Vec<Node>,
    named: HashMap<String, Node>,
}

fn node(value: i64) -> Node {
    Node {
        value,
        next: None,
        children: Vec::new(),
        named: HashMap::new(),
    }
}

#[test]
fn recursion() {
    check(&Node {
        value: 1,
        next: Some(Box::new(node(2))),
        children: vec![node(3), node(0)],
        named: HashMap::from([("four".to_owned(), node(4))]),
    });
}

#[test]
fn errors_have_a_path() {
    #[derive(Debug, Gob)]
    struct Big {
        inner: BigInner,
    }
    #[derive(Debug, Gob)]
    struct BigInner {
        x: Vec<i64>,
    }
    #[derive(Debug, Gob)]
    struct Small {
        inner: SmallInner,
    }
    #[derive(Debug, Gob)]
    struct SmallInner {
        x: Vec<i8>,
    }
    let text = fail::<Small>(&Big {
        inner: BigInner { x: vec![1, 128] },
    });
    assert!(
        text.contains("Inner.X[1]: int 128 does not fit i8"),
        "{text}"
    );
}

/// What travels as another type is left out where that one is.
#[test]
fn zeros_are_those_of_what_travels() {
    #[derive(Gob, Debug, PartialEq, Clone, Default)]
    struct Point {
        x: i64,
    }
    #[derive(Gob)]
    #[gob(name = "Sent")]
    struct Plain {
        number: i64,
        text: String,
        borrowed: String,
        word: Option<String>,
        point: Option<Point>,
    }
    #[derive(Gob)]
    #[gob(name = "Sent")]
    struct Other<'a> {
        number: std::num::Wrapping<i64>,
        text: gobrpc_codec::GoString,
        borrowed: &'a str,
        word: Option<Cow<'a, str>>,
        point: Option<Cow<'a, Point>>,
    }
    for (text, x) in [("", 0), ("a", 0), ("", 1), ("a", 1)] {
        let plain = Plain {
            number: x,
            text: text.into(),
            borrowed: text.into(),
            word: Some(text.into()),
            point: Some(Point { x }),
        };
        let other = Other {
            number: std::num::Wrapping(x),
            text: text.into(),
            borrowed: text,
            word: Some(text.into()),
            point: Some(Cow::Owned(Point { x })),
        };
        assert_eq!(
            to_vec(&plain).unwrap(),
            to_vec(&other).unwrap(),
            "{text} {x}"
        );
    }
}

/// Go's names of unnamed types have the package in them.
#[test]
fn a_type_has_its_package() {
    #[derive(Gob)]
    #[gob(package = "model")]
    struct Elsewhere {
        a: i64,
    }
    #[derive(Gob)]
    struct Here {
        a: i64,
    }
    assert_eq!(Elsewhere::schema().root_type().package(), "model");
    assert_eq!(Here::schema().root_type().package(), "main");
}
