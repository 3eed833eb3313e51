//! Enums.

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
