use gobrpc_codec::Gob;

#[derive(Gob)]
struct Fields<'a> {
    big: i128,
    bigs: Vec<u128>,
    nested: Option<Option<String>>,
    deep: Vec<(i64, Option<Option<i64>>)>,
    function: fn(i64) -> i64,
    pointer: *const u8,
    exclusive: &'a mut i64,
    object: Box<dyn std::fmt::Debug>,
}

#[derive(Gob)]
struct Newtype(i128);

fn main() {}
