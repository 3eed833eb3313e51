use gobrpc_codec::Gob;

#[derive(Gob)]
#[gob(repr = "u8")]
enum Small {
    Fits = 255,
    TooLarge = 256,
}

#[derive(Gob)]
#[gob(repr = "u16")]
enum Unsigned {
    Negative = -1,
}

fn main() {}
