//! Picks the winner of a lot over all its auctioneers. They report their best bids with the money; it holds the highest and gives
//! the others back at once. When all have reported, or those that did not have had time enough, the money goes to the collector
//! with the winner's name.
//!
//! ```text
//! open ─► deciding ─► decided ─(sold, unsold failed)─► telling ─decide─► decided
//!                        '─────(sold refused)────────► refused ─decide─► decided (the bid is given back)
//! ```

#![no_std]

use thinkey::*;

#[path = "../../protocol.rs"]
mod protocol;
use protocol::*;

value! {
    /// What every handling reads: for how many milliseconds behind the end of a sale auctioneers are waited for.
    pub struct Recorder {
        grace: u64,
    }

    /// A lot with the best bid reported.
    pub struct Sale {
        reserve: Amount,
        end: u64,
        best: Held,
        stalls: Vec<Stall>,
    }

    /// An auctioneer's part in a sale. It is done when it has reported.
    pub struct Stall {
        auctioneer: Address,
        done: bool,
    }
}

// The stages of a lot. The money of the best bid is here in all but DECIDED.
const DECIDING: u8 = 1;
const DECIDED: u8 = 2;
const TELLING: u8 = 3;
const REFUSED: u8 = 4;

// All lots that were ever opened, and their stages. They stay: a round is sold once. A stage stands by itself so that the hook
// for bounces has a byte to change, which takes no deposit as it is there already.
const SALES: Map<Lot, Sale> = Map::new("sales");
const STAGES: Map<Lot, u8> = Map::new("stages");

contract! {
    name: "recorder";
    state: Recorder;
    init { init(grace: u64) payable; }
    handle {
        /// Opens a sale of the sender's.
        open(kitten: String, round: u64, reserve: Amount, end: u64, auctioneers: Vec<Address>) payable;
        /// Takes an auctioneer's best bid, with its money.
        report(lot: Lot, bidder: Address, tell: bool) payable;
        /// Goes on with a sale that waits. From anybody.
        decide(lot: Lot) payable;
        /// Lets the auctioneers of a sale of the sender's report now.
        finish(kitten: String, round: u64) payable;
        /// Ends a sale of the sender's without a winner.
        cancel(kitten: String, round: u64) payable;
    }
    query {
        sale(lot: Lot) -> (reserve: Amount, end: u64, best: Held, stalls: Vec<Stall>);
        stage(lot: Lot) -> (stage: u8);
    }
    events { decided(lot: Lot, winner: Address, price: Amount); }
    types { Lot, Held, Stall }
    bounce: bounced;
}

impl Recorder {
    fn init(grace: u64) -> Recorder {
        Recorder { grace }
    }

    /// May be said by anybody: the sale is the sender's, and its end is told to the sender.
    fn open(&mut self, kitten: String, round: u64, reserve: Amount, end: u64, auctioneers: Vec<Address>) {
        let (n, long) = (auctioneers.len(), kitten.len());
        require!((1..=MAX_AUCTIONEERS).contains(&n), n, " auctioneers: 1 to ", MAX_AUCTIONEERS, " may sell a lot");
        require!(long <= MAX_NAME, "a kitten's name of ", long, " bytes: ", MAX_NAME, " are the most");
        let lot = Lot { collector: context().sender, kitten, round };
        require!(SALES.get(&lot).is_none(), "round ", round, " of \"", lot.kitten, "\" was opened before");
        let mut stalls: Vec<Stall> = Vec::with_capacity(n);
        for auctioneer in auctioneers {
            require!(stalls.iter().all(|s| s.auctioneer != auctioneer), "auctioneer ", auctioneer, " is named twice");
            stalls.push(Stall { auctioneer, done: false });
            ToAuctioneer(auctioneer).offer(lot.clone(), reserve, end).send(OFFER_GAS);
        }
        SALES.set(&lot, &Sale { reserve, end, best: Held::default(), stalls });
        STAGES.set(&lot, &DECIDING);
        free()
    }

    /// An auctioneer's best bid, with its money. What is late is given back; what comes first wins among equals.
    fn report(&mut self, lot: Lot, bidder: Address, tell: bool) {
        let mut sale = find(&lot);
        let sender = context().sender;
        match sale.stalls.iter_mut().find(|s| s.auctioneer == sender && !s.done) {
            Some(stall) => stall.done = true,
            None => refuse!(sender, " has nothing to report of \"", lot.kitten, "\""),
        }
        let bid = Held::brought(bidder, tell);
        // It could not be given back, and would stand in the way of others.
        require!(bidder.chain() != 0 || bid.amount == 0, "a bid of ", bid.amount, " by nobody");
        let open = stage_of(&lot) == DECIDING;
        if open && bid.amount >= sale.reserve && bid.amount > sale.best.amount {
            sale.best.give_back(&lot, bid.amount);
            sale.best = bid;
        } else {
            bid.give_back(&lot, sale.best.amount);
        }
        SALES.set(&lot, &sale);
        if open && sale.stalls.iter().all(|s| s.done) {
            sale.decide(lot);
        }
    }

    /// Lets anybody go on with what waits: for auctioneers that don't report, or for a collector that didn't get the end.
    fn decide(&mut self, lot: Lot) {
        let sale = find(&lot);
        let now = context().time;
        match stage_of(&lot) {
            DECIDING => {
                let late = now >= sale.end && now - sale.end >= self.grace;
                require!(late, "auctioneers may report until ", self.grace, " ms behind ", sale.end, ", and it is ", now);
                sale.decide(lot)
            }
            TELLING => sale.tell(lot),
            REFUSED => sale.withdraw(lot),
            _ => refuse!("the sale of \"", lot.kitten, "\" is decided"),
        }
        free()
    }

    /// Lets all auctioneers report now.
    fn finish(&mut self, kitten: String, round: u64) {
        let (lot, sale) = own(kitten, round);
        for stall in sale.stalls.iter().filter(|s| !s.done) {
            ToAuctioneer(stall.auctioneer).close(lot.clone()).send(CLOSE_GAS);
        }
    }

    /// Ends the sale with nobody for a winner.
    fn cancel(&mut self, kitten: String, round: u64) {
        let (lot, sale) = own(kitten, round);
        sale.withdraw(lot)
    }

    /// Notes that the end didn't arrive: the price, if there is one, is here again. decide goes on from there. Nothing is sent
    /// here: that takes more gas than a bounce brings. Of others, such as an outcome that its bidder didn't want, nothing follows.
    fn bounced(&mut self, b: &Bounce) {
        let (lot, if_refused) = match b.method {
            "sold" => (decode::<Named>(b.input, "not a sold of ours").lot, &REFUSED),
            "unsold" => (decode(b.input, "not an unsold of ours"), &DECIDED),
            _ => return,
        };
        STAGES.set(&lot, if passing(b.status) { &TELLING } else { if_refused });
    }

    fn sale(&self, lot: Lot) -> (Amount, u64, Held, Vec<Stall>) {
        let s = find(&lot);
        (s.reserve, s.end, s.best, s.stalls)
    }

    fn stage(&self, lot: Lot) -> u8 {
        stage_of(&lot)
    }
}

impl Sale {
    /// Gives the best bid back and decides for nobody.
    fn withdraw(mut self, lot: Lot) {
        self.best.give_back(&lot, 0);
        self.best = Held::default();
        SALES.set(&lot, &self);
        self.decide(lot)
    }

    /// Ends the sale: auctioneers that were waited for give back what they have.
    fn decide(self, lot: Lot) {
        for stall in self.stalls.iter().filter(|s| !s.done) {
            ToAuctioneer(stall.auctioneer).recall(lot.clone()).send(RECALL_GAS);
        }
        event::decided(lot.clone(), self.best.bidder, self.best.amount);
        self.tell(lot)
    }

    /// Sends the end of the sale to the collector, and the price with it.
    fn tell(self, lot: Lot) {
        STAGES.set(&lot, &DECIDED);
        let collector = ToCollector(lot.collector);
        if self.best.amount == 0 {
            return collector.unsold(lot).send(UNSOLD_GAS);
        }
        collector.sold(lot, self.best.bidder, self.best.tell).with(self.best.amount).send(SOLD_GAS)
    }
}

/// The sender's sale that is not decided yet.
fn own(kitten: String, round: u64) -> (Lot, Sale) {
    let lot = Lot { collector: context().sender, kitten, round };
    let sale = find(&lot);
    require!(stage_of(&lot) == DECIDING, "the sale of \"", lot.kitten, "\" is decided");
    free();
    (lot, sale)
}

fn find(lot: &Lot) -> Sale {
    match SALES.get(lot) {
        Some(sale) => sale,
        None => refuse!("round ", lot.round, " of \"", lot.kitten, "\" was never opened here"),
    }
}

fn stage_of(lot: &Lot) -> u8 {
    STAGES.get(lot).unwrap_or_default()
}
