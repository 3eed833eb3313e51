//! What `#[derive(Gob)]` generates: every shape and attribute, there and back.

#![deny(missing_docs, unreachable_pub, unused)]
#![allow(clippy::panic, clippy::unwrap_used, reason = "a failed test may panic")]
#![allow(
    clippy::use_self,
    reason = "types are recursive by name and by Self, which are different to the macro"
)]

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::marker::PhantomData;

use gobrpc_codec::{
    Decode, DecodeOwned, Encode, ErrorKind, Gob, borrow_from_slice, from_slice, to_vec,
};

/// Encodes and decodes; gives the bytes.
#[track_caller]
fn check<T: Encode + DecodeOwned + PartialEq + Debug>(value: &T) -> Vec<u8> {
    let bytes = to_vec(value).unwrap();
    assert_eq!(&from_slice::<T>(&bytes).unwrap(), value);
    bytes
}

/// Encodes one type and decodes the other, as two versions of a program do.
#[track_caller]
fn convert<T: DecodeOwned>(value: &impl Encode) -> T {
    from_slice(&to_vec(value).unwrap()).unwrap()
}

#[track_caller]
fn fail<T: DecodeOwned + Debug>(value: &impl Encode) -> String {
    let error = from_slice::<T>(&to_vec(value).unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch, "{error}");
    error.to_string()
}

fn field_names<T: Gob>() -> Vec<String> {
    match T::schema().root_type().kind() {
        gobrpc_codec::Kind::Struct(fields) => {
            fields.iter().map(|field| field.name().to_owned()).collect()
        }
        other => panic!("{other:?}"),
    }
}

mod structs {
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
}

mod attributes {
    use super::*;

    #[derive(Debug, Default, PartialEq, Gob, serde::Serialize)]
    #[gob(name = "User", package = "model", rename_all = "go")]
    struct Renamed {
        user_id: i64,
        http_url: String,
        #[gob(rename = "Mail")]
        #[serde(rename = "email")]
        email: String,
        #[serde(default, rename = "Phone")]
        tel: String,
        #[serde(rename(serialize = "ignored"))]
        rest: bool,
    }

    #[test]
    fn renames() {
        check(&Renamed::default());
        assert_eq!(Renamed::schema().to_string(), "model.User");
        let want = ["UserID", "HTTPURL", "Mail", "Phone", "Rest"];
        assert_eq!(field_names::<Renamed>(), want);
    }

    #[derive(Debug, Gob)]
    #[gob(rename_all = "verbatim")]
    #[expect(non_snake_case, reason = "as in Go")]
    struct Verbatim {
        UserID: i64,
    }

    #[test]
    fn verbatim() {
        assert_eq!(field_names::<Verbatim>(), ["UserID"]);
        assert_eq!(convert::<Verbatim>(&Verbatim { UserID: 3 }).UserID, 3);
    }

    /// A type without any of the traits.
    #[derive(Debug, PartialEq)]
    struct Foreign(u8);

    impl Default for Foreign {
        fn default() -> Self {
            Self(9)
        }
    }

    fn seven() -> Foreign {
        Foreign(7)
    }

    #[derive(Debug, PartialEq, Gob)]
    struct Defaults {
        #[gob(skip)]
        skipped: Foreign,
        #[gob(default = "five")]
        five: i64,
        plain: i64,
        #[gob(skip, default = "seven")]
        seven: Foreign,
        #[gob(default)]
        list: Vec<String>,
    }

    fn five() -> i64 {
        5
    }

    #[derive(Gob)]
    struct Plain {
        plain: i64,
    }

    #[test]
    fn skipped_and_default_fields() {
        assert_eq!(field_names::<Defaults>(), ["Five", "Plain", "List"]);
        let decoded: Defaults = convert(&Plain { plain: 1 });
        let want = Defaults {
            skipped: Foreign(9),
            five: 5,
            plain: 1,
            seven: Foreign(7),
            list: Vec::new(),
        };
        assert_eq!(decoded, want);
        check(&want);
        // A zero is not sent: the default stands for it.
        let zero = Defaults { five: 0, ..want };
        assert_eq!(convert::<Defaults>(&zero).five, 5);
    }

    #[test]
    fn defaults_count_in_an_absent_struct() {
        #[derive(Gob)]
        struct Outer {
            plain: i64,
            inner: Defaults,
        }
        let outer: Outer = convert(&Plain { plain: 1 });
        assert_eq!((outer.plain, outer.inner.five), (1, 5));
        assert_eq!(outer.inner.plain, 0);
    }

    #[derive(Debug, PartialEq, Gob)]
    struct Strict {
        plain: i64,
        #[gob(required)]
        must: i64,
    }

    #[test]
    fn required_fields() {
        check(&Strict { plain: 0, must: 0 });
        let text = fail::<Strict>(&Plain { plain: 1 });
        assert!(text.contains("Must"), "{text}");
    }

    mod millis {
        use std::time::Duration;

        pub(super) type Wire = i64;
        pub(super) fn to_wire(value: &Duration) -> i64 {
            value.as_millis().try_into().unwrap_or(i64::MAX)
        }
        pub(super) fn from_wire(value: i64) -> Result<Duration, &'static str> {
            let millis = value.try_into().map_err(|_| "a negative time")?;
            Ok(Duration::from_millis(millis))
        }
    }

    /// Travels in lower case.
    #[derive(Debug, PartialEq)]
    struct Upper(String);

    #[derive(Gob)]
    #[gob(transparent)]
    struct Lower {
        text: String,
    }

    impl From<&Upper> for Lower {
        fn from(value: &Upper) -> Self {
            let text = value.0.to_lowercase();
            Self { text }
        }
    }

    impl From<Lower> for Upper {
        fn from(value: Lower) -> Self {
            Self(value.text.to_uppercase())
        }
    }

    #[derive(Debug, PartialEq, Gob)]
    struct Proxied {
        #[gob(with = "millis")]
        timeout: std::time::Duration,
        #[gob(as = "Lower", rename = "N")]
        name: Upper,
    }

    #[derive(Debug, PartialEq, Gob)]
    struct OnWire {
        timeout: i64,
        n: String,
    }

    #[derive(Debug, PartialEq, Gob)]
    struct Timeout(#[gob(with = "millis")] std::time::Duration);

    #[test]
    fn proxies() {
        let value = Proxied {
            timeout: std::time::Duration::from_millis(1500),
            name: Upper("ANN".to_owned()),
        };
        check(&value);
        let wire = OnWire {
            timeout: 1500,
            n: "ann".to_owned(),
        };
        assert_eq!(convert::<OnWire>(&value), wire);
        assert_eq!(convert::<Proxied>(&wire), value);
        let text = fail::<Proxied>(&OnWire {
            timeout: -1,
            ..wire
        });
        assert!(text.contains("Timeout: a negative time"), "{text}");

        check(&Timeout(std::time::Duration::from_millis(7)));
        assert_eq!(
            convert::<i64>(&Timeout(std::time::Duration::from_millis(7))),
            7
        );
        assert!(fail::<Timeout>(&-1_i64).ends_with("a negative time"));
    }

    /// References to what cannot be borrowed from bytes.
    #[derive(Gob)]
    #[gob(encode_only, name = "Plain")]
    struct Borrowing<'a> {
        plain: &'a i64,
        items: &'a [Defaults],
    }

    #[test]
    fn encode_only() {
        let value = Borrowing {
            plain: &3,
            items: &[],
        };
        assert_eq!(convert::<Defaults>(&value).plain, 3);
    }

    mod codec {
        pub(super) use gobrpc_codec::*;
    }

    #[derive(Debug, PartialEq, Gob)]
    #[gob(crate = "self::codec")]
    struct Elsewhere {
        x: i64,
    }

    #[test]
    fn another_path_to_the_crate() {
        check(&Elsewhere { x: 1 });
    }
}

mod generics {
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
}

mod newtypes {
    use super::*;

    #[derive(Debug, PartialEq, Gob)]
    struct Names(Vec<String>);

    #[derive(Debug, PartialEq, Gob)]
    struct Celsius(f64);

    #[derive(Debug, PartialEq, Gob)]
    struct Day {
        names: Names,
        high: Celsius,
        low: Option<Celsius>,
    }

    #[test]
    fn named_types() {
        assert_eq!(Names::schema().to_string(), "main.Names");
        assert_eq!(<Vec<Celsius>>::schema().to_string(), "[]main.Celsius");
        check(&Names(vec!["a".to_owned()]));
        assert_eq!(to_vec(&Celsius(17.0)).unwrap(), to_vec(&17.0).unwrap());
        check(&Day {
            names: Names(vec![]),
            high: Celsius(0.0),
            low: None,
        });
    }

    #[derive(Clone, Debug, PartialEq, Gob)]
    struct Octet(u8);

    #[test]
    fn bytes_travel_as_bytes() {
        let octets = vec![Octet(1), Octet(255)];
        assert_eq!(check(&octets), to_vec(&vec![1_u8, 255]).unwrap());
        assert_eq!(convert::<Vec<u8>>(&octets), [1, 255]);
        let again: Vec<Octet> = convert(&vec![7_u8]);
        assert_eq!(again, [Octet(7)]);
    }

    #[derive(Debug, PartialEq, Gob)]
    #[gob(transparent)]
    struct Wrapper(Names);

    #[derive(Debug, PartialEq, Gob)]
    #[gob(transparent)]
    struct Checked<T> {
        value: T,
        #[gob(skip)]
        valid: bool,
    }

    #[test]
    fn transparent_types() {
        assert_eq!(Wrapper::schema().to_string(), "main.Names");
        check(&Wrapper(Names(vec![])));
        check(&Checked {
            value: Some(3_i64),
            valid: false,
        });
        assert_eq!(<Checked<Celsius>>::schema().to_string(), "main.Celsius");
        assert_eq!(
            <Vec<Checked<Octet>>>::schema().to_string(),
            <Vec<Octet>>::schema().to_string()
        );
    }

    /// Go's `type List []List`.
    #[derive(Debug, PartialEq, Gob)]
    struct List(Vec<List>);

    #[test]
    fn recursion() {
        check(&List(vec![List(vec![]), List(vec![List(vec![])])]));
    }

    #[derive(Debug, PartialEq, Gob)]
    struct Few<T>(Vec<T>);

    #[test]
    fn generic() {
        check(&Few(vec![Celsius(1.0)]));
        assert_eq!(
            <Few<Celsius>>::schema().to_string(),
            "main.Few[main.Celsius]"
        );
    }

    #[derive(Debug, PartialEq, Gob)]
    struct Maybe(Option<i64>);

    #[derive(Debug, PartialEq, Gob)]
    struct HasMaybe {
        maybe: Maybe,
    }

    #[test]
    fn of_an_option() {
        check(&HasMaybe { maybe: Maybe(None) });
        check(&HasMaybe {
            maybe: Maybe(Some(1)),
        });
    }
}

mod enums {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq, Gob)]
    enum Color {
        Red,
        Green = 5,
        r#Blue,
    }

    #[derive(Debug, PartialEq, Gob)]
    struct Paint {
        color: Color,
        others: Vec<Color>,
    }

    #[test]
    fn numbers() {
        assert_eq!(Color::schema().to_string(), "main.Color");
        check(&Paint {
            color: Color::Red,
            others: vec![Color::Blue, Color::Red, Color::Green],
        });
        assert_eq!(convert::<i64>(&Color::Blue), 6);
        assert_eq!(convert::<Color>(&5_i16), Color::Green);
        let text = fail::<Color>(&4_i64);
        assert!(
            text.contains("4 is no Color: it is one of Red = 0, Green = 5, Blue = 6"),
            "{text}"
        );
    }

    #[derive(Debug, PartialEq, Gob)]
    #[repr(u8)]
    #[gob(repr = "u8")]
    enum Flag {
        On = 1,
        Off = 200,
    }

    #[derive(Debug, PartialEq, Gob)]
    struct Flags {
        flag: Flag,
        more: Vec<Flag>,
    }

    #[derive(Debug, PartialEq, Gob)]
    struct Defaulted {
        #[gob(default = "off")]
        flag: Flag,
    }

    fn off() -> Flag {
        Flag::Off
    }

    #[derive(Debug, PartialEq, Gob)]
    struct Bytes {
        more: Vec<u8>,
    }

    #[test]
    fn other_integers() {
        check(&Flags {
            flag: Flag::On,
            more: vec![Flag::Off, Flag::On],
        });
        assert_eq!(convert::<u64>(&Flag::Off), 200);
        let value = Flags {
            flag: Flag::On,
            more: vec![Flag::Off],
        };
        assert_eq!(convert::<Bytes>(&value).more, [200]);
        assert!(fail::<Vec<Flag>>(&vec![1_u8, 2]).contains("2 is no Flag"));
    }

    #[test]
    fn without_a_zero() {
        let text = fail::<Flags>(&Bytes { more: vec![1] });
        assert!(text.contains("Flag: the value was not sent"), "{text}");
        assert!(text.contains("On = 1, Off = 200"), "{text}");
        #[derive(Gob)]
        struct Other {
            flag: Option<Flag>,
        }
        assert_eq!(convert::<Defaulted>(&Other { flag: None }).flag, Flag::Off);
        assert_eq!(
            convert::<Defaulted>(&Other {
                flag: Some(Flag::On)
            })
            .flag,
            Flag::On
        );
    }

    #[derive(Debug, PartialEq, Eq, Hash, Gob, serde::Serialize)]
    #[gob(string, rename_all = "kebab-case", package = "paint")]
    enum Shade {
        VeryDark,
        #[gob(rename = "{light}")]
        Light,
        #[serde(rename = "none")]
        Off,
    }

    #[derive(Debug, PartialEq, Gob)]
    struct Shades {
        first: Option<Shade>,
        by_shade: HashMap<Shade, i64>,
    }

    #[test]
    fn strings() {
        assert_eq!(Shade::schema().to_string(), "paint.Shade");
        assert_eq!(convert::<String>(&Shade::VeryDark), "very-dark");
        assert_eq!(convert::<String>(&Shade::Light), "{light}");
        assert_eq!(convert::<String>(&Shade::Off), "none");
        check(&Shades {
            first: Some(Shade::Off),
            by_shade: HashMap::from([(Shade::Light, 1), (Shade::VeryDark, 0)]),
        });
        let text = fail::<Shade>(&"a\"\n".to_owned());
        assert!(
            text.contains(r#""a\"\n" is no Shade: it is one of "very-dark", "{light}", "none""#),
            "{text}"
        );
        let long = fail::<Shade>(&"x".repeat(100_000));
        assert!(long.len() < 300, "{long}");
    }

    #[derive(Debug, PartialEq, Gob)]
    #[gob(string)]
    enum Level {
        #[gob(rename = "")]
        Unset,
        High,
    }

    #[derive(Debug, PartialEq, Gob)]
    struct Levels {
        a: Level,
        b: Level,
    }

    #[test]
    fn the_zero_of_strings() {
        check(&Levels {
            a: Level::Unset,
            b: Level::High,
        });
        #[derive(Debug, Gob)]
        struct Must {
            a: Shade,
            b: Level,
        }
        let text = fail::<Must>(&Levels {
            a: Level::Unset,
            b: Level::High,
        });
        assert!(text.contains("A: the value was not sent"), "{text}");
    }
}
