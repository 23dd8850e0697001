//! The simulator as a client meets it.

mod api;
mod apply;
mod ask;
mod blue_green;
mod client;
mod cluster;
mod journal;
mod random;
mod variations;
