use gobrpc_codec::Gob;

struct Foreign;

#[derive(Gob)]
struct Wire(String);

#[derive(Gob)]
struct Holder {
    x: i64,
    #[gob(skip)]
    foreign: Foreign,
    #[gob(default = "missing")]
    y: i64,
    #[gob(as = "Wire")]
    z: Foreign,
}

fn main() {}
