use gobrpc_codec::Gob;

#[derive(Gob)]
enum Shape {
    Unit,
    Circle { radius: f64 },
    Square(f64),
}

#[derive(Gob)]
#[gob(interface)]
enum Interface {
    Square(f64),
}

#[derive(Gob)]
enum Empty {}

#[derive(Gob)]
#[gob(string, rename_all = "Title Case")]
enum Twice {
    Red,
    #[gob(rename = "Red")]
    Green,
    #[gob(skip)]
    Blue,
}

#[derive(Gob)]
#[gob(repr = "u128", string, transparent)]
enum Confused {
    A,
}

#[derive(Gob)]
#[gob(rename_all = "lowercase")]
enum Numbers {
    #[gob(rename = "a")]
    A,
}

#[derive(Gob)]
union Union {
    a: i64,
    b: f64,
}

fn main() {}
