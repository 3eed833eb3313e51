use gobrpc_codec::Gob;

#[derive(Gob)]
#[gob(nam = "Person", rename = "Person", package = "a", package = "b")]
struct Unknown {
    x: i64,
}

#[derive(Gob)]
#[gob(transparent, name = "Person")]
struct Named(i64);

#[derive(Gob)]
#[gob(transparent)]
struct Two {
    x: i64,
    y: i64,
}

#[derive(Gob)]
#[gob(rename_all = "camelCase", string)]
struct Camel {
    x: i64,
}

#[derive(Gob)]
#[gob(rename_all = "go")]
struct Tuple(i64, i64);

#[derive(Gob)]
#[gob(name)]
struct NoValue;

#[derive(Gob)]
#[gob(package = main)]
struct NoString;

#[derive(Gob)]
#[gob(bound = "T", crate = "not a path")]
struct Generic<T>(T);

#[derive(Gob)]
#[gob]
struct Bare;

fn main() {}
