use gobrpc_codec::Gob;

#[derive(Gob, serde::Serialize)]
struct Names {
    #[gob(rename = "user_name")]
    a: i64,
    #[serde(rename = "userId")]
    b: i64,
    #[gob(rename = "User-Name")]
    c: i64,
    名前: i64,
    #[gob(rename = "")]
    d: i64,
}

#[derive(Gob)]
struct Twice {
    user_name: i64,
    #[gob(rename = "UserName")]
    other: i64,
    userName: i64,
}

#[derive(Gob)]
#[gob(rename_all = "verbatim")]
struct Verbatim {
    user_name: i64,
}

fn main() {}
