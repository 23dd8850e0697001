//! The simulator as a client meets it.

mod api;
mod apply;
mod ask;
mod blue_green;
mod client;
mod cluster;
mod variations;
mod journal;
mod random;
