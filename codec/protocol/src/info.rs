//! [`ServiceInfo`]: what a service is, as a constant.

use gobrpc_codec::Schema;

/// Names, types and documentation of a service.
///
/// `#[service]` makes one from the trait; it feeds the list of services, the
/// reflection service and the tools.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ServiceInfo {
    /// Its name on the wire.
    pub name: &'static str,
    /// Its documentation.
    pub docs: &'static str,
    /// Its methods, in the order of the trait.
    pub methods: &'static [MethodInfo],
}

impl ServiceInfo {
    /// A service of these methods.
    #[must_use]
    pub const fn new(
        name: &'static str,
        docs: &'static str,
        methods: &'static [MethodInfo],
    ) -> Self {
        Self {
            name,
            docs,
            methods,
        }
    }
}

/// Name, types and documentation of a method.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct MethodInfo {
    /// Its name on the wire, without that of the service.
    pub name: &'static str,
    /// Its documentation.
    pub docs: &'static str,
    /// The type of its argument, or of each item of it.
    pub args: fn() -> &'static Schema,
    /// The type of its reply, or of each item of it.
    pub reply: fn() -> &'static Schema,
    /// Which of the two are streams.
    pub streams: StreamKind,
    /// Running it twice does what running it once does.
    pub idempotent: bool,
    /// It keeps a thread busy.
    pub blocking: bool,
    /// Its caller does not wait for the reply, if there is a choice.
    pub one_way: bool,
}

impl StreamKind {
    /// A kind by its sides.
    #[must_use]
    pub const fn new(arguments: bool, replies: bool) -> Self {
        match (arguments, replies) {
            (false, false) => Self::Unary,
            (false, true) => Self::Server,
            (true, false) => Self::Client,
            (true, true) => Self::Both,
        }
    }

    /// True if the arguments are a stream.
    #[must_use]
    pub const fn arguments(self) -> bool {
        matches!(self, Self::Client | Self::Both)
    }

    /// True if the replies are a stream.
    #[must_use]
    pub const fn replies(self) -> bool {
        matches!(self, Self::Server | Self::Both)
    }
}

impl MethodInfo {
    /// A method with one argument and one reply.
    #[must_use]
    pub const fn unary(
        name: &'static str,
        docs: &'static str,
        args: fn() -> &'static Schema,
        reply: fn() -> &'static Schema,
    ) -> Self {
        Self {
            name,
            docs,
            args,
            reply,
            streams: StreamKind::Unary,
            idempotent: false,
            blocking: false,
            one_way: false,
        }
    }

    /// The same method, marked as idempotent.
    #[must_use]
    pub const fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// The same method with streams: its types are those of the items then.
    #[must_use]
    pub const fn streaming(mut self, streams: StreamKind) -> Self {
        self.streams = streams;
        self
    }

    /// The same method, marked as one-way.
    #[must_use]
    pub const fn one_way(mut self) -> Self {
        self.one_way = true;
        self
    }

    /// The same method, marked as blocking.
    #[must_use]
    pub const fn blocking(mut self) -> Self {
        self.blocking = true;
        self
    }
}

/// Which sides of a method are streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StreamKind {
    /// Neither.
    Unary,
    /// The replies.
    Server,
    /// The arguments.
    Client,
    /// Both.
    Both,
}
