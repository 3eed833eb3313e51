use gobrpc_macros::service;

pub struct Refusal;

#[service]
pub trait Shop {
    async fn order(&self, item: String) -> Result<u64, Refusal>;
}

fn main() {}
