//! Where a service can stand, and what can stand on it.

use gobrpc_macros::service;
use gobrpc_protocol::Result;

mod reexported {
    pub use gobrpc_protocol as wire;
}

#[service(crate = "reexported::wire", name = "Elsewhere")]
pub trait ByPath {
    async fn f(&self) -> Result<()>;
}

// Nothing of it is there.
#[service]
#[cfg(any())]
pub trait Never {
    async fn f(&self, missing: Missing) -> Result<()>;
}

#[service]
#[cfg(any(unix, not(unix)))]
pub trait Always: Send + Sync + 'static {
    async fn f(&self) -> Result<()>;
}

macro_rules! make {
    ($name:ident, $method:ident, $argument:ident: $ty:ty => $reply:ty) => {
        #[service]
        trait $name {
            async fn $method(&self, $argument: $ty) -> Result<$reply>;
            async fn fixed(&self, args: $ty) -> Result<$reply>;
        }
    };
}

make!(Made, method, body: Vec<String> => Option<u8>);

fn main() {
    #[service]
    trait Local {
        async fn f(&self, numbers: [i64; 3]) -> ::gobrpc_protocol::Result<i64>;
    }
    struct Sum;
    impl Local for Sum {
        async fn f(&self, numbers: [i64; 3]) -> Result<i64> {
            Ok(numbers.iter().sum())
        }
    }
    let _ = LocalServer::new(Sum);
    assert_eq!(BY_PATH.name, "Elsewhere");
    assert_eq!(ALWAYS.methods.len(), 1);
    assert_eq!(MADE.methods[1].name, "Fixed");
}
