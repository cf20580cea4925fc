//! A contract of no use that uses everything the SDK has, so that contracts/wasm/rust_sampler_test.go can hold it to the
//! ABI: every type, maps, merged messages, deploying, the bounce hook; and work that takes time (work.rs).

#![no_std]

mod work;

use thinkey::*;

value! {
    #[derive(Default)]
    pub struct Tally {
        total: u64,
        last: Hash,
    }

    pub struct Item {
        name: String,
        owner: Option<Address>,
    }

    pub struct Every {
        a: u8,
        b: u16,
        c: u32,
        d: u64,
        e: i64,
        f: Amount,
        g: bool,
        h: Address,
        i: Hash,
        j: Vec<u8>,
        k: String,
        l: Vec<Item>,
        m: Option<Vec<u16>>,
    }
}

const WORDS: Map<String, u32> = Map::new("words");
const NUMBERS: Map<u64, Item> = Map::new("numbers");
const SEEN: Entry<bool> = Entry::new("seen");

contract! {
    name: "sampler";
    state: Tally;
    handle {
        /// Adds n; says "so" in an event.
        increase(n: u64) payable;
        put(word: String, n: u32);
        number(n: u64, item: Item);
        drop(word: String);
        spawn(code: Hash, salt: Hash, gas: u64) payable;
        grow(bytes: u32);
        idle();
        check(negative: i64);
        upgrade(code: Hash);
    }
    merge {
        increase(n: u64) payable = sum;
    }
    query {
        echo(value: Every) -> (value: Every);
        total() -> (total: u64, last: Hash);
        words() -> (words: Vec<String>);
        numbers(after: Option<u64>) -> (numbers: Vec<u64>);
        seen() -> (seen: Option<bool>);
        facts() -> (account: Address, sender: Address, network: Hash, code: Hash, height: u64, time: u64, chain: u32, kind: u32);
        sums(text: Vec<u8>) -> (sha256: Hash, blake2b: Hash, random: bool);
        verify(key: Hash, first: Hash, second: Hash, message: Vec<u8>) -> (good: bool);
        /// Does work that takes time: one of four kinds.
        work(kind: u32, rounds: u32) -> (sum: u64);
    }
    events {
        added(n: u64, coins: Amount, balance: Amount);
        spawned(account: Address);
    }
    types { Every, Item }
    bounce: back;
}

fn sum(a: (u64,), b: (u64,)) -> (u64,) {
    (a.0 + b.0,)
}

impl Tally {
    fn increase(&mut self, n: u64) {
        self.total += n;
        event::added(n, context().amount, balance());
    }

    fn put(&mut self, word: String, n: u32) -> Result<(), &'static str> {
        if word.is_empty() {
            return Err("a word has letters");
        }
        WORDS.set(&word, &(WORDS.get(&word).unwrap_or(0) + n));
        SEEN.set(&true);
        Ok(())
    }

    fn number(&mut self, n: u64, item: Item) {
        NUMBERS.set(&n, &item);
    }

    fn drop(&mut self, word: String) {
        WORDS.remove(&word);
        SEEN.remove();
    }

    fn spawn(&mut self, code: Hash, salt: Hash, gas: u64) {
        let new = Deployment { code, salt, amount: context().amount, gas };
        let made = deploy(&new, &(7u16, "for the new one"));
        require!(made == Address::made(&context().account, &salt, &code), "another address: ", made);
        event::spawned(made);
        log("spawned");
    }

    fn grow(&mut self, bytes: u32) {
        let mut v: Vec<u8> = Vec::new();
        for i in 0..bytes {
            v.push(i as u8);
        }
        require!(v.iter().enumerate().all(|(i, b)| *b == i as u8), "memory that two own");
    }

    fn idle(&mut self) {}

    fn check(&mut self, negative: i64) {
        refuse!("no: ", negative, ", ", 0u8, ", ", u64::MAX, ", ", context().account, ", ", String::from("text"));
    }

    fn upgrade(&mut self, code: Hash) {
        set_code(&code);
    }

    fn back(&mut self, b: &Bounce) {
        self.last = b.message;
        log(b.method);
        log(b.reason);
        self.total += b.status as u64 + b.input.len() as u64;
    }

    fn echo(&self, value: Every) -> Every {
        value
    }

    fn total(&self) -> (u64, Hash) {
        (self.total, self.last)
    }

    fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        while let Some(w) = WORDS.next(words.last()) {
            words.push(w);
        }
        words
    }

    fn numbers(&self, after: Option<u64>) -> Vec<u64> {
        let mut numbers = Vec::new();
        let mut last = after;
        while let Some(n) = NUMBERS.next(last.as_ref()) {
            require!(NUMBERS.get(&n).is_some(), "a key without a value");
            numbers.push(n);
            last = Some(n);
        }
        numbers
    }

    fn seen(&self) -> Option<bool> {
        SEEN.get()
    }

    fn facts(&self) -> (Address, Address, Hash, Hash, u64, u64, u32, u32) {
        let c = context();
        (c.account, c.sender, c.network, c.code, c.height, c.time, c.chain, c.kind)
    }

    fn sums(&self, text: Vec<u8>) -> (Hash, Hash, bool) {
        (sha256(&text), blake2b(&text), random().is_some())
    }

    fn verify(&self, key: Hash, first: Hash, second: Hash, message: Vec<u8>) -> bool {
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&first.0);
        signature[32..].copy_from_slice(&second.0);
        ed25519_verify(&key.0, &signature, &message)
    }

    fn work(&self, kind: u32, rounds: u32) -> u64 {
        work::work(kind, rounds)
    }
}
