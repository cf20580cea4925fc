//! The account's storage: the state, which is one entry and loaded and stored around every handling; single entries; and
//! maps. Keys are those of the SDK for Go, so one tool reads the storage of both.

use crate::memory::Global;
use crate::{codec, host, memory, Encode, Value};
use core::cell::UnsafeCell;
use core::marker::PhantomData;

/// The key of the state. Others are a name, a zero, and what tells the entries of a map from one another.
pub(crate) const STATE: &[u8] = b"\0";

const FOREIGN: &str = "the storage holds what this code did not write";

/// The bytes at key, if there is an entry.
fn bytes(key: &[u8]) -> Option<&'static [u8]> {
    let (at, room) = memory::free();
    let n = host::read(key, at, room);
    if n < 0 {
        return None;
    }
    Some(memory::keep(n as usize))
}

/// The value at key, if there is an entry.
fn fetch<V: Value>(key: &[u8]) -> Option<V> {
    bytes(key).map(|b| codec::decode(if V::LEAST == 0 { &[] } else { b }, FOREIGN))
}

/// The state as it was loaded.
static LOADED: Global<&[u8]> = Global(UnsafeCell::new(&[]));

/// The state, if there is one. A struct without fields is there always.
pub(crate) fn load<S: Value>() -> Option<S> {
    let loaded = if S::LEAST == 0 { Some(&[][..]) } else { bytes(STATE) };
    loaded.map(|b| {
        unsafe { *LOADED.0.get() = b };
        codec::decode(b, FOREIGN)
    })
}

/// Stores the state, if it is another one now.
pub(crate) fn store<S: Value>(state: &S) {
    codec::lend(state, |b| {
        if b != unsafe { *LOADED.0.get() } {
            host::write(STATE, b)
        }
    })
}

/// Says whether there is an entry at key.
pub(crate) fn holds(key: &[u8]) -> bool {
    let (at, _) = memory::free();
    host::read(key, at, 0) >= 0
}

fn put<V: Encode>(key: &[u8], value: &V) {
    codec::lend(value, |b| {
        host::write(key, if b.is_empty() { &[1] } else { b }) // an entry without a byte would be none
    });
}

/// One value beside the state, read and written only when it is used.
///
/// ```ignore
/// const RULES: Entry<Rules> = Entry::new("rules");
/// ```
pub struct Entry<V>(Map<(), V>);

impl<V: Value> Entry<V> {
    /// The entry of that name. Names of entries and maps differ and have no zero byte.
    pub const fn new(name: &'static str) -> Entry<V> {
        Entry(Map::new(name))
    }

    /// The value, if there is one.
    pub fn get(&self) -> Option<V> {
        fetch(self.0.prefix())
    }

    /// Sets the value.
    pub fn set(&self, v: &V) {
        put(self.0.prefix(), v)
    }

    /// Removes the value.
    pub fn remove(&self) {
        host::write(self.0.prefix(), &[])
    }
}

/// Values by key, an entry each, in the order of the encoded keys: numbers ascending, strings by bytes.
///
/// ```ignore
/// const BIDS: Map<Address, Amount> = Map::new("bids");
/// ```
pub struct Map<K, V> {
    name: &'static str,
    of: PhantomData<(K, V)>,
}

impl<K, V> Map<K, V> {
    /// The map of that name. Names of entries and maps differ and have no zero byte.
    pub const fn new(name: &'static str) -> Map<K, V> {
        let bytes = name.as_bytes();
        let mut i = 0;
        while i < bytes.len() {
            assert!(bytes[i] != 0, "a name of a map or an entry has no zero byte");
            i += 1;
        }
        Map { name, of: PhantomData }
    }

    fn prefix(&self) -> &'static [u8] {
        let name = self.name.as_bytes();
        let bytes = memory::keep(name.len() + 1);
        bytes[..name.len()].copy_from_slice(name);
        bytes[name.len()] = 0;
        bytes
    }
}

impl<K: Value, V: Value> Map<K, V> {
    /// The value of k, if it has one.
    pub fn get(&self, k: &K) -> Option<V> {
        fetch(self.key(k))
    }

    /// Sets the value of k.
    pub fn set(&self, k: &K, v: &V) {
        put(self.key(k), v)
    }

    /// Removes k.
    pub fn remove(&self, k: &K) {
        host::write(self.key(k), &[])
    }

    /// The first key after that one, or the first of all. There is no other way through a map than from key to key, as
    /// each step costs gas.
    pub fn next(&self, after: Option<&K>) -> Option<K> {
        let prefix = self.prefix();
        let after = after.map_or(&[][..], |k| self.key(k));
        let (at, room) = memory::free();
        let n = host::next(prefix, after, at, room);
        if n < 0 {
            return None;
        }
        let own = &memory::keep(n as usize)[prefix.len()..];
        if !K::TEXT {
            return Some(codec::decode(own, FOREIGN));
        }
        let counted = memory::keep(4 + own.len());
        counted[..4].copy_from_slice(&(own.len() as u32).to_be_bytes());
        counted[4..].copy_from_slice(own);
        Some(codec::decode(counted, FOREIGN))
    }

    /// The prefix and the encoding of k; a string without its length, so that strings are in their order.
    fn key(&self, k: &K) -> &'static [u8] {
        let prefix = self.prefix();
        let skip = if K::TEXT { 4 } else { 0 };
        let bytes = memory::keep(prefix.len() + k.size() - skip);
        bytes[..prefix.len()].copy_from_slice(prefix);
        codec::lend(k, |b| bytes[prefix.len()..].copy_from_slice(&b[skip..]));
        bytes
    }
}
