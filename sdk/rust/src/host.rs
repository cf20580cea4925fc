//! The functions of the host, as the ABI names them (sdk/abi/host.go), behind slices: the only file where a pointer
//! leaves the module.

/// Declares the imports, and for other platforms, where contracts are checked but never run, what stands in for them.
macro_rules! imports {
    ($(fn $name:ident($($arg:ident: $t:ty),*) $(-> $r:ty)?;)*) => {
        #[cfg(target_arch = "wasm32")]
        mod raw {
            #[link(wasm_import_module = "thinkey_1")]
            extern "C" { $(pub fn $name($($arg: $t),*) $(-> $r)?;)* }
        }
        #[cfg(not(target_arch = "wasm32"))]
        mod raw {
            $(pub unsafe fn $name($(_: $t),*) $(-> $r)? { panic!(concat!(stringify!($name), ": a node alone has it")) })*
        }
    };
}

imports! {
    fn context(dst: *mut u8);
    fn method(dst: *mut u8, cap: usize) -> usize;
    fn input(dst: *mut u8, cap: usize) -> usize;
    fn parts() -> u32;
    fn part(index: u32, dst: *mut u8, cap: usize) -> usize;
    fn balance(dst: *mut u8);
    fn gas() -> u64;
    fn read(key: *const u8, key_length: usize, dst: *mut u8, cap: usize) -> i32;
    fn write(key: *const u8, key_length: usize, value: *const u8, value_length: usize);
    fn next(prefix: *const u8, prefix_length: usize, after: *const u8, after_length: usize, dst: *mut u8, cap: usize) -> i32;
    fn send(to: *const u8, method: *const u8, method_length: usize, amount: *const u8, gas: u64, input: *const u8, length: usize);
    fn deploy(code: *const u8, salt: *const u8, amount: *const u8, gas: u64, input: *const u8, length: usize, dst: *mut u8);
    fn set_code(code: *const u8);
    fn event(topic: *const u8, topic_length: usize, body: *const u8, body_length: usize);
    fn log(text: *const u8, length: usize);
    fn reply(bytes: *const u8, length: usize);
    fn fail(reason: *const u8, length: usize);
    fn random(dst: *mut u8) -> i32;
    fn sha256(bytes: *const u8, length: usize, dst: *mut u8);
    fn blake2b(bytes: *const u8, length: usize, dst: *mut u8);
    fn ed25519_verify(key: *const u8, signature: *const u8, message: *const u8, length: usize) -> i32;
    fn bls_verify(key: *const u8, signature: *const u8, message: *const u8, length: usize) -> i32;
}

use crate::message::Context;
use core::mem::MaybeUninit;

pub fn context(dst: &mut MaybeUninit<Context>) {
    unsafe { raw::context(dst.as_mut_ptr() as *mut u8) }
}

/// The whole length of the name; only what fits is written.
pub fn method(dst: &mut [u8]) -> usize {
    unsafe { raw::method(dst.as_mut_ptr(), dst.len()) }
}

/// As `method`. dst is memory that nobody has read.
pub fn input(dst: *mut u8, cap: usize) -> usize {
    unsafe { raw::input(dst, cap) }
}

/// How many messages are handled as one.
pub fn parts() -> u32 {
    unsafe { raw::parts() }
}

/// As `input`, of one of them.
pub fn part(index: u32, dst: *mut u8, cap: usize) -> usize {
    unsafe { raw::part(index, dst, cap) }
}

pub fn balance() -> u128 {
    let mut v = [0; 16];
    unsafe { raw::balance(v.as_mut_ptr()) };
    u128::from_le_bytes(v)
}

pub fn gas() -> u64 {
    unsafe { raw::gas() }
}

/// The whole length of the entry's value, or -1 if there is none.
pub fn read(key: &[u8], dst: *mut u8, cap: usize) -> i32 {
    unsafe { raw::read(key.as_ptr(), key.len(), dst, cap) }
}

pub fn write(key: &[u8], value: &[u8]) {
    unsafe { raw::write(key.as_ptr(), key.len(), value.as_ptr(), value.len()) }
}

/// As `read`, for the first key with prefix that is greater than after.
pub fn next(prefix: &[u8], after: &[u8], dst: *mut u8, cap: usize) -> i32 {
    unsafe { raw::next(prefix.as_ptr(), prefix.len(), after.as_ptr(), after.len(), dst, cap) }
}

pub fn send(to: &[u8; 24], method: &str, amount: u128, gas: u64, input: &[u8]) {
    let amount = amount.to_le_bytes();
    unsafe { raw::send(to.as_ptr(), method.as_ptr(), method.len(), amount.as_ptr(), gas, input.as_ptr(), input.len()) }
}

pub fn deploy(code: &[u8; 32], salt: &[u8; 32], amount: u128, gas: u64, input: &[u8]) -> [u8; 24] {
    let (mut made, amount) = ([0; 24], amount.to_le_bytes());
    unsafe { raw::deploy(code.as_ptr(), salt.as_ptr(), amount.as_ptr(), gas, input.as_ptr(), input.len(), made.as_mut_ptr()) };
    made
}

pub fn set_code(code: &[u8; 32]) {
    unsafe { raw::set_code(code.as_ptr()) }
}

pub fn event(topic: &str, body: &[u8]) {
    unsafe { raw::event(topic.as_ptr(), topic.len(), body.as_ptr(), body.len()) }
}

pub fn log(text: &[u8]) {
    unsafe { raw::log(text.as_ptr(), text.len()) }
}

pub fn reply(bytes: &[u8]) {
    unsafe { raw::reply(bytes.as_ptr(), bytes.len()) }
}

pub fn fail(reason: &[u8]) -> ! {
    unsafe { raw::fail(reason.as_ptr(), reason.len()) };
    trap() // the host doesn't return from fail
}

/// Ends the handling without a reason.
pub fn trap() -> ! {
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable();
    #[cfg(not(target_arch = "wasm32"))]
    panic!("trap");
}

pub fn random(dst: &mut [u8; 32]) -> bool {
    unsafe { raw::random(dst.as_mut_ptr()) != 0 }
}

pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    unsafe { raw::sha256(bytes.as_ptr(), bytes.len(), hash.as_mut_ptr()) };
    hash
}

pub fn blake2b(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    unsafe { raw::blake2b(bytes.as_ptr(), bytes.len(), hash.as_mut_ptr()) };
    hash
}

pub fn ed25519_verify(key: &[u8; 32], signature: &[u8; 64], message: &[u8]) -> bool {
    unsafe { raw::ed25519_verify(key.as_ptr(), signature.as_ptr(), message.as_ptr(), message.len()) != 0 }
}

pub fn bls_verify(key: &[u8; 96], signature: &[u8; 48], message: &[u8]) -> bool {
    unsafe { raw::bls_verify(key.as_ptr(), signature.as_ptr(), message.as_ptr(), message.len()) != 0 }
}
