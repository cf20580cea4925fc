//! Takes bids for the lots of its recorder. It holds the highest bid and its money, and gives the others back at once. Closed,
//! it reports its bid to the recorder, with the money.
//!
//! ```text
//! offer ─► taking ─close─► reported ─(report failed)─► taking
//!             │                '─────(refused for good)─► returning ─close─► over
//!             '─recall─► over
//! ```

#![no_std]

use thinkey::*;

#[path = "../../protocol.rs"]
mod protocol;
use protocol::*;

value! {
    /// What every handling reads: whose lots it sells.
    pub struct Auctioneer {
        recorder: Address,
    }

    /// A lot with its best bid.
    pub struct Sale {
        reserve: Amount,
        end: u64,
        best: Held,
    }
}

// The stages of a lot. Money of its best bid is here in TAKING and RETURNING, under way in REPORTED, gone in OVER.
const TAKING: u8 = 1;
const REPORTED: u8 = 2;
const RETURNING: u8 = 3;
const OVER: u8 = 4;

// All lots that were ever offered, and their stages. They stay: a round is sold once. A stage stands by itself so that the hook
// for bounces has a byte to change, which takes no deposit as it is there already.
const SALES: Map<Lot, Sale> = Map::new("sales");
const STAGES: Map<Lot, u8> = Map::new("stages");

contract! {
    name: "auctioneer";
    state: Auctioneer;
    init { init(recorder: Address) payable; }
    handle {
        /// Takes bids for a lot. From the recorder alone.
        offer(lot: Lot, reserve: Amount, end: u64) payable;
        /// Bids the amount that comes with it.
        bid(lot: Lot, tell: bool) payable;
        /// Ends the bidding and reports the best bid, with its money.
        close(lot: Lot) payable;
        /// Gives the best bid back. From the recorder alone.
        recall(lot: Lot) payable;
    }
    query {
        sale(lot: Lot) -> (reserve: Amount, end: u64, best: Held);
        stage(lot: Lot) -> (stage: u8);
    }
    events { leading(lot: Lot, bidder: Address, amount: Amount); }
    types { Lot, Held }
    bounce: bounced;
}

impl Auctioneer {
    fn init(recorder: Address) -> Auctioneer {
        Auctioneer { recorder }
    }

    fn offer(&mut self, lot: Lot, reserve: Amount, end: u64) {
        from(self.recorder);
        require!(SALES.get(&lot).is_none(), "round ", lot.round, " of \"", lot.kitten, "\" is here already");
        SALES.set(&lot, &Sale { reserve, end, best: Held::default() });
        STAGES.set(&lot, &TAKING);
    }

    /// Takes what comes with it, or refuses: then the ledger gives it back.
    fn bid(&mut self, lot: Lot, tell: bool) {
        let mut sale = find(&lot);
        let bid = Held::brought(context().sender, tell);
        require!(stage_of(&lot) == TAKING && context().time < sale.end, "the sale of \"", lot.kitten, "\" is over");
        require!(bid.amount >= sale.reserve, bid.amount, " is below the lowest price of ", sale.reserve);
        require!(bid.amount > sale.best.amount, sale.best.amount, " is bid already");
        sale.best.give_back(&lot, bid.amount);
        sale.best = bid;
        SALES.set(&lot, &sale);
        event::leading(lot, sale.best.bidder, sale.best.amount);
    }

    /// Ends the bidding: anybody may once it is time, and the recorder when it likes.
    fn close(&mut self, lot: Lot) {
        let sale = find(&lot);
        match stage_of(&lot) {
            TAKING => {
                let (now, end) = (context().time, sale.end);
                let may = now >= end || context().sender == self.recorder;
                require!(may, "bids for \"", lot.kitten, "\" are taken until ", end, ", and it is ", now);
                STAGES.set(&lot, &REPORTED);
                let report = ToRecorder(self.recorder).report(lot, sale.best.bidder, sale.best.tell);
                report.with(sale.best.amount).send(REPORT_GAS);
            }
            RETURNING => {
                sale.best.give_back(&lot, 0);
                STAGES.set(&lot, &OVER);
            }
            _ => refuse!("the sale of \"", lot.kitten, "\" is closed already"),
        }
        free()
    }

    /// Gives the best bid back: the recorder has decided without it. If it is under way already, the recorder does that.
    fn recall(&mut self, lot: Lot) {
        from(self.recorder);
        let sale = find(&lot);
        if let TAKING | RETURNING = stage_of(&lot) {
            sale.best.give_back(&lot, 0);
            STAGES.set(&lot, &OVER);
        }
    }

    /// Has the money of a report again. The next close sends it once more, or gives the bid back where the recorder would refuse
    /// again. Nothing is sent here: that takes more gas than a bounce brings.
    fn bounced(&mut self, b: &Bounce) {
        if b.method != "report" {
            return; // an outcome that its bidder didn't want
        }
        let report: Named = decode(b.input, "not a report of ours");
        STAGES.set(&report.lot, if passing(b.status) { &TAKING } else { &RETURNING });
    }

    fn sale(&self, lot: Lot) -> (Amount, u64, Held) {
        let sale = find(&lot);
        (sale.reserve, sale.end, sale.best)
    }

    fn stage(&self, lot: Lot) -> u8 {
        stage_of(&lot)
    }
}

fn find(lot: &Lot) -> Sale {
    match SALES.get(lot) {
        Some(sale) => sale,
        None => refuse!("round ", lot.round, " of \"", lot.kitten, "\" was never offered here"),
    }
}

fn stage_of(lot: &Lot) -> u8 {
    STAGES.get(lot).unwrap_or_default()
}
