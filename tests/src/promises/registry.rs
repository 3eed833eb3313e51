//! The registry itself dies.

use std::time::{Duration, Instant};

use gobrpc_registry::RegistrationState;
use tokio::time::sleep;

use super::world::{entry, registered, until_shown};
use super::{TTL, World};

/// P1, and P7 for a registry that starts over: killed, robbed of its data, away for
/// less and for more than a TTL.
pub async fn killed_and_wiped(world: &mut World) {
    let (servers, client) = (world.registry(), world.registry());
    let mut registrations = Vec::new();
    for port in 1..=3 {
        registrations.push(registered(&servers, entry(port)).await);
    }
    let watch = client.watch("who").unwrap();
    until_shown(&watch, &[1, 2, 3]).await;
    // Revisions, so that those after the wipe are lower ones.
    for weight in 0..20 {
        registrations[0]
            .update(|entry| entry.weight = weight)
            .unwrap();
        sleep(Duration::from_millis(20)).await;
    }
    for away in [Duration::from_millis(300), TTL + Duration::from_secs(2)] {
        world.kill();
        let until = Instant::now() + away;
        while Instant::now() < until {
            assert_eq!(super::world::ports(&watch.current().unwrap()), [1, 2, 3]);
            sleep(Duration::from_millis(20)).await;
        }
        world.restart(true);
        let back = world.until_listed(&[1, 2, 3]).await;
        let promised = TTL / 3 + Duration::from_secs(2);
        world.measured(
            format_args!(
                "without its data, away {:.1} s: all 3 back after",
                away.as_secs_f64()
            ),
            back,
            promised,
        );
        // The client never lost them, and sees what is new: its place in the old
        // history says nothing about the new one.
        let new = registered(&servers, entry(9)).await;
        let heard = Instant::now();
        until_shown(&watch, &[1, 2, 3, 9]).await;
        world.noted(format_args!(
            "a client sees a new server after {:.2} s",
            heard.elapsed().as_secs_f64()
        ));
        new.deregister().await.unwrap();
        until_shown(&watch, &[1, 2, 3]).await;
    }
    for registration in &registrations {
        assert_eq!(registration.state(), RegistrationState::Registered);
        assert_eq!(registration.status().acquisitions, 3);
    }
}

/// Somebody deletes all entries: each server looks after its own, with each renewal or
/// every 30 s at the latest.
pub async fn entries_deleted(world: &mut World) {
    let servers = world.registry();
    let mut registrations = Vec::new();
    for port in 1..=3 {
        registrations.push(registered(&servers, entry(port)).await);
    }
    if !tokio::task::block_in_place(|| world.site.delete_all()) {
        world.noted("nobody can");
        return;
    }
    let back = world.until_listed(&[1, 2, 3]).await;
    world.measured(
        "entries that somebody deleted are back after",
        back,
        TTL / 3 + Duration::from_secs(2),
    );
    for registration in &registrations {
        assert_eq!(registration.status().acquisitions, 2);
    }
}
