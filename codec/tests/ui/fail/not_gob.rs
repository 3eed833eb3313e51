use gobrpc_codec::{Gob, to_vec};

struct Foreign;

#[derive(Gob)]
struct Holder {
    name: String,
    foreign: Vec<Foreign>,
}

#[derive(Gob)]
struct Generic<T> {
    item: T,
}

fn main() {
    let _ = to_vec(&Generic { item: Foreign });
}
