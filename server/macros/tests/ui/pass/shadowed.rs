//! The user's own names for everything that the generated code might mean.

#![allow(dead_code, non_camel_case_types, unused_imports, unused_macros)]

use gobrpc_macros::service;
use gobrpc_protocol::Result;

mod core {}
mod std {}
mod gobrpc_protocol_ {}

struct Option;
struct Box;
struct Arc;
struct Error;
struct Body;
struct Handling;
struct Call;
struct Service;
struct Caller;
struct usize;
struct str;
enum Variant {
    Some,
    None,
    Ok,
    Err,
}
use Variant::{Err, None, Ok, Some};
trait Send {}
trait Sync {}
trait Clone {}
trait From {}
trait Into {}
trait Default {}
trait Future {}
trait Drop {}
macro_rules! concat {
    () => {};
}

// Not hygienic in generated code: type parameters.
type C = i64;
type S = ::std::string::String;

#[service]
trait Shadow {
    #[doc = "Docs "]
    #[doc = stringify!(from elsewhere)]
    async fn f(&self, c: C) -> Result<S>;
    #[rpc(reply = C)]
    async fn g(&self, s: S) -> Result<()>;
    #[rpc(blocking)]
    fn h(&self, body: S) -> Result<C>;
}

struct Mine;

impl Shadow for Mine {
    async fn f(&self, c: C) -> Result<S> {
        Result::Ok(c.to_string())
    }
    async fn g(&self, _: S) -> Result<()> {
        Result::Ok(())
    }
    fn h(&self, body: S) -> Result<C> {
        Result::Ok(body.len() as C)
    }
}

fn main() {
    let _ = ShadowServer::new(Mine);
    assert_eq!(SHADOW.methods[0].docs, "Docs\nfrom elsewhere");
}
