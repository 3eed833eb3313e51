//! [`Streaming`]: the typed items of an exchange.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use gobrpc_codec::DecodeOwned;

use crate::caller::Exchange;
use crate::error::{Delivery, Phase, Result};

/// The items of an exchange, each decoded as it comes.
///
/// A unary call has one. Dropping it cancels the exchange.
#[must_use = "dropping a stream cancels its exchange"]
pub struct Streaming<T> {
    exchange: Exchange,
    item: PhantomData<fn() -> T>,
}

impl<T: DecodeOwned> Streaming<T> {
    /// The items of an exchange.
    pub fn new(exchange: Exchange) -> Self {
        Self {
            exchange,
            item: PhantomData,
        }
    }
}

impl<T: DecodeOwned> Stream for Streaming<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        self.exchange.poll_next(cx).map(|item| {
            item.map(|item| {
                item?.body.decode().map_err(|error| {
                    error
                        .with_phase(Phase::Decode)
                        .with_delivery(Delivery::Answered)
                })
            })
        })
    }
}

impl<T> fmt::Debug for Streaming<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Streaming")
    }
}
