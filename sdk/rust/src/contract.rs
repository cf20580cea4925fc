//! The macro that makes functions a contract: entries, dispatch by the name of the method, decoding, state, schema.

/// Declares a contract: which functions of the state's type are its methods. The functions themselves are plain Rust.
///
/// ```ignore
/// contract! {
///     name: "auction";
///     state: Auction;                           // a value!; one entry, loaded before and stored after every handling
///     init { open(lot: u64) payable; }          // fn open(lot: u64) -> Auction; without init: Auction::default()
///     handle {
///         /// Bids what came with the message.  // comments go into the schema
///         bid() payable;                        // fn bid(&mut self); coins are refused unless it is payable
///     }
///     merge { give(n: u64) = sum; }             // several messages of give as one: fn sum(a: (u64,), b: (u64,)) -> (u64,)
///     query { best() -> (by: Address, amount: Amount); }  // fn best(&self) -> (Address, Amount); one value: plain
///     events { outbid(by: Address); }           // event::outbid(address)
///     types { Lot, Bid }                        // structs that inputs, outputs and events use
///     bounce: back;                             // fn back(&mut self, b: &Bounce): a message of mine failed
/// }
/// ```
///
/// Messages that are merged have no sender, and it must not matter how they are grouped (SPEC 9.3).
///
/// A method can't have the name of a message that every account understands without code (SPEC 1.3): add, bounce, call,
/// deploy, publish, refund, setcode, transfer.
///
/// The parts stand in this order; what a contract has not is left out, but for name, state and handle. A function may
/// return a Result whose error, a text, refuses the message, or use `refuse!`. Up to eight fields each.
#[macro_export]
macro_rules! contract {
    (
        name: $name:literal;
        state: $state:ty;
        $(init { $(#[doc = $idoc:literal])* $init:ident($($ia:ident: $it:ty),* $(,)?) $($ipay:ident)?; })?
        handle { $($(#[doc = $hdoc:literal])* $h:ident($($ha:ident: $ht:ty),* $(,)?) $($hpay:ident)?;)* }
        $(merge { $($m:ident($($ma:ident: $mt:ty),* $(,)?) $($mpay:ident)? = $fold:path;)+ })?
        $(query { $($(#[doc = $qdoc:literal])* $q:ident($($qa:ident: $qt:ty),* $(,)?) -> ($($o:ident: $ot:ty),* $(,)?);)* })?
        $(events { $($e:ident($($ea:ident: $et:ty),* $(,)?);)* })?
        $(types { $($t:ty),* $(,)? })?
        $(bounce: $bounce:ident;)?
    ) => {
        const _: () = {
            use $crate::entry;
            use $crate::schema::{Event, Field, Method, Schema, Type};

            fn load() -> $state {
                $crate::contract!(@load $($init)?)
            }

            #[export_name = "handle"]
            extern "C" fn handle() {
                let message = entry::Message::open();
                $(if message.is("init") {
                    entry::coins($crate::contract!(@payable $($ipay)?));
                    let ($($ia,)*) = message.input(|_r| ($(<$it as $crate::Value>::read(_r),)*));
                    entry::create($crate::Outcome::settle(<$state>::$init($($ia),*)));
                    return;
                })?
                $(if message.is(stringify!($h)) {
                    entry::coins($crate::contract!(@payable $($hpay)?));
                    let ($($ha,)*) = message.input(|_r| ($(<$ht as $crate::Value>::read(_r),)*));
                    let mut state = load();
                    $crate::Outcome::settle(<$state>::$h(&mut state, $($ha),*));
                    entry::store(&state);
                    return;
                })*
                $crate::contract!(@default message $state, $($init)?);
                message.unknown()
            }

            $(#[export_name = "merge"]
            extern "C" fn merge() {
                let message = entry::Message::open();
                $(if message.is(stringify!($m)) {
                    entry::coins($crate::contract!(@payable $($mpay)?));
                    let ($($ma,)*) = message.parts(|_r| ($(<$mt as $crate::Value>::read(_r),)*), $fold);
                    let mut state = load();
                    $crate::Outcome::settle(<$state>::$m(&mut state, $($ma),*));
                    entry::store(&state);
                    return;
                })+
                message.unknown()
            }

            const MERGED: &[&str] = &[$(stringify!($m)),+];

            #[cfg_attr(target_arch = "wasm32", link_section = "thinkey.merge")]
            #[used]
            static MERGE_SECTION: [u8; $crate::schema::names_length(MERGED)] = $crate::schema::names(MERGED);)?

            $(#[export_name = "query"]
            extern "C" fn query() {
                let message = entry::Message::open();
                $(if message.is(stringify!($q)) {
                    let ($($qa,)*) = message.input(|_r| ($(<$qt as $crate::Value>::read(_r),)*));
                    let state = load();
                    let answer: $crate::contract!(@answer $($ot),*) = $crate::Outcome::settle(<$state>::$q(&state, $($qa),*));
                    entry::answer(&answer);
                    return;
                })*
                message.unknown()
            })?

            $(#[export_name = "bounce"]
            extern "C" fn bounce() {
                let message = entry::Message::open();
                let mut state = load();
                message.bounce(|b| $crate::Outcome::settle(<$state>::$bounce(&mut state, b)));
                entry::store(&state);
            })?

            const SCHEMA: Schema = Schema {
                name: $name,
                init: &[$(Method {
                    name: "init", kind: "handle", output: &[], doc: &[$($idoc),*],
                    input: &[$(Field { name: stringify!($ia), of: <$it as $crate::Value>::TYPE }),*],
                })?],
                methods: &[$(Method {
                    name: stringify!($h), kind: "handle", output: &[], doc: &[$($hdoc),*],
                    input: &[$(Field { name: stringify!($ha), of: <$ht as $crate::Value>::TYPE }),*],
                }),*],
                queries: &[$($(Method {
                    name: stringify!($q), kind: "query", doc: &[$($qdoc),*],
                    input: &[$(Field { name: stringify!($qa), of: <$qt as $crate::Value>::TYPE }),*],
                    output: &[$(Field { name: stringify!($o), of: <$ot as $crate::Value>::TYPE }),*],
                }),*)?],
                events: &[$($(Event {
                    topic: stringify!($e),
                    body: &[$(Field { name: stringify!($ea), of: <$et as $crate::Value>::TYPE }),*],
                }),*)?],
                merged: &[$($(stringify!($m)),+)?],
                types: &[$($(<$t as $crate::Value>::TYPE),*)?],
            };

            #[cfg_attr(target_arch = "wasm32", link_section = "thinkey.schema")]
            #[used]
            static SECTION: [u8; SCHEMA.length()] = SCHEMA.render();

            // Without events or types nothing names these.
            type _Used = (Option<Event>, Option<Type>, Option<Field>);
        };

        $(
            /// The contract's events.
            #[allow(dead_code, unused_imports)]
            mod event {
                use super::*;
                $(pub fn $e($($ea: $et),*) { $crate::emit(stringify!($e), &($($ea,)*)) })*
            }
        )?
    };

    (@load) => { entry::state_or_default() };
    (@load $init:ident) => { entry::state() };
    (@default $message:ident $state:ty, $init:ident) => {};
    (@default $message:ident $state:ty,) => {
        if $message.is("init") {
            $message.input(|_| ());
            entry::create(<$state as Default>::default());
            return;
        }
    };
    (@payable) => { false };
    (@payable payable) => { true };
    (@answer $one:ty) => { $one };
    (@answer $($t:ty),*) => { ($($t,)*) };
}

/// What the entries that `contract!` makes are put together from.
#[doc(hidden)]
pub mod entry {
    use crate::storage::STATE;
    use crate::{codec, host, memory, message, refuse, storage};
    use crate::{Bounce, Encode, Reader, Value};

    /// The message to handle.
    pub struct Message {
        method: [u8; 64],
        length: usize,
    }

    impl Message {
        pub fn open() -> Message {
            memory::open();
            message::load();
            let mut method = [0; 64];
            let length = host::method(&mut method);
            Message { method, length }
        }

        #[inline]
        pub fn is(&self, method: &str) -> bool {
            self.length == method.len() && self.method[..method.len()] == *method.as_bytes()
        }

        /// The fields that read takes from the input, which must be all of it (R1).
        #[inline]
        pub fn input<T>(&self, read: impl FnOnce(&mut Reader) -> T) -> T {
            let mut r = Reader::new(whole_input(), "the input is not what this method takes");
            let v = read(&mut r);
            r.done();
            v
        }

        /// The inputs of several messages of the method, made one by fold.
        pub fn parts<T>(&self, read: impl Fn(&mut Reader) -> T, fold: impl Fn(T, T) -> T) -> T {
            let part = |i| {
                let (at, room) = memory::free();
                let n = host::part(i, at, room);
                let mut r = Reader::new(memory::keep(n), "the input is not what this method takes");
                let v = read(&mut r);
                r.done();
                v
            };
            (1..host::parts()).fold(part(0), |sum, i| fold(sum, part(i)))
        }

        pub fn bounce<T>(&self, hook: impl FnOnce(&Bounce) -> T) -> T {
            hook(&Bounce::read(whole_input()))
        }

        pub fn unknown(&self) -> ! {
            refuse("there is no such method")
        }
    }

    fn whole_input() -> &'static [u8] {
        let (at, room) = memory::free();
        let n = host::input(at, room);
        memory::keep(n)
    }

    /// Refuses coins that a method doesn't take: they would stay in an account that has no way to give them back.
    pub fn coins(payable: bool) {
        if !payable && message::context().amount != 0 {
            refuse("this method takes no coins")
        }
    }

    /// The state of a contract that has an init.
    pub fn state<S: Value>() -> S {
        match storage::load() {
            Some(s) => s,
            None => refuse("this account has no state yet: its first message is init"),
        }
    }

    /// The state of one that has none.
    pub fn state_or_default<S: Value + Default>() -> S {
        storage::load().unwrap_or_default()
    }

    /// Stores the first state.
    pub fn create<S: Value>(state: S) {
        if storage::holds(STATE) {
            refuse("this account has a state already")
        }
        store(&state)
    }

    #[inline]
    pub fn store<S: Value>(state: &S) {
        storage::store(state)
    }

    pub fn answer<A: Encode + ?Sized>(answer: &A) {
        codec::lend(answer, host::reply)
    }
}
