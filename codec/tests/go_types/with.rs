//! Types of other crates; each test needs its feature.

#[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
use gobrpc_codec::go::Time;
#[allow(unused_imports, reason = "each feature uses some")]
use gobrpc_codec::{ErrorKind, Gob, from_slice, to_vec};

#[allow(unused_imports, reason = "each feature uses some")]
use crate::sample::{at, big, unix, utc};

/// Times of all kinds that calendars hold.
#[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
fn times() -> Vec<Time> {
    let zones = [5400, -3601, -30, 3208, -43200, 50400].map(at);
    let others = [
        Time::default(),
        utc(0),
        // A day before jiff's last time.
        unix(253_402_120_000, 999_999_999),
        unix(-1, 999_999_999),
        unix(-1, 1),
        unix(0, 0),
    ];
    zones.into_iter().chain(others).collect()
}

/// A type sends what `Time` sends, as the same type, and reads it back.
#[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
fn travels<T>(keep_offset: bool)
where
    T: gobrpc_codec::Encode
        + gobrpc_codec::DecodeOwned
        + TryFrom<Time, Error = gobrpc_codec::Error>,
    T: Clone + PartialEq + std::fmt::Debug,
    Time: TryFrom<T, Error = gobrpc_codec::Error>,
{
    for time in times() {
        let want = if keep_offset { time } else { time.utc() };
        let theirs = T::try_from(time).unwrap();
        assert_eq!(Time::try_from(theirs.clone()).unwrap(), want);
        let stream = to_vec(&theirs).unwrap();
        assert_eq!(stream, to_vec(&want).unwrap());
        assert_eq!(from_slice::<T>(&stream).unwrap(), theirs);
        // As fields beside ours: one definition, and the same zeros.
        let stream = to_vec(&(theirs.clone(), time, Some(theirs.clone()))).unwrap();
        assert_eq!(stream, to_vec(&(want, time, Some(want))).unwrap());
        let back: (T, Time, Option<T>) = from_slice(&stream).unwrap();
        assert_eq!(back, (theirs.clone(), time, Some(theirs)));
    }
    // Further than any calendar goes.
    for far in [unix(1 << 55, 0), unix(-1 << 55, 0)] {
        let error = from_slice::<T>(&to_vec(&far).unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
        assert!(error.offset().is_some());
    }
    assert_eq!(T::schema().to_string(), "time.Time");
}

#[cfg(feature = "chrono")]
#[test]
fn chrono_times_travel() {
    use chrono::{DateTime, FixedOffset, NaiveDate, Utc};

    travels::<DateTime<Utc>>(false);
    travels::<DateTime<FixedOffset>>(true);
    // A leap second is the second behind it.
    let leap = NaiveDate::from_ymd_opt(2016, 12, 31)
        .and_then(|day| day.and_hms_milli_opt(23, 59, 59, 1_500))
        .unwrap()
        .and_utc();
    let time = Time::try_from(leap).unwrap();
    assert_eq!(time.to_string(), "2017-01-01T00:00:00.5Z");
    // Go has a zone of offset 0 besides UTC.
    let zero: DateTime<FixedOffset> = at(0).try_into().unwrap();
    assert_eq!(Time::try_from(zero).unwrap(), utc(0));
    let east = utc(0).with_offset(86_400).unwrap();
    let error = from_slice::<DateTime<FixedOffset>>(&to_vec(&east).unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    let london = FixedOffset::west_opt(75).unwrap();
    let error = to_vec(&leap.with_timezone(&london)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
    for edge in [DateTime::<Utc>::MAX_UTC, DateTime::<Utc>::MIN_UTC] {
        let time = Time::try_from(edge).unwrap();
        assert_eq!(DateTime::<Utc>::try_from(time).unwrap(), edge);
        for offset in [-80_000, 80_000] {
            let moved = time.with_offset(offset).unwrap();
            if let Ok(zoned) = DateTime::<FixedOffset>::try_from(moved) {
                let _ = format!("{zoned:?}");
            }
        }
    }
}

#[cfg(feature = "jiff")]
#[test]
fn jiff_times_travel() {
    use jiff::{Timestamp, Zoned};

    travels::<Timestamp>(false);
    travels::<Zoned>(true);
    for edge in [Timestamp::MIN, Timestamp::MAX] {
        let time = Time::try_from(edge).unwrap();
        assert_eq!(Timestamp::try_from(time).unwrap(), edge);
        for offset in [-80_000, 80_000] {
            let zoned = Zoned::try_from(time.with_offset(offset).unwrap()).unwrap();
            let _ = format!("{zoned:?}");
        }
    }
    let east = utc(0).with_offset(200_000).unwrap();
    let error = from_slice::<Zoned>(&to_vec(&east).unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
}

#[cfg(feature = "time")]
#[test]
fn offset_date_times_travel() {
    use time::OffsetDateTime;

    travels::<OffsetDateTime>(true);
    let east = utc(0).with_offset(200_000).unwrap();
    let error = from_slice::<OffsetDateTime>(&to_vec(&east).unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    let late = unix(253_402_300_799, 0).with_offset(7200).unwrap();
    assert!(OffsetDateTime::try_from(late).is_err());
}

#[cfg(feature = "uuid")]
#[test]
fn uuids_travel() {
    use gobrpc_codec::go::Uuid;

    let ids = [
        uuid::Uuid::nil(),
        uuid::Uuid::max(),
        uuid::Uuid::from_u128(1 << 100 | 0xabc),
    ];
    for id in ids {
        let ours = Uuid::from(id);
        assert_eq!(ours.to_string(), id.to_string());
        let stream = to_vec(&(id, ours, Some(id))).unwrap();
        assert_eq!(stream, to_vec(&(ours, ours, Some(ours))).unwrap());
        let back: (uuid::Uuid, Uuid, Option<uuid::Uuid>) = from_slice(&stream).unwrap();
        assert_eq!(back, (id, ours, Some(id)));
    }
    assert_eq!(uuid::Uuid::schema().to_string(), "uuid.UUID");
}

#[cfg(feature = "num-bigint")]
#[test]
fn big_integers_travel() {
    use gobrpc_codec::go::BigInt;
    use num_bigint::BigInt as Theirs;

    for text in [
        "0",
        "1",
        "-1",
        "255",
        "256",
        "-340282366920938463463374607431768211456",
    ] {
        let (ours, theirs) = (big(text), text.parse::<Theirs>().unwrap());
        assert_eq!(BigInt::from(&theirs), ours);
        let fields = (theirs.clone(), ours.clone(), Some(theirs.clone()));
        let stream = to_vec(&fields).unwrap();
        assert_eq!(
            stream,
            to_vec(&(ours.clone(), ours.clone(), Some(ours))).unwrap()
        );
        let back: (Theirs, BigInt, Option<Theirs>) = from_slice(&stream).unwrap();
        assert_eq!(back, fields);
    }
    assert_eq!(Theirs::schema().to_string(), "big.Int");
}
