use gobrpc_codec::Gob;

#[derive(Gob)]
struct Args<'a> {
    name: &'a str,
    items: &'a [i64],
}

fn main() {}
