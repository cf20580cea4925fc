//! Bids its own coins for its owner, and keeps book of what became of its bids. It shows what an account with code has to know
//! to take part; accounts of keys bid by a call.

#![no_std]

use thinkey::*;

#[path = "../../protocol.rs"]
mod protocol;
use protocol::*;

value! {
    /// What every handling reads.
    pub struct Bidder {
        owner: Address,
    }

    /// The last bid for a lot. Who may say what became of it is written down with it: nobody else is believed.
    #[derive(Default)]
    pub struct Offer {
        auctioneer: Address,
        recorder: Address,
        amount: Amount,
        state: u8,
        price: Amount,
    }
}

// What can become of a bid: it is under way, or the best one so far; it won; it lost, or was refused, and is back in the balance.
const UNDER: u8 = 1;
const WON: u8 = 2;
const LOST: u8 = 3;
const REFUSED: u8 = 4;

const OFFERS: Map<Lot, Offer> = Map::new("offers");

contract! {
    name: "bidder";
    state: Bidder;
    init {
        /// Makes the sender the owner.
        init() payable;
    }
    handle {
        /// Bids at an auctioneer. From the owner alone.
        bid(auctioneer: Address, recorder: Address, lot: Lot, amount: Amount) payable;
        /// Hears what became of a bid.
        outcome(lot: Lot, won: bool, price: Amount) payable;
        /// Gives a kitten to the owner.
        hand_over(lot: Lot) payable;
        /// Pays all coins to the owner.
        withdraw() payable;
    }
    query { offer(lot: Lot) -> (auctioneer: Address, recorder: Address, amount: Amount, state: u8, price: Amount); }
    types { Lot }
    bounce: bounced;
}

impl Bidder {
    fn init() -> Bidder {
        Bidder { owner: context().sender }
    }

    fn bid(&mut self, auctioneer: Address, recorder: Address, lot: Lot, amount: Amount) {
        require!(context().sender == self.owner, "only the owner ", self.owner, " bids"); // coins may come with it
        if let Some(Offer { state: UNDER | WON, amount, .. }) = OFFERS.get(&lot) {
            refuse!("a bid of ", amount, " for \"", lot.kitten, "\" stands")
        }
        OFFERS.set(&lot, &Offer { auctioneer, recorder, amount, state: UNDER, price: 0 });
        ToAuctioneer(auctioneer).bid(lot, true).with(amount).send(BID_GAS);
    }

    /// What the auction says of a bid: who lost hears it from the auctioneer or the recorder, who won from the collector.
    fn outcome(&mut self, lot: Lot, won: bool, price: Amount) {
        let mut offer = match OFFERS.get(&lot) {
            Some(offer) => offer,
            None => refuse!("no bid was made for \"", lot.kitten, "\""),
        };
        let sender = context().sender;
        let heard = if won { sender == lot.collector } else { sender == offer.auctioneer || sender == offer.recorder };
        require!(heard, sender, " has no word in this");
        offer.state = if won { WON } else { LOST };
        offer.price = price;
        OFFERS.set(&lot, &offer);
        free()
    }

    fn hand_over(&mut self, lot: Lot) {
        from(self.owner);
        ToCollector(lot.collector).give(lot.kitten, self.owner).send(BID_GAS);
    }

    fn withdraw(&mut self) {
        from(self.owner);
        Call::pay(self.owner, balance());
    }

    /// Has the money of a bid that was refused.
    fn bounced(&mut self, b: &Bounce) {
        if b.method != "bid" {
            return;
        }
        let bid: Bid = decode(b.input, "not a bid of ours");
        let offer = OFFERS.get(&bid.lot).unwrap_or_default();
        OFFERS.set(&bid.lot, &Offer { state: REFUSED, ..offer });
    }

    /// The last bid for a lot.
    fn offer(&self, lot: Lot) -> (Address, Address, Amount, u8, Amount) {
        let o = OFFERS.get(&lot).unwrap_or_default();
        (o.auctioneer, o.recorder, o.amount, o.state, o.price)
    }
}
