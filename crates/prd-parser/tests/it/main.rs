//! Integration tests; they read the PRD that ships.

mod accounting;
mod dependencies;
mod document;
mod identity;
mod mutation;
mod prd;
mod robust;
mod support;
