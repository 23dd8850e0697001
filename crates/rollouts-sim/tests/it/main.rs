//! The simulator as a client meets it.

mod ask;
mod blue_green;
mod client;
mod cluster;
mod journal;
