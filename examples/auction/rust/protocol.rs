//! What the contracts of the auction say to one another, and the few rules that two of them share: the messages of
//! ../contract/protocol, byte by byte. ../README.md draws who sends what to whom, and why nothing is lost.
//!
//! Methods take coins as far as the SDK is concerned, and `free` refuses them: who may not speak at all hears that first.

#![allow(dead_code)] // each contract uses its part of it

use thinkey::*;

value! {
    /// A kitten in one of its sales.
    #[derive(Clone)]
    pub struct Lot {
        pub collector: Address,
        pub kitten: String,
        pub round: u64,
    }

    /// A bid with its money, which is part of the balance of who speaks of it. Without an amount there is no bid.
    #[derive(Clone, Default)]
    pub struct Held {
        pub bidder: Address,
        pub tell: bool,
        pub amount: Amount,
    }

    /// The input of `open`, as it comes back.
    pub struct Open {
        pub kitten: String,
        pub round: u64,
        pub reserve: Amount,
        pub end: u64,
        pub auctioneers: Vec<Address>,
    }

    /// The inputs of `report` and `sold`, as they come back: of whom they speak.
    pub struct Named {
        pub lot: Lot,
        pub who: Address,
        pub tell: bool,
    }

    /// The input of `bid`, as it comes back.
    pub struct Bid {
        pub lot: Lot,
        pub tell: bool,
    }
}

interface! { pub ToRecorder {
    open(kitten: String, round: u64, reserve: Amount, end: u64, auctioneers: Vec<Address>);
    report(lot: Lot, bidder: Address, tell: bool);
    finish(kitten: String, round: u64);
    cancel(kitten: String, round: u64);
} }

interface! { pub ToAuctioneer {
    offer(lot: Lot, reserve: Amount, end: u64);
    bid(lot: Lot, tell: bool);
    close(lot: Lot);
    recall(lot: Lot);
} }

interface! { pub ToCollector {
    give(kitten: String, to: Address);
    sold(lot: Lot, winner: Address, tell: bool);
    unsold(lot: Lot);
} }

interface! { pub ToBidder { outcome(lot: Lot, won: bool, price: Amount); } }

/// How many auctioneers may sell one lot, and how long a kitten's name may be: bounces, which have little gas, bring both back.
pub const MAX_AUCTIONEERS: usize = 8;
pub const MAX_NAME: usize = 32;

// Gas of the messages between the contracts. They are numbers and no shares of what is left: whoever sets the end of a sale
// going has to bring enough for all of it, or nothing happens. With shares, somebody could bring so little that a report is
// sent and can't be handled. What isn't used comes back. They are those of ../contract/protocol, so that contracts in both
// languages can sell together.
pub const BID_GAS: u64 = 1_000_000;
pub const OFFER_GAS: u64 = 300_000;
pub const OUTCOME_GAS: u64 = 300_000;
pub const UNSOLD_GAS: u64 = 300_000;
pub const RECALL_GAS: u64 = 1_500_000; // an add and an outcome follow from it
pub const SOLD_GAS: u64 = 1_500_000; // likewise
pub const REPORT_GAS: u64 = 3_000_000; // an add, an outcome and a sold
pub const CLOSE_GAS: u64 = 4_000_000; // a report

/// The gas of a message to the recorder that makes it send one of each gas to n auctioneers.
pub fn for_all(n: u8, each: u64) -> u64 {
    1_000_000 + n as u64 * (each + 400_000)
}

/// Says of a bounce's status that the same message could succeed if it is sent again: its gas did not suffice, or its tree
/// was too deep, which is the doing of whoever set the tree going. Everything else would fail again.
pub fn passing(status: u8) -> bool {
    const OUT_OF_GAS: u8 = 3;
    const LIMIT: u8 = 11;
    status == OUT_OF_GAS || status == LIMIT
}

impl Held {
    /// The bid that the message brings.
    pub fn brought(bidder: Address, tell: bool) -> Held {
        Held { bidder, tell, amount: context().amount }
    }

    /// Gives a bid's money back: by add, which can't fail, and words go behind it. better is the bid that beat it, 0 if none
    /// did.
    pub fn give_back(&self, lot: &Lot, better: Amount) {
        if self.amount == 0 {
            return;
        }
        Call::pay(self.bidder, self.amount);
        if self.tell {
            ToBidder(self.bidder).outcome(lot.clone(), false, better).send(OUTCOME_GAS)
        }
    }
}

/// Refuses money: what comes with a message that takes none would be nobody's.
pub fn free() {
    let amount = context().amount;
    require!(amount == 0, amount, " came with a message that takes no money");
}

/// Refuses a message from anybody else, and money.
pub fn from(who: Address) {
    let sender = context().sender;
    require!(sender == who, "only ", who, " may say this, and ", sender, " did");
    free()
}
