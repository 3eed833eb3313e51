//! Cases with interfaces and marshalers, into local types without them: those
//! parts are skipped, with the types that Go defines in the middle of them, and
//! the rest arrives.

use gobrpc_codec::Gob;

use crate::check::{Case, case, received, skipped};
use crate::marshalers::TextVal;
use crate::types::point;

/// What is left of Go's `Any` without its interface.
#[derive(Gob, Debug, Clone)]
struct Around {
    before: i64,
    after: i64,
}

/// `Marshalers` without those that marshal themselves.
#[derive(Gob, Debug, Clone)]
struct OnlyText {
    text: TextVal,
}

#[derive(Gob, Debug, Clone)]
struct OnlyDuration {
    r#for: i64,
}

#[derive(Gob, Debug, Clone)]
struct OnlyIP {
    #[gob(rename = "IP")]
    ip: Vec<u8>,
}

const AROUND: Around = Around {
    before: 1,
    after: 2,
};

const ANYS: [&str; 18] = [
    "interface_nil",
    "interface_int",
    "interface_int64",
    "interface_string",
    "interface_bool",
    "interface_bytes",
    "interface_strings",
    "interface_struct",
    "interface_struct_zero",
    "interface_newtype",
    "interface_named_slice",
    "interface_generic",
    "interface_registered_name",
    "interface_unnamed_map",
    "interface_list",
    "interface_dict",
    "interface_nested",
    "interface_nested_twice",
];

pub(crate) fn cases() -> Vec<Case> {
    let around = || received(AROUND);
    let mut cases: Vec<Case> = ANYS
        .into_iter()
        .map(|name| case(name, [around(), around()]))
        .collect();
    let duration = |r#for| received(OnlyDuration { r#for });
    let ip = |ip: &[u8]| received(OnlyIP { ip: ip.to_owned() });
    let localhost_v6 = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1];
    cases.extend([
        case("interfaces", [received(())]),
        case("interfaces_nil", [received(()), received(())]),
        case("interface_known_type", [received(point(1, 2)), around()]),
        case("interface_then_plain", [around(), received(point(1, 2))]),
        case("interface_methods", [received(())]),
        case("interface_top_list", [skipped()]),
        case("interface_long_list", [skipped()]),
        case("interface_top_dict", [skipped()]),
        case("interface_pointer", [skipped()]),
        case("marshaler_interface", [around(), around()]),
        case("time", [skipped(), skipped(), skipped(), skipped()]),
        case(
            "time_fields",
            [duration(1_500_000_000), duration(0), duration(0)],
        ),
        case("big_rat", [skipped(), skipped()]),
        case("big_float", [skipped(), skipped(), skipped()]),
        case("big_fields", [received(()), received(()), received(())]),
        case("url", [skipped()]),
        case("netip_addr", [skipped(), skipped(), skipped(), skipped()]),
        case("addr_fields", [ip(&localhost_v6), ip(&[])]),
    ]);
    cases
}
