//! The simulator as a client meets it.

mod blue_green;
mod client;
mod cluster;
