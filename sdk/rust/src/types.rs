//! Address, Amount, Hash, and the host's functions over them.

use crate::host;

/// A sum of the native token, or of a token of one's own, in its smallest unit.
pub type Amount = u128;

/// An account (SPEC 1.2): the chain it was made on, and the start of a hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[repr(transparent)]
pub struct Address(pub [u8; 24]);

/// 32 bytes: a hash, the id of a message, a code, a salt.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[repr(transparent)]
pub struct Hash(pub [u8; 32]);

impl Address {
    /// The number of the chain that the account was made on.
    pub fn chain(&self) -> u32 {
        u32::from_be_bytes([self.0[0], self.0[1], self.0[2], self.0[3]])
    }

    /// The address of the account that creator makes on its own chain with salt and code. Its bytes are those of
    /// MadeAddress in sdk/chain/address.go: a hash with the tag 4 before it.
    #[inline(never)]
    pub fn made(creator: &Address, salt: &Hash, code: &Hash) -> Address {
        let mut b = [0; 1 + 24 + 32 + 32];
        b[0] = 4;
        b[1..25].copy_from_slice(&creator.0);
        b[25..57].copy_from_slice(&salt.0);
        b[57..].copy_from_slice(&code.0);
        let hash = host::sha256(&b);
        let mut made = *creator;
        made.0[4..].copy_from_slice(&hash[..20]);
        made
    }
}

/// SHA-256 of bytes.
pub fn sha256(bytes: &[u8]) -> Hash {
    Hash(host::sha256(bytes))
}

/// BLAKE2b-256 of bytes.
pub fn blake2b(bytes: &[u8]) -> Hash {
    Hash(host::blake2b(bytes))
}

/// Says whether signature is key's over message, of at most 64 KiB.
pub fn ed25519_verify(key: &[u8; 32], signature: &[u8; 64], message: &[u8]) -> bool {
    host::ed25519_verify(key, signature, message)
}

/// Says whether signature (in G1) is key's (in G2) over message, of at most 64 KiB.
pub fn bls_verify(key: &[u8; 96], signature: &[u8; 48], message: &[u8]) -> bool {
    host::bls_verify(key, signature, message)
}
