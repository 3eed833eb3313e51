//! The services of `peers/go/model`, in Rust.

use std::collections::HashMap;
use std::time::Duration;

use gobrpc_codec::{GoString, Interface, go};
use gobrpc_server::{Context, Error, Gob, Result, Server, service};

/// The operands of [`Arith`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Gob)]
#[gob(package = "model")]
pub struct Args {
    /// The first one.
    pub a: i64,
    /// The second one.
    pub b: i64,
}

/// The reply of [`Arith::divide`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Gob)]
#[gob(package = "model")]
pub struct Quotient {
    /// The whole part.
    pub quo: i64,
    /// The remainder.
    pub rem: i64,
}

/// A small leaf struct.
#[derive(Debug, Clone, PartialEq, Default, Gob)]
#[gob(package = "model")]
pub struct Inner {
    /// A text.
    pub name: String,
    /// A number.
    pub score: f64,
}

/// A struct with one field of each common shape.
#[derive(Debug, Clone, PartialEq, Default, Gob)]
#[gob(package = "model")]
pub struct Nested {
    /// An unsigned number.
    #[gob(rename = "ID")]
    pub id: u64,
    /// A text.
    pub title: String,
    /// A struct.
    pub inner: Inner,
    /// A pointer.
    pub ptr: Option<Box<Inner>>,
    /// A slice of structs.
    pub list: Vec<Inner>,
    /// A map of structs, which may be nil.
    pub dict: Option<HashMap<String, Inner>>,
    /// Bytes.
    pub raw: Vec<u8>,
    /// An array.
    pub flags: [bool; 3],
}

/// A recursive type.
#[derive(Debug, Clone, PartialEq, Eq, Default, Gob)]
#[gob(package = "model")]
pub struct Tree {
    /// The value of the node.
    pub value: i64,
    /// The left child.
    pub left: Option<Box<Self>>,
    /// The right child.
    pub right: Option<Box<Self>>,
}

impl Tree {
    /// A balanced tree of `depth` levels.
    #[must_use]
    pub fn balanced(depth: u32, value: i64) -> Self {
        let child = |value| (depth > 1).then(|| Box::new(Self::balanced(depth - 1, value)));
        Self {
            value,
            left: child(2 * value),
            right: child(2 * value + 1),
        }
    }
}

/// Asks [`Misc::delay`] to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Gob)]
#[gob(package = "model")]
pub struct Delay {
    /// How long, in milliseconds.
    pub millis: i64,
    /// What to reply.
    pub tag: i64,
}

/// A struct of the types that have a form of their own in JSON.
#[derive(Debug, Clone, Default, PartialEq, Gob)]
#[gob(package = "model")]
pub struct Profile {
    /// Two words.
    pub user_name: String,
    /// A time.
    pub created_at: go::Time,
    /// Bytes.
    pub avatar: Vec<u8>,
    /// An IP address.
    #[gob(rename = "HomeIP")]
    pub home_ip: go::IpAddr,
    /// The newer type for one.
    pub address: go::Addr,
    /// A number without bounds.
    pub total: go::BigInt,
    /// A fraction without bounds.
    pub share: go::BigRat,
    /// A map by numbers.
    pub counts: HashMap<i64, String>,
    /// Perhaps a text.
    pub nick_name: Option<String>,
    /// A length of time.
    pub time_limit: go::Duration,
    /// Anything.
    pub held: Interface,
    /// An array.
    pub pair: [i64; 2],
}

/// Gives back what has a form of its own in JSON.
#[service]
pub trait Shapes {
    /// A profile.
    async fn profile(&self, profile: Profile) -> Result<Profile>;
}

/// Calculates.
#[service]
pub trait Arith {
    /// The product of two numbers.
    async fn multiply(&self, args: Args) -> Result<i64>;
    /// Quotient and remainder.
    async fn divide(&self, args: Args) -> Result<Quotient>;
}

/// Gives back what it gets.
#[service]
pub trait Echo {
    /// A text, which Go does not want to be UTF-8.
    async fn string(&self, text: GoString) -> Result<GoString>;
    /// Bytes.
    async fn bytes(&self, bytes: Vec<u8>) -> Result<Vec<u8>>;
    /// A struct of many shapes.
    async fn nested(&self, nested: Nested) -> Result<Nested>;
    /// A recursive struct.
    async fn tree(&self, tree: Tree) -> Result<Tree>;
    /// A map.
    async fn dict(&self, dict: HashMap<GoString, i64>) -> Result<HashMap<GoString, i64>>;
    /// Floats.
    async fn floats(&self, floats: Vec<f64>) -> Result<Vec<f64>>;
}

/// What else a service can do.
#[service]
pub trait Misc {
    /// Replies after a while.
    async fn delay(&self, delay: Delay) -> Result<i64>;
    /// Fails with this text; an empty text is success to Go.
    async fn fail(&self, text: String) -> Result<i64>;
    /// Does nothing.
    async fn nothing(&self) -> Result<()>;
}

/// What only the Rust server has.
#[service]
pub trait Extra {
    /// Panics before it waits, or after.
    async fn panic(&self, later: bool) -> Result<i64>;
    /// Fails with no text at all.
    async fn silent_error(&self) -> Result<i64>;
    /// A reply of so many bytes.
    async fn large(&self, bytes: u64) -> Result<Vec<u8>>;
    /// Keeps a thread busy.
    ///
    /// # Errors
    ///
    /// Never.
    #[rpc(blocking)]
    fn busy(&self, millis: u64) -> Result<u64>;
    /// Who calls.
    async fn whoami(&self, cx: &Context) -> Result<String>;
    /// The names in the caller's certificate, if it showed one.
    async fn certificate(&self, cx: &Context) -> Result<Vec<String>>;
}

/// Implements all of them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Model;

impl Arith for Model {
    async fn multiply(&self, args: Args) -> Result<i64> {
        Ok(args.a.wrapping_mul(args.b))
    }

    async fn divide(&self, args: Args) -> Result<Quotient> {
        if args.b == 0 {
            return Err(Error::invalid_argument("divide by zero"));
        }
        Ok(Quotient {
            quo: args.a.wrapping_div(args.b),
            rem: args.a.wrapping_rem(args.b),
        })
    }
}

impl Echo for Model {
    async fn string(&self, text: GoString) -> Result<GoString> {
        Ok(text)
    }

    async fn bytes(&self, bytes: Vec<u8>) -> Result<Vec<u8>> {
        Ok(bytes)
    }

    async fn nested(&self, nested: Nested) -> Result<Nested> {
        Ok(nested)
    }

    async fn tree(&self, tree: Tree) -> Result<Tree> {
        Ok(tree)
    }

    async fn dict(&self, dict: HashMap<GoString, i64>) -> Result<HashMap<GoString, i64>> {
        Ok(dict)
    }

    async fn floats(&self, floats: Vec<f64>) -> Result<Vec<f64>> {
        Ok(floats)
    }
}

impl Shapes for Model {
    async fn profile(&self, profile: Profile) -> Result<Profile> {
        Ok(profile)
    }
}

impl Misc for Model {
    async fn delay(&self, delay: Delay) -> Result<i64> {
        let millis = u64::try_from(delay.millis).unwrap_or(0);
        tokio::time::sleep(Duration::from_millis(millis)).await;
        Ok(delay.tag)
    }

    async fn fail(&self, text: String) -> Result<i64> {
        if text.is_empty() {
            return Ok(0);
        }
        Err(Error::new(text))
    }

    async fn nothing(&self) -> Result<()> {
        Ok(())
    }
}

impl Extra for Model {
    #[expect(clippy::panic, reason = "what this method is for")]
    async fn panic(&self, later: bool) -> Result<i64> {
        if later {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        panic!("as asked");
    }

    async fn silent_error(&self) -> Result<i64> {
        Err(Error::new(""))
    }

    async fn large(&self, bytes: u64) -> Result<Vec<u8>> {
        Ok(vec![7; usize::try_from(bytes).unwrap_or(usize::MAX)])
    }

    fn busy(&self, millis: u64) -> Result<u64> {
        std::thread::sleep(Duration::from_millis(millis));
        Ok(millis)
    }

    async fn whoami(&self, cx: &Context) -> Result<String> {
        Ok(cx.peer().address.clone())
    }

    async fn certificate(&self, cx: &Context) -> Result<Vec<String>> {
        let Some(identity) = cx.peer().identity() else {
            return Ok(Vec::new());
        };
        let common_name = identity.common_name.clone().unwrap_or_default();
        Ok([
            vec![common_name],
            identity.dns_names.clone(),
            identity.uris.clone(),
        ]
        .concat())
    }
}

/// A server with all of them.
///
/// # Errors
///
/// Never: the names differ.
pub fn server() -> Result<Server> {
    Server::new()
        .register(ArithServer::new(Model))?
        .register(EchoServer::new(Model))?
        .register(MiscServer::new(Model))?
        .register(ShapesServer::new(Model))?
        .register(ExtraServer::new(Model))
}
