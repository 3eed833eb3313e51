//! The client against a server of a few lines, over pipes and sockets.

mod bounds;
mod calls;
mod cancel;
mod close;
mod deadline;
mod delivery;
mod hostile;
mod http_connect;
mod places;
mod reconnect;
mod server;
