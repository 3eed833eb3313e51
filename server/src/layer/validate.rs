//! [`Validate`]: looks at arguments before handlers do.

use std::fmt;

use gobrpc_protocol::codec::DecodeOwned;
use gobrpc_protocol::{Body, Context, Methods, Response, Result};

use super::{Layer, Next};

/// Looks at the arguments of methods before their handlers do: what is wrong with one
/// is said in one place, whoever implements the service.
///
/// It decodes the argument, and the handler does so again: for a check that is cheap
/// beside its call. Streams of arguments have nothing to look at here.
///
/// # Examples
///
/// ```
/// use gobrpc_server::layer::Validate;
/// use gobrpc_server::{Error, ErrorDetails, Gob, Server};
///
/// #[derive(Gob)]
/// struct Args { a: i64, b: i64 }
///
/// let server = Server::new().with_layer(Validate::new().of("Arith.Divide", |args: &Args| {
///     if args.b == 0 {
///         let details = ErrorDetails::new("INVALID").with_violation("B", "must not be zero");
///         return Err(Error::invalid_argument("division by zero").with_details(details));
///     }
///     Ok(())
/// })?);
/// # Ok::<(), gobrpc_server::Error>(())
/// ```
#[derive(Default)]
pub struct Validate {
    checks: Methods<Check>,
}

type Check = Box<dyn Fn(&Body) -> Result<()> + Send + Sync>;

impl Validate {
    /// All arguments are good.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Has a function look at the argument of these methods: `Arith.Multiply`,
    /// `Arith.*`. Its error is what the caller gets; so is that of an argument which
    /// does not decode.
    ///
    /// # Errors
    ///
    /// If no method can fit the pattern.
    pub fn of<T: DecodeOwned>(
        mut self,
        pattern: &str,
        check: impl Fn(&T) -> Result<()> + Send + Sync + 'static,
    ) -> Result<Self> {
        let check: Check = Box::new(move |body| check(&body.decode_argument()?));
        self.checks.set(pattern, check)?;
        Ok(self)
    }
}

impl Layer for Validate {
    async fn handle(&self, cx: Context, next: Next) -> Result<Response> {
        if let Some(check) = self.checks.get(cx.service_method()) {
            check(next.body()?)?;
        }
        next.run(cx).await
    }
}

impl fmt::Debug for Validate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Validate")
    }
}
