use gobrpc_codec::Gob;

#[derive(Gob)]
struct Fields {
    #[gob(flatten)]
    a: i64,
    #[gob(skip, rename = "X", required)]
    b: i64,
    #[gob(rename)]
    c: i64,
    #[gob(default = "not a path")]
    d: i64,
    #[gob(as = "String", with = "module")]
    e: i64,
    #[gob(with = "")]
    f: i64,
    #[gob(as = 5)]
    g: i64,
}

#[derive(Gob)]
struct Newtype(#[gob(rename = "X")] i64);

#[derive(Gob)]
#[gob(transparent)]
struct Transparent {
    #[gob(required)]
    x: i64,
}

fn main() {}
