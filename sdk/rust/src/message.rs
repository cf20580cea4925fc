//! The message that is handled, and what a handling can do beside writing: send, deploy, tell.

use crate::memory::Global;
use crate::{codec, host, Address, Amount, Encode, Hash, Reader, Value};
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;

/// What a handling may know, as the host writes it: the fields and their places are the ABI's (sdk/abi/host.go).
#[repr(C)]
pub struct Context {
    /// This account.
    pub account: Address,
    /// Whom the message comes from; this account itself for one signed with its key; nobody (zeros) for a query
    /// and for several messages as one.
    pub sender: Address,
    /// The coins that came with it; they are in the balance already.
    pub amount: Amount,
    /// The balance when the handling began.
    pub balance: Amount,
    /// The message signed outside from which all this came.
    pub origin: Hash,
    /// The message itself.
    pub message: Hash,
    /// The network: the hash of its genesis.
    pub network: Hash,
    /// The height of the block.
    pub height: u64,
    /// Its time, milliseconds since 1970.
    pub time: u64,
    /// The chain.
    pub chain: u32,
    /// 0: signed with this account's key; 1: sent by an account; 2: a query.
    pub kind: u32,
    /// The hash of the code that runs.
    pub code: Hash,
}

/// As many bytes as the host writes: the fields have no gaps between them.
const _: () = assert!(core::mem::size_of::<Context>() >= 232);

static CONTEXT: Global<MaybeUninit<Context>> = Global(UnsafeCell::new(MaybeUninit::uninit()));

/// Asks the host; an entry does so before anything else.
pub(crate) fn load() -> &'static Context {
    unsafe { host::context(&mut *CONTEXT.0.get()) };
    context()
}

/// What this handling may know.
pub fn context() -> &'static Context {
    unsafe { (*CONTEXT.0.get()).assume_init_ref() }
}

/// The balance now: what was sent is no longer in it.
pub fn balance() -> Amount {
    host::balance()
}

/// The gas that can still be used or sent.
pub fn gas() -> u64 {
    host::gas()
}

/// A message to send. It has the methods' types if it is made by what `interface!` declares.
#[must_use = "nothing is sent before send()"]
pub struct Call<I> {
    to: Address,
    method: &'static str,
    amount: Amount,
    input: I,
}

impl<I: Encode> Call<I> {
    /// A message that calls method at the account to with the input's fields.
    pub fn new(to: Address, method: &'static str, input: I) -> Call<I> {
        Call { to, method, amount: 0, input }
    }

    /// Lets coins travel with it.
    pub fn with(mut self, amount: Amount) -> Call<I> {
        self.amount = amount;
        self
    }

    /// Sends it with so much gas, when the handling has succeeded. What is left of the gas goes back to who paid. If the
    /// message fails, it comes back as a bounce: also if its receiver has not run lately, and loading it takes more (thinkey check).
    pub fn send(self, gas: u64) {
        codec::lend(&self.input, |input| host::send(&self.to.0, self.method, self.amount, gas, input))
    }
}

impl Call<()> {
    /// Gives coins to an account. It takes 10,000 gas and can't fail at an account of a chain that exists.
    pub fn pay(to: Address, amount: Amount) {
        Call::new(to, "add", ()).with(amount).send(10_000)
    }
}

/// Declares the methods of another contract, so that what is sent to it is checked by the compiler.
///
/// ```ignore
/// interface! { pub Seller { bid(lot: u64, price: Amount); } }
/// Seller(address).bid(7, 100).with(100).send(50_000);
/// ```
#[macro_export]
macro_rules! interface {
    ($v:vis $name:ident { $($method:ident($($arg:ident: $t:ty),* $(,)?);)* }) => {
        #[derive(Clone, Copy)]
        $v struct $name(pub $crate::Address);

        #[allow(dead_code)]
        impl $name {
            $(pub fn $method(&self, $($arg: $t),*) -> $crate::Call<($($t,)*)> {
                $crate::Call::new(self.0, stringify!($method), ($($arg,)*))
            })*
        }
    };
}

/// An account to make.
pub struct Deployment {
    /// The hash of its code, which is published.
    pub code: Hash,
    /// Tells it from other accounts that this one makes with the same code.
    pub salt: Hash,
    /// Coins for it; its deposit is taken from them.
    pub amount: Amount,
    /// Gas for its init.
    pub gas: u64,
}

/// Makes an account, whose init gets input; its address is known at once.
pub fn deploy<I: Encode>(new: &Deployment, input: &I) -> Address {
    let mut made = Address::default();
    codec::lend(input, |bytes| made = Address(host::deploy(&new.code.0, &new.salt.0, new.amount, new.gas, bytes)));
    made
}

/// Replaces this account's code, from the next message on.
pub fn set_code(code: &Hash) {
    host::set_code(&code.0)
}

/// Tells the outside something; `event::name(…)` of a contract does it with types.
pub fn emit<B: Encode>(topic: &str, body: &B) {
    codec::lend(body, |bytes| host::event(topic, bytes))
}

/// Says something to who debugs.
pub fn log(text: &str) {
    host::log(text.as_bytes())
}

/// 32 bytes that nobody could foresee and everybody can verify; none if this chain has no beacon.
pub fn random() -> Option<[u8; 32]> {
    let mut b = [0; 32];
    if host::random(&mut b) {
        Some(b)
    } else {
        None
    }
}

/// A message of this account's that failed. The coins that it carried are in the balance again.
pub struct Bounce<'a> {
    /// Its id.
    pub message: Hash,
    /// What it called.
    pub method: &'a str,
    /// How it failed, as in a receipt.
    pub status: u8,
    /// Why, in words.
    pub reason: &'a str,
    /// The first kilobyte of its input.
    pub input: &'a [u8],
}

impl<'a> Bounce<'a> {
    /// Reads what BounceInput of sdk/chain/command.go encodes: the method has a length of one byte.
    pub(crate) fn read(bytes: &'a [u8]) -> Bounce<'a> {
        let mut r = Reader::new(bytes, "not a bounce");
        let message = Hash::read(&mut r);
        let n = u8::read(&mut r) as usize;
        let method = text(r.bytes(n));
        let status = u8::read(&mut r);
        let n = u32::read(&mut r) as usize;
        let reason = text(r.bytes(n));
        let n = u32::read(&mut r) as usize;
        let input = r.bytes(n);
        r.done();
        Bounce { message, method, status, reason, input }
    }
}

/// A name or a reason that isn't UTF-8 is nobody's; it must not stop a hook from taking back what came.
fn text(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or("")
}
