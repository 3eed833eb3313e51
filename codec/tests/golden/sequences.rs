//! Several values and types on one stream, and net/rpc's conversations.

use gobrpc_codec::Gob;

use crate::check::{Case, case, same};
use crate::containers::HasPtrSlice;
use crate::structs::outer;
use crate::types::{Empty, inner, none, point};

#[derive(Gob, Debug, Clone)]
struct Request {
    service_method: String,
    seq: u64,
}

#[derive(Gob, Debug, Clone)]
struct Response {
    service_method: String,
    seq: u64,
    error: String,
}

#[derive(Gob, Debug, Clone)]
struct Args {
    a: i64,
    b: i64,
}

#[derive(Gob, Debug, Clone)]
struct Quotient {
    quo: i64,
    rem: i64,
}

const METHODS: [&str; 5] = [
    "Arith.Multiply",
    "Arith.Divide",
    "Arith.Divide",
    "Nope.Foo",
    "Arith.Multiply",
];

fn client_stream() -> Case {
    let args = [(7, 6), (1, 0), (17, 5), (1, 2), (0, 0)];
    let calls = METHODS.iter().zip(args).zip(0..);
    case(
        "rpc_client_stream",
        calls.flat_map(|((method, (a, b)), seq)| {
            [
                same(Request {
                    service_method: (*method).to_owned(),
                    seq,
                }),
                same(Args { a, b }),
            ]
        }),
    )
}

fn server_stream() -> Case {
    let errors = [
        "",
        "divide by zero",
        "",
        "rpc: can't find service Nope.Foo",
        "",
    ];
    let replies = METHODS.iter().zip(errors).zip(0..);
    case(
        "rpc_server_stream",
        replies.flat_map(|((method, error), seq)| {
            let head = Response {
                service_method: (*method).to_owned(),
                seq,
                error: error.to_owned(),
            };
            let body = match seq {
                0 => same(42_i64),
                2 => same(Quotient { quo: 3, rem: 2 }),
                4 => same(0_i64),
                _ => same(()),
            };
            [same(head), body]
        }),
    )
}

pub(crate) fn cases() -> Vec<Case> {
    let text = |text: &str| text.to_owned();
    vec![
        client_stream(),
        server_stream(),
        case(
            "two_structs",
            [same(point(1, 2)), same(inner("a", 1.0)), same(point(3, 4))],
        ),
        case(
            "shares_sent_type",
            [
                same(inner("a", 1.0)),
                same(outer(1, inner("b", 2.0), none())),
                same(HasPtrSlice {
                    list: vec![Some(inner("c", 3.0))],
                }),
            ],
        ),
        case(
            "inner_after_unnamed",
            [same(vec![Box::new(inner("a", 1.0))]), same(inner("b", 2.0))],
        ),
        case(
            "mixed_values",
            [
                same(7_i64),
                same(text("s")),
                same(point(1, 2)),
                same(vec![text("a")]),
                same(point(0, 0)),
                same(true),
                same(vec![text("b")]),
                same(1.5),
                same(Empty {}),
            ],
        ),
        case("many_values", (0..100).map(|i| same(point(i, -i)))),
    ]
}
