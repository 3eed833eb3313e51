//! [`Verdict`]: what a failed call says about its endpoint.

use gobrpc_protocol::{Code, Delivery, Error, Head, Phase};

use crate::ejection::Fault;

/// What a failed call says about its endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It answered: it did what it is for.
    Answered,
    /// It answered that it does not know the service.
    Unknown,
    /// It, or the way to it, is to blame.
    Failed(Fault),
    /// Nothing: the caller gave up, or could not encode the request.
    Nothing,
}

impl Verdict {
    pub(crate) fn of(error: &Error, head: &Head) -> Self {
        // The error of a handler in this process is marked like one that was never
        // sent.
        let local = error.phase() == Phase::Handler && error.delivery() == Delivery::NotSent;
        if error.is_answer() || local {
            return match is_unknown_service(error, head) {
                true => Self::Unknown,
                false => Self::Answered,
            };
        }
        if error.phase() == Phase::Encode || error.code() == Code::Cancelled {
            return Self::Nothing;
        }
        let unsent = error.delivery() == Delivery::NotSent;
        Self::Failed(match error.phase() {
            _ if error.delivery() == Delivery::Refused => Fault::Refused,
            // Our own queue before it is full.
            _ if error.code() == Code::ResourceExhausted => Fault::Refused,
            Phase::Resolve | Phase::Dial | Phase::Handshake if unsent => Fault::Reach,
            _ => Fault::Transport,
        })
    }

    pub(crate) const fn is_failure(self) -> bool {
        matches!(self, Self::Failed(_))
    }
}

/// Go's words for it (`server.go`, `readRequestHeader`), about this very call: a
/// handler may pass on those about a call of its own.
fn is_unknown_service(error: &Error, head: &Head) -> bool {
    error.code() == Code::Unimplemented
        && error.message().strip_prefix("rpc: can't find service ") == Some(&*head.service_method)
}

/// True if nothing of the call was sent, as there was no connection: gRPC counts no
/// attempt for it
/// ([A6](https://github.com/grpc/proposal/blob/master/A6-client-retries.md#transparent-retries)),
/// nor is it load for a server.
pub(crate) fn never_left(error: &Error, head: &Head) -> bool {
    error.delivery() == Delivery::NotSent
        && error.code() != Code::ResourceExhausted
        && may_run_elsewhere(error, head)
}

/// True if the call did not run, and another endpoint may do better.
pub(crate) fn may_run_elsewhere(error: &Error, head: &Head) -> bool {
    error.delivery().cannot_have_run()
        && Verdict::of(error, head).is_failure()
        && error.code() != Code::DeadlineExceeded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_to_blame() {
        let head = Head::new("User.Name");
        let error = |code, phase, delivery| {
            Error::with_code(code, "no")
                .with_phase(phase)
                .with_delivery(delivery)
        };
        use Code::{Cancelled, DeadlineExceeded, ResourceExhausted, Unavailable};
        use Delivery::{Answered, NotSent, PartSent, Refused, Sent};
        let failed = Verdict::Failed;
        for (code, phase, delivery, verdict, elsewhere) in [
            (
                Unavailable,
                Phase::Dial,
                NotSent,
                failed(Fault::Reach),
                true,
            ),
            (
                Unavailable,
                Phase::Handshake,
                NotSent,
                failed(Fault::Reach),
                true,
            ),
            (
                Unavailable,
                Phase::Resolve,
                NotSent,
                failed(Fault::Reach),
                true,
            ),
            (
                Unavailable,
                Phase::Queue,
                NotSent,
                failed(Fault::Transport),
                true,
            ),
            (
                Unavailable,
                Phase::Write,
                PartSent,
                failed(Fault::Transport),
                true,
            ),
            (
                Unavailable,
                Phase::Wait,
                Sent,
                failed(Fault::Transport),
                false,
            ),
            (
                Unavailable,
                Phase::Wait,
                Refused,
                failed(Fault::Refused),
                true,
            ),
            (
                ResourceExhausted,
                Phase::Queue,
                NotSent,
                failed(Fault::Refused),
                true,
            ),
            (
                DeadlineExceeded,
                Phase::Wait,
                Sent,
                failed(Fault::Transport),
                false,
            ),
            (
                DeadlineExceeded,
                Phase::Queue,
                NotSent,
                failed(Fault::Transport),
                false,
            ),
            (Cancelled, Phase::Wait, Sent, Verdict::Nothing, false),
            (
                Code::InvalidArgument,
                Phase::Encode,
                NotSent,
                Verdict::Nothing,
                false,
            ),
            (
                Code::NotFound,
                Phase::Handler,
                NotSent,
                Verdict::Answered,
                false,
            ),
            (Unavailable, Phase::Wait, Answered, Verdict::Answered, false),
        ] {
            let error = error(code, phase, delivery);
            assert_eq!(Verdict::of(&error, &head), verdict, "{error:?}");
            assert_eq!(may_run_elsewhere(&error, &head), elsewhere, "{error:?}");
        }
    }

    #[test]
    fn an_unknown_service_is_that_of_the_call() {
        let head = Head::new("User.Name");
        for (text, verdict) in [
            ("rpc: can't find service User.Name", Verdict::Unknown),
            ("rpc: can't find service Other.Name", Verdict::Answered),
            ("rpc: can't find method User.Name", Verdict::Answered),
        ] {
            let error = Error::from_go_text(text.to_owned());
            assert_eq!(Verdict::of(&error, &head), verdict, "{text}");
        }
    }
}
