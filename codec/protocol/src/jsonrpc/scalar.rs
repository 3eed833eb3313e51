//! [`Known`]: Go's types that have a JSON form of their own.

use core::net::{IpAddr, SocketAddr};

use gobrpc_codec::go::{self, BigInt, BigRat, Time};
use gobrpc_codec::schema::{Opaque, Type};
use gobrpc_codec::{Kind, List, Marshal, OpaqueValue, Unmarshal, Value};

use super::write::put_text;
use crate::error::{Error, Result};

/// A type of Go's that `encoding/json` writes by its methods, found by package
/// and name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    Time,
    BigInt,
    BigRat,
    NetIp,
    Addr,
    AddrPort,
    Prefix,
    Uuid,
    /// The same, sent as an array.
    UuidArray,
    /// Go writes it in a way that is not here.
    Unsupported,
}

impl Known {
    pub(super) fn of(ty: &Type) -> Option<Self> {
        Some(match (ty.kind(), ty.package(), ty.name()) {
            // Inside of interfaces there are no packages.
            (Kind::Opaque(_), "time" | "", "Time") => Self::Time,
            (Kind::Opaque(_), "big", "Int") => Self::BigInt,
            (Kind::Opaque(_), "big", "Rat") => Self::BigRat,
            (Kind::Opaque(_), "big", "Float") | (Kind::Opaque(_), "url", "URL") => {
                Self::Unsupported
            }
            (Kind::Bytes, "net", "IP") => Self::NetIp,
            (Kind::Opaque(_), "netip", "Addr") => Self::Addr,
            (Kind::Opaque(_), "netip", "AddrPort") => Self::AddrPort,
            (Kind::Opaque(_), "netip", "Prefix") => Self::Prefix,
            (Kind::Opaque(_), "uuid", "UUID") => Self::Uuid,
            (Kind::Array(_, 16), "uuid", "UUID") => Self::UuidArray,
            _ => return None,
        })
    }

    /// From the JSON text of a value that is not `null`.
    pub(super) fn read(self, json: &str) -> Result<Value, String> {
        if self == Self::BigInt {
            // Go takes numbers only (math/big, intconv.go, UnmarshalJSON).
            let number: BigInt = json.parse().map_err(|_| format!("{json} is no integer"))?;
            return opaque(&number);
        }
        let text: String = serde_json::from_str(json).map_err(|error| error.to_string())?;
        let wrong = |what: &str| format!("{text:?} is no {what}");
        match self {
            Self::Time => opaque(&time(&text).ok_or_else(|| wrong("time of RFC 3339"))?),
            Self::BigRat => {
                let (numerator, denominator) = text.split_once('/').unwrap_or((&text, "1"));
                let rat = numerator
                    .parse()
                    .ok()
                    .zip(denominator.parse().ok())
                    .and_then(|(numerator, denominator): (BigInt, BigInt)| {
                        BigRat::new(numerator, denominator).ok()
                    });
                opaque(&rat.ok_or_else(|| wrong("fraction"))?)
            }
            Self::NetIp if text.is_empty() => Ok(Value::Bytes(Vec::new())),
            Self::NetIp => {
                let address: IpAddr = text.parse().map_err(|_| wrong("IP address"))?;
                // Go has all addresses in 16 bytes (net, ParseIP).
                let octets = match address {
                    IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
                    IpAddr::V6(address) => address.octets(),
                };
                Ok(Value::Bytes(octets.to_vec()))
            }
            Self::Addr if text.is_empty() => opaque(&go::Addr::NONE),
            Self::Addr => {
                let (address, zone) = text.split_once('%').unwrap_or((&text, ""));
                let address: IpAddr = address.parse().map_err(|_| wrong("IP address"))?;
                let address = go::Addr::from(address)
                    .with_zone(zone)
                    .map_err(|error| error.to_string())?;
                opaque(&address)
            }
            Self::Uuid | Self::UuidArray => {
                let bytes = uuid(&text).ok_or_else(|| wrong("UUID"))?;
                if self == Self::Uuid {
                    return opaque(&go::Uuid::from(bytes));
                }
                let items = bytes.iter().map(|&byte| Value::Uint(byte.into())).collect();
                Ok(Value::Array(List::typed::<[u8; 16]>(items)))
            }
            Self::AddrPort if text.is_empty() => opaque(&go::AddrPort::default()),
            Self::AddrPort => {
                let address: SocketAddr = text.parse().map_err(|_| wrong("address and port"))?;
                opaque(&go::AddrPort::from(address))
            }
            Self::Prefix if text.is_empty() => opaque(&go::Prefix::default()),
            Self::Prefix => {
                let prefix = text.split_once('/').and_then(|(address, bits)| {
                    let address: IpAddr = address.parse().ok()?;
                    go::Prefix::new(address, bits.parse().ok()?).ok()
                });
                opaque(&prefix.ok_or_else(|| wrong("prefix of addresses"))?)
            }
            Self::Unsupported | Self::BigInt => {
                Err("unsupported type: a big.Float or url.URL".to_owned())
            }
        }
    }

    /// As JSON text; `None` is zero.
    pub(super) fn write(self, value: Option<&Value>) -> Result<String> {
        let payload = match value {
            Some(Value::Opaque(opaque)) => Some(opaque.payload()),
            Some(Value::Bytes(bytes)) => Some(bytes.as_slice()),
            _ => None,
        };
        let text = match self {
            Self::Time => {
                let text = get::<Time>(payload)?.unwrap_or_default().to_string();
                // Go refuses what RFC 3339 cannot say (time, MarshalJSON).
                let plain = text.as_bytes().get(4) == Some(&b'-');
                let offset = text.rsplit(['+', '-']).next().unwrap_or_default();
                if !plain || offset.matches(':').count() > 1 && !text.ends_with('Z') {
                    return Err(Error::invalid_argument(
                        "json: Time.MarshalJSON: year or zone outside of what RFC 3339 has",
                    ));
                }
                text
            }
            Self::BigInt => {
                return Ok(get::<BigInt>(payload)?.unwrap_or_default().to_string());
            }
            Self::BigRat => {
                let rat = get::<BigRat>(payload)?.unwrap_or_default();
                if rat.denominator().magnitude() == [1] {
                    rat.numerator().to_string()
                } else {
                    rat.to_string()
                }
            }
            Self::NetIp => match payload.unwrap_or_default() {
                [] => String::new(),
                octets => go::IpAddr::from_octets(octets)?.to_string(),
            },
            Self::Addr => match get::<go::Addr>(payload)? {
                Some(address) if address.ip().is_some() => address.to_string(),
                _ => String::new(),
            },
            Self::AddrPort => match get::<go::AddrPort>(payload)? {
                Some(address) if address != go::AddrPort::default() => address.to_string(),
                _ => String::new(),
            },
            Self::Prefix => match get::<go::Prefix>(payload)? {
                Some(prefix) if prefix != go::Prefix::default() => prefix.to_string(),
                _ => String::new(),
            },
            Self::Uuid => get::<go::Uuid>(payload)?.unwrap_or_default().to_string(),
            Self::UuidArray => {
                let mut bytes = [0; 16];
                let items = value.and_then(Value::as_list);
                for (byte, item) in bytes.iter_mut().zip(items.into_iter().flatten()) {
                    *byte = item
                        .as_u64()
                        .and_then(|item| u8::try_from(item).ok())
                        .unwrap_or(0);
                }
                go::Uuid::from(bytes).to_string()
            }
            Self::Unsupported => {
                return Err(Error::invalid_argument(
                    "json: unsupported type: a big.Float or url.URL",
                ));
            }
        };
        let mut quoted = Vec::with_capacity(text.len() + 2);
        put_text(&mut quoted, &text);
        String::from_utf8(quoted).map_err(|_| Error::internal("a text is not UTF-8"))
    }
}

fn get<T: Unmarshal>(payload: Option<&[u8]>) -> Result<Option<T>> {
    Ok(payload.map(T::unmarshal).transpose()?)
}

fn opaque<T: Marshal>(value: &T) -> Result<Value, String> {
    let mut payload = Vec::new();
    value
        .marshal(&mut payload)
        .map_err(|error| error.to_string())?;
    let kind: Opaque = T::KIND;
    Ok(OpaqueValue::new(kind, T::NAME, payload).into())
}

/// A time of RFC 3339, as strictly as Go reads it (`time`, `UnmarshalJSON`).
fn time(text: &str) -> Option<Time> {
    let (date, rest) = text.split_once('T')?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let zone = rest.find(['Z', '+', '-'])?;
    let (clock, zone) = rest.split_at(zone);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Go cuts what is finer than a nanosecond.
    let nanosecond: u32 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let offset = match zone.split_at_checked(1)? {
        ("Z", "") => None,
        (sign @ ("+" | "-"), zone) => {
            let [hours, minutes] = numbers(zone, ':', [2, 2])?;
            if hours > 23 || minutes > 59 {
                return None;
            }
            let east = i32::try_from(hours * 3600 + minutes * 60).ok()?;
            Some(if sign == "-" { -east } else { east })
        }
        _ => return None,
    };
    // Days since 1970: years from March on, so that the day that may be missing
    // is the last.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (153 * month + 2) / 5
        + day
        - 1
        - 719_468;
    let local = days * 86_400 + hour * 3600 + minute * 60 + second;
    let seconds = local - i64::from(offset.unwrap_or(0));
    let time = Time::from_unix(seconds, nanosecond).ok()?;
    match offset {
        // Go reads +00:00 as UTC.
        None | Some(0) => Some(time),
        Some(offset) => time.with_offset(offset).ok(),
    }
}

/// Numbers of exactly so many digits, with a sign between them.
fn numbers<const N: usize>(text: &str, between: char, digits: [usize; N]) -> Option<[i64; N]> {
    let mut numbers = [0; N];
    let mut parts = text.split(between);
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next()?;
        if part.len() != digits || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

/// `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`
fn uuid(text: &str) -> Option<[u8; 16]> {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    if lengths != [8, 4, 4, 4, 12] || !text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit()) {
        return None;
    }
    let digits = groups.concat();
    Some(u128::from_str_radix(&digits, 16).ok()?.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_they_are_written() {
        for text in [
            "2024-02-29T14:04:56.000000789+01:30",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999999999Z",
            "1969-12-31T23:59:59-23:59",
            "1970-01-01T00:00:00.5Z",
            "2000-03-01T00:00:00Z",
            "1900-02-28T12:00:00Z",
        ] {
            assert_eq!(time(text).unwrap().to_string(), text);
        }
        for text in [
            "",
            "2024-02-30T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2024-13-01T00:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:00:00",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00+24:00",
            "2024-1-01T00:00:00Z",
            "2024-01-01 00:00:00Z",
            "2024-01-01T00:00:00ZZ",
            "+024-01-01T00:00:00Z",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
    }
}
