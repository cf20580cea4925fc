//! Contracts for Thinkey, in Rust. A contract is the code of an account: it handles one message at a time, alone, and
//! what it wrote and sent counts only if it succeeds.
//!
//! ```ignore
//! #![no_std]
//! use thinkey::*;
//!
//! value! { pub struct Counter { value: u64 } }
//!
//! contract! {
//!     name: "counter";
//!     state: Counter;
//!     init { new(start: u64); }
//!     handle { increase(by: u64); }
//!     query { value() -> (value: u64); }
//! }
//!
//! impl Counter {
//!     fn new(start: u64) -> Counter { Counter { value: start } }
//!     fn increase(&mut self, by: u64) { self.value += by; }
//!     fn value(&self) -> u64 { self.value }
//! }
//! ```
//!
//! Reading order: `contract.rs` (the macro: which functions are what), `codec.rs` (how values are encoded), `message.rs`
//! (who sent what, sending, deploying), `storage.rs`, `refusal.rs`, `types.rs`; then `host.rs`, `memory.rs`, `schema.rs`,
//! which need no reading to write a contract.
//!
//! What must hold:
//!
//! * R1  A value has one encoding: what `Value::read` accepts is what `Encode::write` wrote, and nothing stands behind it.
//! * R2  A handling that can't go on ends in the host (`refuse!`, a trap), never in a value that may be overlooked.
//! * R3  Memory is given back by `lend` alone: the image is fresh for every message, so nothing outlives it.
//! * R4  Nothing here depends on floats, threads, time or addresses in memory.
//!
//! It is not a runtime: nothing stays in memory between two messages but what was written to storage.

#![no_std]

extern crate alloc;

pub use alloc::string::String;
pub use alloc::vec::Vec;

mod codec;
mod contract;
mod host;
mod memory;
mod message;
mod refusal;
#[doc(hidden)]
pub mod schema;
mod storage;
mod types;

pub use codec::{decode, encode, Encode, Reader, Value, Writer};
#[doc(hidden)]
pub use contract::entry;
pub use message::{balance, gas, log};
pub use message::{context, deploy, emit, random, set_code, Bounce, Call, Context, Deployment};
pub use refusal::{refuse, Outcome, Reason, Say, Text};
pub use storage::{Entry, Map};
pub use types::{blake2b, bls_verify, ed25519_verify, sha256, Address, Amount, Hash};
