//! Interim.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use gobrpc_client::{Caller, Client, Error};
use gobrpc_protocol::{Exchange, Request};
use gobrpc_registry::Watch;

#[derive(Clone)]
pub(crate) struct Balanced(Arc<Mutex<State>>);

struct State {
    clients: BTreeMap<String, Client>,
    next: usize,
}

impl Balanced {
    pub(crate) fn new(mut watch: Watch) -> Self {
        let state = Arc::new(Mutex::new(State {
            clients: BTreeMap::new(),
            next: 0,
        }));
        let fill = |state: &Mutex<State>, set: &gobrpc_registry::ServiceSet| {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            let urls: Vec<String> = set.iter().map(|entry| entry.url()).collect();
            state.clients.retain(|url, client| {
                let stays = urls.contains(url);
                if !stays {
                    client.retire();
                }
                stays
            });
            for url in urls {
                let client = Client::connect(&url);
                state.clients.entry(url).or_insert(client);
            }
        };
        if let Some(set) = watch.current() {
            fill(&state, &set);
        }
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            loop {
                let event = watch.next().await;
                fill(&shared, event.all());
            }
        });
        Self(state)
    }
}

impl Caller for Balanced {
    fn start(&self, request: Request) -> Exchange {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.next += 1;
        let count = state.clients.len().max(1);
        match state.clients.values().nth(state.next % count) {
            Some(client) => client.start(request),
            None => Exchange::ready(Err(Error::unavailable("no endpoint"))),
        }
    }
}

impl fmt::Debug for Balanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Balanced")
    }
}
