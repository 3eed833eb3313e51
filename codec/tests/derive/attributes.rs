//! Attributes of fields and types.

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
