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
    Unit,
    Circle { radius: f64 },
    #[gob(name = "main.Square")]
    Twice(f64),
    #[gob(name = "")]
    Unnamed(f64),
    #[gob(rename = "main.Renamed")]
    Renamed(f64),
    #[gob(nil)]
    Nil,
    #[gob(nil)]
    Nothing(f64),
    #[gob(other, name = "x")]
    Other(gobrpc_codec::Interface),
    #[gob(other)]
    Rest(gobrpc_codec::Interface),
}

#[derive(Gob)]
#[gob(interface, string, repr = "u8")]
enum Both {
    #[gob(other)]
    A(gobrpc_codec::Interface),
}

#[derive(Gob)]
#[gob(interface)]
struct NoEnum {
    a: i64,
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
    #[gob(rename = "a", nil)]
    A,
}

#[derive(Gob)]
union Union {
    a: i64,
    b: f64,
}

fn main() {}
