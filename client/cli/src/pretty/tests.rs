use std::collections::BTreeMap;

use gobrpc_codec::schema::Opaque;
use gobrpc_codec::{GoString, Interface, Map, OpaqueValue, Value};

use super::{Style, write};

fn pretty(value: &Value) -> String {
    let mut text = Vec::new();
    write(value, Style { colours: false }, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

fn opaque(kind: Opaque, name: &str, payload: &[u8]) -> String {
    pretty(&OpaqueValue::new(kind, name, payload.to_vec()).into())
}

/// 2024-02-29T12:34:56.000000789Z, of version 1.
const TIME: [u8; 15] = [
    1, 0, 0, 0, 0x0e, 0xdd, 0x72, 0x70, 0xf0, 0, 0, 3, 0x15, 0xff, 0xff,
];

#[test]
fn scalars_are_as_people_write_them() {
    for (value, text) in [
        (Value::Int(-7), "-7"),
        (Value::Float(f64::NAN), "\"NaN\""),
        (Value::Complex(1.5, -2.0), "\"(1.5-2i)\""),
        (Value::Complex(0.0, f64::INFINITY), "\"(0+Infi)\""),
        (Value::Bytes(b"hi\n".to_vec()), "\"hi\\n\""),
        (Value::Bytes(vec![0, 0xff]), "\"0x00ff\""),
        // Nothing moves the cursor or turns the text around.
        (
            Value::from("\u{1b}[2J\u{9b}\u{202e}é"),
            "\"\\u001b[2J\\u009b\\u202eé\"",
        ),
    ] {
        assert_eq!(pretty(&value), text);
    }
}

#[test]
fn types_of_go_are_told_by_name_and_format() {
    assert_eq!(
        opaque(Opaque::Gob, "Time", &TIME),
        "\"2024-02-29T12:34:56.000000789Z\""
    );
    assert_eq!(
        opaque(Opaque::Gob, "", &TIME),
        opaque(Opaque::Gob, "Time", &TIME)
    );
    // Another type's name, a cut payload, too many nanoseconds, year 0.
    let mut wrong = TIME;
    wrong[9] = 0xff;
    let mut old = TIME;
    old[1] = 0x80;
    for (name, payload) in [
        ("Stamp", &TIME[..]),
        ("Time", &TIME[..14]),
        ("", &wrong),
        ("", &old),
    ] {
        let text = opaque(Opaque::Gob, name, payload);
        assert!(text.starts_with("\"0x01"), "{text}");
    }
    assert_eq!(opaque(Opaque::Gob, "Int", &[3, 1, 0]), "-256");
    assert_eq!(opaque(Opaque::Gob, "", &[3, 1, 0]), "\"0x030100\"");
    let long = [&[2][..], &[1; 1 << 20]].concat();
    assert!(opaque(Opaque::Gob, "Int", &long).starts_with("\"0x0201"));
    assert_eq!(
        opaque(Opaque::Binary, "URL", b"https://go.dev/x"),
        "\"https://go.dev/x\""
    );
    assert_eq!(
        opaque(Opaque::Binary, "Addr", &[10, 0, 0, 1]),
        "\"10.0.0.1\""
    );
    assert_eq!(
        opaque(Opaque::Binary, "UUID", &[0xab; 16]),
        "\"abababab-abab-abab-abab-abababababab\""
    );
    assert_eq!(opaque(Opaque::Text, "Level", b"warn"), "\"warn\"");
}

#[test]
fn maps_are_objects_where_their_keys_are_names() {
    let mut map = Map::typed::<BTreeMap<i64, bool>>();
    for key in [10, -1, 9] {
        map.push(Value::Int(key), Value::Bool(true));
    }
    assert_eq!(
        pretty(&map.into()),
        r#"{"-1": true, "9": true, "10": true}"#
    );
    let mut map = Map::typed::<BTreeMap<String, i64>>();
    map.push(Value::String(GoString::from(&b"a\xff"[..])), Value::Int(1));
    assert_eq!(pretty(&map.into()), r#"{"a\ufffd": 1}"#);
    let mut map = Map::typed::<BTreeMap<[u64; 2], i64>>();
    let key = Value::of(&[1_u64, 2]).unwrap();
    map.push(key, Value::Int(1));
    assert_eq!(pretty(&map.into()), "[[[1, 2], 1]]");
}

#[test]
fn interfaces_show_the_names_that_say_something() {
    let plain = Interface::new("float64", Value::Float(1.5));
    assert_eq!(pretty(&plain.into()), "1.5");
    let named = Interface::new("main.Meters", Value::Float(1.5));
    assert_eq!(
        pretty(&named.into()),
        r#"{"$type": "main.Meters", "value": 1.5}"#
    );
    assert_eq!(pretty(&Value::default()), "null");
}

#[test]
fn what_does_not_fit_has_a_line_for_each_part() {
    let short = Value::of(&vec![1_i64; 30]).unwrap();
    assert_eq!(pretty(&short).lines().count(), 1);
    let long = Value::of(&vec![vec![1_i64; 30], vec![], vec![2]]).unwrap();
    let text = pretty(&long);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 5, "{text}");
    assert_eq!(lines[0], "[");
    assert_eq!(lines[2..], ["  [],", "  [2]", "]"]);
}

#[test]
fn colours_change_nothing_else() {
    let value = Value::of(&vec![vec!["text"; 7]; 3]).unwrap();
    let mut text = Vec::new();
    write(&value, Style { colours: true }, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("\x1b[32m\"text\"\x1b[0m, "));
    assert_eq!(
        text.replace("\x1b[32m", "").replace("\x1b[0m", ""),
        pretty(&value)
    );
}
