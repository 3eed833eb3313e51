//! Times on the command line: `250ms`, `1.5s`, `2m`.

use std::time::Duration;

/// Reads a time; a number alone is seconds, 0 is none.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let unit_at = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let seconds = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(format!("{unit:?} is no unit; write 250ms, 1.5s, 2m or 1h")),
    };
    let number: f64 = number
        .parse()
        .map_err(|_| "write a number and a unit: 250ms, 1.5s, 2m or 1h".to_owned())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| "the time is too long".to_owned())
}

/// A time as people read it: `850 µs`, `2.31 ms`, `1.20 s`.
pub(crate) fn show(duration: Duration) -> String {
    let micros = duration.as_micros();
    let secs = duration.as_secs_f64();
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{:.2} ms", secs * 1e3),
        _ => format!("{secs:.2} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_and_print() {
        for (text, millis) in [
            ("250ms", 250),
            ("1.5s", 1500),
            ("2m", 120_000),
            ("3", 3000),
            ("0", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in [
            "",
            "s",
            "5 parsecs",
            "-1s",
            "1.2.3s",
            "1e3s",
            "99999999999999999999h",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert_eq!(show(Duration::from_micros(850)), "850 µs");
        assert_eq!(show(Duration::from_micros(2310)), "2.31 ms");
        assert_eq!(show(Duration::from_millis(1200)), "1.20 s");
    }
}
