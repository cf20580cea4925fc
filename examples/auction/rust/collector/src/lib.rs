//! Knows whose kitten is whose, and takes sellers' requests. A kitten that is for sale is in its custody: the owner can't give it
//! away until the recorder has said how the sale ended. The kitten and the price change hands in one handling.

#![no_std]

use thinkey::*;

#[path = "../../protocol.rs"]
mod protocol;
use protocol::*;

value! {
    /// What every handling reads: whom it believes, and how many auctioneers there are.
    pub struct Collector {
        recorder: Address,
        count: u8,
    }

    /// What it knows of a kitten. Its size never changes. The round is that of the last sale; 0 before the first.
    pub struct Kitten {
        owner: Address,
        round: u64,
        on_sale: bool,
    }
}

const KITTENS: Map<String, Kitten> = Map::new("kittens");
const AUCTIONEERS: Entry<Vec<Address>> = Entry::new("auctioneers");

contract! {
    name: "collector";
    state: Collector;
    init { init(recorder: Address, auctioneers: Vec<Address>) payable; }
    handle {
        /// Makes a kitten of a new name the sender's.
        register(kitten: String) payable;
        /// Gives a kitten of the sender's away.
        give(kitten: String, to: Address) payable;
        /// Puts a kitten of the sender's up for sale.
        sell(kitten: String, reserve: Amount, end: u64) payable;
        /// Ends the sale of a kitten of the sender's now.
        hammer(kitten: String) payable;
        /// Takes a kitten of the sender's out of a sale that is not decided.
        withdraw(kitten: String) payable;
        /// Gives the kitten to the winner and the price to the seller. From the recorder alone.
        sold(lot: Lot, winner: Address, tell: bool) payable;
        /// Leaves the kitten to the seller. From the recorder alone.
        unsold(lot: Lot) payable;
    }
    query { kitten(kitten: String) -> (owner: Address, round: u64, on_sale: bool); }
    events {
        listed(lot: Lot, reserve: Amount, end: u64);
        moved(kitten: String, from: Address, to: Address, price: Amount);
    }
    types { Lot }
    bounce: bounced;
}

impl Collector {
    fn init(recorder: Address, auctioneers: Vec<Address>) -> Collector {
        let count = auctioneers.len();
        require!((1..=MAX_AUCTIONEERS).contains(&count), count, " auctioneers: 1 to ", MAX_AUCTIONEERS, " may sell a kitten");
        AUCTIONEERS.set(&auctioneers);
        Collector { recorder, count: count as u8 }
    }

    /// Makes a kitten the sender's, if nobody has one of that name.
    fn register(&mut self, kitten: String) {
        let n = kitten.len();
        require!((1..=MAX_NAME).contains(&n), "a kitten's name has 1 to ", MAX_NAME, " bytes, not ", n);
        require!(KITTENS.get(&kitten).is_none(), "there is a kitten \"", kitten, "\"");
        KITTENS.set(&kitten, &Kitten { owner: context().sender, round: 0, on_sale: false });
        free()
    }

    fn give(&mut self, kitten: String, to: Address) {
        let k = kept(&kitten);
        KITTENS.set(&kitten, &Kitten { owner: to, ..k });
        event::moved(kitten, k.owner, to, 0);
    }

    /// Takes the kitten into custody and opens a sale.
    fn sell(&mut self, kitten: String, reserve: Amount, end: u64) {
        let mut k = kept(&kitten);
        require!(end > context().time, "the sale would end at ", end, ", and it is ", context().time);
        k.on_sale = true;
        k.round += 1;
        KITTENS.set(&kitten, &k);
        let by = AUCTIONEERS.get().unwrap_or_default();
        let open = ToRecorder(self.recorder).open(kitten.clone(), k.round, reserve, end, by);
        open.send(for_all(self.count, OFFER_GAS));
        event::listed(Lot { collector: context().account, kitten, round: k.round }, reserve, end);
    }

    /// Asks for the end of the sale now, and withdraw for one without a winner. The recorder decides: it may have done so already,
    /// and then its word is under way.
    fn hammer(&mut self, kitten: String) {
        let round = on_sale(&kitten);
        ToRecorder(self.recorder).finish(kitten, round).send(for_all(self.count, CLOSE_GAS));
    }

    fn withdraw(&mut self, kitten: String) {
        let round = on_sale(&kitten);
        ToRecorder(self.recorder).cancel(kitten, round).send(for_all(self.count, RECALL_GAS));
    }

    fn sold(&mut self, lot: Lot, winner: Address, tell: bool) {
        let k = self.ended(&lot);
        let price = context().amount;
        Call::pay(k.owner, price);
        KITTENS.set(&lot.kitten, &Kitten { owner: winner, on_sale: false, ..k });
        event::moved(lot.kitten.clone(), k.owner, winner, price);
        if tell {
            ToBidder(winner).outcome(lot, true, price).send(OUTCOME_GAS);
        }
    }

    fn unsold(&mut self, lot: Lot) {
        let k = self.ended(&lot);
        KITTENS.set(&lot.kitten, &Kitten { on_sale: false, ..k });
        free()
    }

    /// The kitten whose sale the recorder says is over: it is for sale, in that round.
    fn ended(&self, lot: &Lot) -> Kitten {
        let sender = context().sender;
        require!(sender == self.recorder, "only the recorder ", self.recorder, " says how a sale ended, not ", sender);
        let k = find(&lot.kitten);
        let under_way = lot.collector == context().account && k.on_sale && k.round == lot.round;
        require!(under_way, "round ", lot.round, " of \"", lot.kitten, "\" is not under way");
        k
    }

    /// Takes the kitten of a sale that could not be opened out of custody.
    fn bounced(&mut self, b: &Bounce) {
        if b.method != "open" {
            return; // it came too late; the seller sees why
        }
        let open: Open = decode(b.input, "not an open of ours");
        let k = find(&open.kitten);
        KITTENS.set(&open.kitten, &Kitten { on_sale: false, ..k });
    }

    fn kitten(&self, kitten: String) -> (Address, u64, bool) {
        let k = find(&kitten);
        (k.owner, k.round, k.on_sale)
    }
}

fn find(name: &String) -> Kitten {
    match KITTENS.get(name) {
        Some(k) => k,
        None => refuse!("there is no kitten \"", name, "\""),
    }
}

/// A kitten of the sender's.
fn owned(name: &String) -> Kitten {
    let (k, sender) = (find(name), context().sender);
    require!(k.owner == sender, "\"", name, "\" is ", k.owner, "'s, not ", sender, "'s");
    free();
    k
}

/// A kitten that the sender may dispose of.
fn kept(name: &String) -> Kitten {
    let k = owned(name);
    require!(!k.on_sale, "\"", name, "\" is for sale");
    k
}

/// The round of a kitten of the sender's that is for sale.
fn on_sale(name: &String) -> u64 {
    let k = owned(name);
    require!(k.on_sale, "\"", name, "\" is not for sale");
    k.round
}
