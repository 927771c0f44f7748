//! The control socket: the tool connects and sends patches.
//!
//! Each client has a thread of its own, so that one that says nothing keeps no other waiting; loads
//! are made one after another all the same. A client speaks the frames of [`hot_patch::message`];
//! one that says anything else gets an answer that says so, and is dropped. When the tool goes
//! away, the program listens for the next one.
//!
//! Processes that the program starts inherit the socket's name. One that finds its ancestor
//! listening ends its reloader at once; one that came first is asked by the tool to leave, which
//! knows from the system whom it talks to, and the program, which has waited for its turn, listens.

mod bound;
mod peer;
mod serve;
mod unshared;

pub(super) use serve::run;
