//! Real Go's streams, whole, cut and damaged.

use super::*;

/// What real Go sent.
#[test]
fn goldens_come_back_equal() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("SKIPPED: the golden streams are not part of the package");
        return;
    };
    let (mut streams, mut encoded) = (0, 0);
    for entry in entries {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "hex") {
            continue;
        }
        let stream = unhex(&std::fs::read_to_string(&path).unwrap());
        let mut decoder = Decoder::new();
        decoder.feed(&stream);
        let mut values = Vec::new();
        while let Some(value) = decoder
            .decode_value()
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        {
            assert_eq!(value, value.clone(), "{}", path.display());
            values.push(value);
        }
        decoder.finish().unwrap();
        streams += 1;
        if values
            .iter()
            .any(|value| holds_interface(value) || matches!(value, Value::Interface(_)))
        {
            continue;
        }
        let again = all_values(&stream_of(&values));
        assert_eq!(again, values, "{}", path.display());
        assert_eq!(
            format!("{again:?}"),
            format!("{values:?}"),
            "{}",
            path.display()
        );
        encoded += 1;
    }
    assert!(streams > 100, "{streams} streams");
    assert!(encoded > 80, "{encoded} streams of {streams}");
}

#[test]
fn typed_values_come_back() {
    let typed = everything();
    let value = Value::of(&typed).unwrap();
    assert_eq!(value.to::<Everything>().unwrap(), typed);
    assert_eq!(
        all_values(&stream_of(std::slice::from_ref(&value))),
        std::slice::from_ref(&value)
    );
    // Sent again by its own schema, it has the same bytes.
    assert_eq!(stream_of(&[value]), to_vec(&typed).unwrap());
}

/// Every way to end a stream early.
#[test]
fn prefixes_are_truncated_or_clean() {
    let mut stream = to_vec(&everything()).unwrap();
    let first = stream.len();
    stream.extend(to_vec(&7_i64).unwrap());
    for end in 0..=stream.len() {
        let mut decoder = Decoder::new();
        decoder.feed(&stream[..end]);
        let mut count = 0;
        while decoder.decode_value().unwrap().is_some() {
            count += 1;
        }
        assert_eq!(
            count,
            usize::from(end >= first) + usize::from(end == stream.len())
        );
        let clean = [0, first, stream.len()].contains(&end);
        match decoder.finish() {
            Ok(()) => assert!(clean, "at {end}"),
            Err(error) => assert!(!clean && error.kind() == ErrorKind::Truncated, "at {end}"),
        }
    }
}

/// Every way to cut a value short inside of a message that is whole, and every
/// way to change one byte of it.
#[test]
fn damaged_values_are_errors_and_never_panics() {
    let stream = to_vec(&everything()).unwrap();
    for place in 0..stream.len() {
        for byte in [
            0x00,
            0x01,
            0x7f,
            0x80,
            0xf8,
            0xff,
            stream[place].wrapping_add(1),
        ] {
            let mut stream = stream.clone();
            stream[place] = byte;
            let mut decoder = Decoder::new();
            decoder.feed(&stream);
            while let Ok(Some(value)) = decoder.decode_value() {
                // What comes out can be used.
                let _ = format!("{:?}", value.clone());
                if let Ok(prepared) = Prepared::from_value(&value) {
                    let raw = RawValue::from_prepared(&prepared).unwrap();
                    assert_eq!(raw.to_value().unwrap(), value);
                }
            }
        }
    }
}
