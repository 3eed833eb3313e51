//! What the registry promises while things fail, by each backend and the real
//! registry behind it: one list of [`CASES`], which `tests/promises.rs` runs for
//! each of [`KINDS`].
//!
//! The memory backend keeps them in paused time, in the registry's own tests.
//!
//! A case breaks something (kills, pauses, wipes, compacts, cuts a link), measures
//! how long what is promised took, and says so. It fails if that is more than what
//! is promised and [`SLACK`]: the promises are about machines that have time, and
//! tests run beside others.
//!
//! | promise (P) and failure mode | case |
//! |---|---|
//! | P1: a live server is visible again within TTL/3 + 2 s after the registry is back, even if its data is lost; a lease lost in an outage; the cursor goes back | [`registry::killed_and_wiped`] |
//! | P2: a dead server is gone within TTL + 1 s; no zombie after a crash | [`server::killed`] |
//! | P3: no fault of the registry shrinks a client's set; an empty answer after a restart | [`calls::without_a_registry`], [`calls::slow_registry`] |
//! | P4: a dead link is noticed within 5 s; the watch that dies and says nothing; the registry that stalls and then expires everybody | [`calls::registry_paused`], [`calls::link_cut`], [`client::connections_reset`] |
//! | P5: once it is quiet, the cache is what the registry lists; events lost; compaction | [`random::cache_is_what_is_listed`] |
//! | P6: a rolling restart loses no call; the order of a shutdown | [`calls::rolling_restart`], [`calls::rolling_restart_after_an_outage`] |
//! | P7: a stale cursor recovers | [`client::paused_while_history_is_lost`], [`client::stale_cursor`], [`registry::killed_and_wiped`] |
//! | P8: a restart at the same address within the TTL stays registered | [`server::restarted_at_once`] |
//! | P9: a paused server is back within 1 s after it runs | [`server::paused`] |
//! | P10: two hundred clients come back one after the other | [`client::herd`] |
//! | P11: the release of an old owner removes no new entry | [`server::cut_off_while_another_takes_over`] |
//! | An entry that somebody deleted is put back, though its lease lives | [`registry::entries_deleted`] |
//! | Two live servers at one address: one of them gives in | [`server::two_at_one_address`] |
//! | A server flaps: few steps, and the others stay | [`server::flapping`] |
//! | Who is listed listens | [`announced::listed_listens`] |
//! | A server on all interfaces is reached from another network | [`announced::all_interfaces`] |
//! | Times of day differ, and jump: nobody notices | [`clocks::clocks_differ`] |
//! | A member of a cluster is killed, paused, or alone: no call fails, no registration is lost | [`cluster`] |
//! | A server that is killed under load: no call runs twice, none hangs | [`calls::servers_killed`] |
//! | The replies of a server vanish, and nothing else: keepalive ends its calls, no later ones are lost, hedged ones not at all | [`partition::replies_vanish`] |
#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    missing_debug_implementations,
    reason = "tests: what they do not expect is a failure, and their names say what they are about"
)]

pub mod announced;
pub mod calls;
pub mod client;
pub mod clocks;
pub mod cluster;
mod kind;
mod link;
mod load;
pub mod partition;
mod peer;
mod proxy;
pub mod random;
pub mod registry;
pub mod server;
mod who;
mod world;

pub use kind::{KINDS, Kind, Site};
pub use link::Link;
pub use load::{Load, Tally};
pub use peer::Peer;
pub use proxy::Proxy;
pub use who::{Who, WhoClient, WhoServer, serve};
pub use world::{Case, World};

use std::time::Duration;

/// What a measured time may be over the promise, beside what the machine kept of it
/// ([`Pulse`](crate::pulse::Pulse)). The suite keeps a machine of two cores busy: a process that is to be
/// started, or woken, waits for its turn.
pub const SLACK: Duration = Duration::from_secs(3);

/// The TTL that servers register with here: short, and all registries grant it.
pub const TTL: Duration = Duration::from_secs(5);

/// The cases, in the order in which they start: the longest first.
pub const CASES: &[Case] = &[
    Case::new("p3_without_a_registry", |w| {
        Box::pin(calls::without_a_registry(w))
    })
    .heavy(),
    Case::new("p10_herd", |w| Box::pin(client::herd(w))),
    Case::new("p5_random", |w| {
        Box::pin(random::cache_is_what_is_listed(w))
    }),
    Case::new("p1_killed_and_wiped", |w| {
        Box::pin(registry::killed_and_wiped(w))
    }),
    Case::new("p4_registry_paused", |w| {
        Box::pin(calls::registry_paused(w))
    }),
    Case::new("p4_link_cut", |w| Box::pin(calls::link_cut(w))),
    Case::new("p8_restarted_at_once", |w| {
        Box::pin(server::restarted_at_once(w))
    }),
    Case::new("p3_slow_registry", |w| Box::pin(calls::slow_registry(w))),
    Case::new("p6_rolling_after_outage", |w| {
        Box::pin(calls::rolling_restart_after_an_outage(w))
    }),
    Case::new("p6_rolling_restart", |w| {
        Box::pin(calls::rolling_restart(w))
    }),
    Case::new("p9_paused", |w| Box::pin(server::paused(w))),
    Case::new("p7_history_lost", |w| {
        Box::pin(client::paused_while_history_is_lost(w))
    }),
    Case::new("p11_cut_off", |w| {
        Box::pin(server::cut_off_while_another_takes_over(w))
    }),
    Case::new("servers_killed", |w| Box::pin(calls::servers_killed(w))),
    Case::new("p7_stale_cursor", |w| Box::pin(client::stale_cursor(w))),
    Case::new("p4_connections_reset", |w| {
        Box::pin(client::connections_reset(w))
    }),
    Case::new("entries_deleted", |w| {
        Box::pin(registry::entries_deleted(w))
    }),
    Case::new("two_at_one_address", |w| {
        Box::pin(server::two_at_one_address(w))
    }),
    Case::new("flapping", |w| Box::pin(server::flapping(w))),
    Case::new("p2_killed", |w| Box::pin(server::killed(w))),
    Case::new("clocks_differ", |w| Box::pin(clocks::clocks_differ(w))),
    Case::new("all_interfaces", |w| Box::pin(announced::all_interfaces(w))),
    Case::new("listed_listens", |w| Box::pin(announced::listed_listens(w))),
];

/// The cases in which the registry is well, and servers are not: with one of them.
pub const SERVER_CASES: &[Case] = &[Case::new("replies_vanish", |w| {
    Box::pin(partition::replies_vanish(w))
})];

/// The cases for several servers that agree.
pub const CLUSTER_CASES: &[Case] = &[
    Case::new("members_killed", |w| Box::pin(cluster::members_killed(w))),
    Case::new("leader_paused", |w| Box::pin(cluster::leader_paused(w))),
    Case::new("no_quorum", |w| Box::pin(cluster::no_quorum(w))),
];
