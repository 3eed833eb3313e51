//! [`Error`]: why a call failed, whose fault it is, and whether it ran.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::details::ErrorDetails;
use crate::metadata::Metadata;

/// The result of calls and handlers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed.
///
/// A handler returns one to its caller: [`Error::new`] and the constructors named
/// after a [`Code`]. A client gets one from its peer, or from the way there; then
/// [`Error::phase`], [`Error::peer`] and [`Error::delivery`] say where it failed
/// and whether the request may have run.
///
/// Go peers see the message only, as net/rpc has nothing else.
///
/// # Examples
///
/// ```
/// use gobrpc_protocol::{Code, Error};
///
/// fn divide(a: i64, b: i64) -> Result<i64, Error> {
///     if b == 0 {
///         return Err(Error::invalid_argument("divide by zero"));
///     }
///     Ok(a / b)
/// }
///
/// let error = divide(1, 0).unwrap_err();
/// assert_eq!(error.code(), Code::InvalidArgument);
/// assert_eq!(error.message(), "divide by zero");
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    code: Code,
    message: Cow<'static, str>,
    phase: Phase,
    delivery: Delivery,
    peer: Option<Arc<str>>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
    details: Option<Arc<ErrorDetails>>,
    metadata: Metadata,
    /// It came from a peer, or from the way there.
    foreign: bool,
    /// An error from a peer that may cross our own edge as it is.
    forward: bool,
    /// Nothing of the call ran, as far as who made the error is concerned.
    not_processed: bool,
}

/// What kind of failure it is: gRPC's canonical codes, with gRPC's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
#[repr(u8)]
pub enum Code {
    /// The caller gave up.
    Cancelled = 1,
    /// Nothing is known; all errors of Go handlers.
    #[default]
    Unknown = 2,
    /// The request can never work.
    InvalidArgument = 3,
    /// Time ran out.
    DeadlineExceeded = 4,
    /// A thing that was asked for does not exist.
    NotFound = 5,
    /// A thing to be made exists already.
    AlreadyExists = 6,
    /// The caller may not do this.
    PermissionDenied = 7,
    /// A quota, a limit or a queue is full.
    ResourceExhausted = 8,
    /// The system is not in the state that the request needs.
    FailedPrecondition = 9,
    /// A conflict with another request.
    Aborted = 10,
    /// Past the end of something.
    OutOfRange = 11,
    /// No such service or method.
    Unimplemented = 12,
    /// A broken invariant, a panic.
    Internal = 13,
    /// Not reachable now; trying again may help.
    Unavailable = 14,
    /// Data was lost for good.
    DataLoss = 15,
    /// Nobody knows who the caller is.
    Unauthenticated = 16,
}

impl Code {
    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The code with this number; `Unknown` for numbers that have none.
    #[must_use]
    pub const fn from_number(number: u64) -> Self {
        match number {
            1 => Self::Cancelled,
            3 => Self::InvalidArgument,
            4 => Self::DeadlineExceeded,
            5 => Self::NotFound,
            6 => Self::AlreadyExists,
            7 => Self::PermissionDenied,
            8 => Self::ResourceExhausted,
            9 => Self::FailedPrecondition,
            10 => Self::Aborted,
            11 => Self::OutOfRange,
            12 => Self::Unimplemented,
            13 => Self::Internal,
            14 => Self::Unavailable,
            15 => Self::DataLoss,
            16 => Self::Unauthenticated,
            _ => Self::Unknown,
        }
    }

    /// The words for the code, for an error whose message would be empty.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown error",
            Self::InvalidArgument => "invalid argument",
            Self::DeadlineExceeded => "deadline exceeded",
            Self::NotFound => "not found",
            Self::AlreadyExists => "already exists",
            Self::PermissionDenied => "permission denied",
            Self::ResourceExhausted => "resource exhausted",
            Self::FailedPrecondition => "failed precondition",
            Self::Aborted => "aborted",
            Self::OutOfRange => "out of range",
            Self::Unimplemented => "unimplemented",
            Self::Internal => "internal error",
            Self::Unavailable => "unavailable",
            Self::DataLoss => "data loss",
            Self::Unauthenticated => "unauthenticated",
        }
    }
}

/// Where on its way a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// In the handler, here or at the peer.
    Handler,
    /// Encoding the request.
    Encode,
    /// Finding an address.
    Resolve,
    /// Connecting.
    Dial,
    /// Agreeing on the connection: HTTP CONNECT, TLS.
    Handshake,
    /// Waiting for a place on the connection.
    Queue,
    /// Writing the request.
    Write,
    /// Waiting for the reply.
    Wait,
    /// Decoding the reply.
    Decode,
}

impl Phase {
    const fn words(self) -> &'static str {
        match self {
            Self::Handler => "handling the call",
            Self::Encode => "encoding the request",
            Self::Resolve => "resolving the address",
            Self::Dial => "dialling",
            Self::Handshake => "the handshake",
            Self::Queue => "waiting for the connection",
            Self::Write => "writing the request",
            Self::Wait => "waiting for the reply",
            Self::Decode => "decoding the reply",
        }
    }
}

/// Whether a request may have run, which decides what may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Delivery {
    /// No byte of it was sent: it did not run.
    NotSent,
    /// Its last byte was not sent, and a server starts nothing before that: it
    /// did not run.
    PartSent,
    /// It was sent and not answered: it may have run.
    Sent,
    /// The peer refused it before it ran.
    Refused,
    /// The peer answered.
    Answered,
}

impl Delivery {
    /// True if the request cannot have run, so that sending it again is safe
    /// whatever it does.
    #[must_use]
    pub const fn cannot_have_run(self) -> bool {
        matches!(self, Self::NotSent | Self::PartSent | Self::Refused)
    }
}

macro_rules! constructors {
    ($($name:ident $code:ident $doc:literal;)*) => {$(
        #[doc = $doc]
        pub fn $name(message: impl Into<Cow<'static, str>>) -> Self {
            Self::with_code(Code::$code, message)
        }
    )*};
}

impl Error {
    /// An error with a message, as Go's `errors.New`.
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self::with_code(Code::Unknown, message)
    }

    /// An error with a code and a message.
    #[cold]
    pub fn with_code(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        let message = message.into();
        Self(Arc::new(Inner {
            code,
            // net/rpc takes an empty text for success (server.go, sendResponse).
            message: if message.is_empty() {
                Cow::Borrowed(code.words())
            } else {
                message
            },
            phase: Phase::Handler,
            // Whoever makes one has run.
            delivery: Delivery::Answered,
            peer: None,
            source: None,
            details: None,
            metadata: Metadata::new(),
            foreign: false,
            forward: false,
            not_processed: false,
        }))
    }

    constructors! {
        cancelled Cancelled "The caller gave up.";
        invalid_argument InvalidArgument "The request can never work.";
        deadline_exceeded DeadlineExceeded "Time ran out.";
        not_found NotFound "A thing that was asked for does not exist.";
        already_exists AlreadyExists "A thing to be made exists already.";
        permission_denied PermissionDenied "The caller may not do this.";
        resource_exhausted ResourceExhausted "A quota, a limit or a queue is full.";
        failed_precondition FailedPrecondition "The system is not in the state that the request needs.";
        aborted Aborted "A conflict with another request.";
        out_of_range OutOfRange "Past the end of something.";
        unimplemented Unimplemented "No such service or method.";
        internal Internal "A broken invariant.";
        unavailable Unavailable "Not reachable now.";
        data_loss DataLoss "Data was lost for good.";
        unauthenticated Unauthenticated "Nobody knows who the caller is.";
    }

    /// Any error of the handler's as one to send: its text, and `Unknown`.
    pub fn from_error(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::new(error.to_string()).with_source(error)
    }

    /// An answer of a peer, from its text.
    ///
    /// Go's own texts are turned back into codes (`server.go`,
    /// `readRequestHeader`); a handler could forge them, so a code is no proof
    /// that nothing ran.
    #[must_use]
    pub fn from_go_text(text: String) -> Self {
        let code = if text.starts_with("rpc: can't find ") {
            Code::Unimplemented
        } else if text.starts_with("rpc: service/method request ill-formed")
            || text.starts_with("gob: ")
        {
            Code::InvalidArgument
        } else {
            Code::Unknown
        };
        Self::with_code(code, text).with_delivery(Delivery::Answered)
    }

    fn edit(mut self, edit: impl FnOnce(&mut Inner)) -> Self {
        edit(Arc::make_mut(&mut self.0));
        self
    }

    /// Sets where it failed; on the way to a peer, and not sent unless
    /// [`with_delivery`](Self::with_delivery) says so.
    #[must_use]
    pub fn with_phase(self, phase: Phase) -> Self {
        self.edit(|inner| {
            inner.phase = phase;
            if phase != Phase::Handler && !inner.foreign {
                // On the way to the peer, until somebody knows better.
                inner.foreign = true;
                inner.delivery = Delivery::NotSent;
            }
        })
    }

    /// Sets whether the request may have run; for errors of calls.
    #[must_use]
    pub fn with_delivery(self, delivery: Delivery) -> Self {
        self.edit(|inner| {
            inner.delivery = delivery;
            inner.foreign = true;
        })
    }

    /// Sets the peer.
    #[must_use]
    pub fn with_peer(self, peer: impl Into<Arc<str>>) -> Self {
        let peer = peer.into();
        self.edit(|inner| inner.peer = Some(peer))
    }

    /// Sets what caused it.
    #[must_use]
    pub fn with_source(self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.edit(|inner| inner.source = Some(Arc::new(source)))
    }

    /// Sets what it says to programs; a Go peer does not see it.
    #[must_use]
    pub fn with_details(self, details: ErrorDetails) -> Self {
        self.edit(|inner| inner.details = Some(Arc::new(details)))
    }

    /// Without what it says to programs.
    pub(crate) fn without_details(self) -> Self {
        self.edit(|inner| inner.details = None)
    }

    /// Sets the metadata that travels with it.
    #[must_use]
    pub fn with_metadata(self, metadata: Metadata) -> Self {
        self.edit(|inner| inner.metadata = metadata)
    }

    /// Lets an error that came from a peer cross our own edge as it is, when a
    /// handler returns it: without this, the caller learns its code only.
    #[must_use]
    pub fn forward(self) -> Self {
        self.edit(|inner| inner.forward = true)
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The message alone; never empty.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where it failed.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.0.phase
    }

    /// Whether the request may have run; `Answered` for an error that was made
    /// here.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        self.0.delivery
    }

    /// The peer, if one is known.
    #[must_use]
    pub fn peer(&self) -> Option<&str> {
        self.0.peer.as_deref()
    }

    /// Says that nothing of the call ran, for a server or a layer that refuses
    /// one: the caller's [`Error::delivery`] is [`Delivery::Refused`] then, and it
    /// may send the call elsewhere. A Go peer does not see it.
    #[must_use]
    pub fn not_processed(self) -> Self {
        self.edit(|inner| inner.not_processed = true)
    }

    /// True if [`Error::not_processed`] was said of it.
    #[must_use]
    pub fn is_not_processed(&self) -> bool {
        self.0.not_processed
    }

    /// What it says to programs.
    #[must_use]
    pub fn details(&self) -> Option<&ErrorDetails> {
        self.0.details.as_deref()
    }

    /// The metadata that travels with it.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.0.metadata
    }

    /// True if the peer's handler, or the peer itself, answered with this error.
    #[must_use]
    pub fn is_answer(&self) -> bool {
        self.0.foreign && self.0.delivery == Delivery::Answered
    }

    /// What a caller of ours may see when a handler returns this error.
    ///
    /// What we were told by a peer of ours, its details and metadata included, and
    /// what we know of the way to it, stays here unless the handler says
    /// [`Error::forward`].
    #[must_use]
    pub fn for_caller(&self) -> Self {
        if !self.0.foreign || self.0.forward {
            return self.clone();
        }
        Self::with_code(
            self.0.code,
            format!("a call to another service failed: {}", self.0.code.words()),
        )
    }
}

/// The text alone for what a handler said, else also peer and phase.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        if inner.phase == Phase::Handler {
            return f.write_str(&inner.message);
        }
        let place = match inner.delivery {
            Delivery::Refused => "refused before it ran",
            _ => inner.phase.words(),
        };
        match &inner.peer {
            Some(peer) => write!(f, "{peer}: {place}: {}", inner.message)?,
            None => write!(f, "{place}: {}", inner.message)?,
        }
        match inner.delivery {
            Delivery::Sent => f.write_str(" (the request was sent and may have run)"),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("code", &self.0.code)
            .field("message", &self.0.message)
            .field("phase", &self.0.phase)
            .field("delivery", &self.0.delivery)
            .field("peer", &self.0.peer)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| source as &(dyn std::error::Error + 'static))
    }
}

impl From<gobrpc_codec::Error> for Error {
    fn from(error: gobrpc_codec::Error) -> Self {
        // Go prefixes what its decoder says, and callers look for it.
        let message = format!("gob: {error}");
        Self::of_codec(message, error)
    }
}

impl Error {
    /// An error of the codec's, and in which part of a message it is.
    #[cold]
    pub(crate) fn of_part(part: &str, error: gobrpc_codec::Error) -> Self {
        let message = format!("gob: {part}: {error}");
        Self::of_codec(message, error)
    }

    fn of_codec(message: String, error: gobrpc_codec::Error) -> Self {
        use gobrpc_codec::ErrorKind;
        let code = match error.kind() {
            ErrorKind::Limit => Code::ResourceExhausted,
            ErrorKind::Misuse => Code::Internal,
            _ => Code::InvalidArgument,
        };
        Self::with_code(code, message).with_source(error)
    }
}
