//! A token whose balances live in accounts of their holders: ../README.md says what proves what.

#![no_std]

use thinkey::*;

value! {
    /// One holder's account. The size is fixed, so a bounce can always be stored (README, "Nothing is lost").
    pub struct Account {
        owner: Address,
        id: Hash,
        balance: Amount,
    }

    /// The input of `receive`, as it comes back.
    pub struct Receive {
        from: Address,
        amount: Amount,
    }

    /// What the id is the hash of, and what this account was made with: an entry that a payment doesn't touch.
    pub struct About {
        issuer: Address,
        symbol: String,
        decimals: u8,
        supply: Amount,
    }
}

const ABOUT: Entry<About> = Entry::new("about");

contract! {
    name: "token";
    state: Account;
    init {
        /// Makes the sender's account of the token that issuer, symbol and decimals name. Only the issuer's has a supply.
        init(issuer: Address, symbol: String, decimals: u8, supply: Amount) payable;
    }
    handle {
        /// Sends tokens of this account, by its owner, to the account of the owner to.
        pay(to: Address, amount: Amount);
        /// Takes tokens that the account of the owner from sends.
        receive(from: Address, amount: Amount);
        /// Gives coins of this account, not tokens, to its owner.
        withdraw(amount: Amount);
    }
    query {
        balance() -> (amount: Amount);
        owner() -> (owner: Address);
        /// The token, and the supply that this account was made with.
        token() -> (id: Hash, issuer: Address, symbol: String, decimals: u8, supply: Amount);
    }
    events {
        minted(amount: Amount);
        transferred(from: Address, to: Address, amount: Amount);
        returned(message: Hash, amount: Amount);
    }
    bounce: returned;
}

interface! { Peer { receive(from: Address, amount: Amount); } }

impl Account {
    fn init(issuer: Address, symbol: String, decimals: u8, supply: Amount) -> Account {
        let (owner, account) = (context().sender, context().account);
        require!(is_symbol(&symbol), "a symbol is 1 to 16 letters and digits");
        require!(decimals <= 38, decimals, " decimals: 38 are the most");
        require!(supply == 0 || owner == issuer, "the issuer alone makes its account with a supply");
        let id = sha256(encode(&(issuer, &symbol, decimals)));
        // Nobody can make up an id or an owner that lead to the address we have.
        require!(account_of(&owner, &id) == account, "the salt is not the token's id: ", id);
        ABOUT.set(&About { issuer, symbol, decimals, supply });
        if supply > 0 {
            event::minted(supply);
        }
        Account { owner, id, balance: supply }
    }

    fn pay(&mut self, to: Address, amount: Amount) {
        self.by_owner();
        require!(amount > 0, "nothing to send");
        match self.balance.checked_sub(amount) {
            Some(rest) => self.balance = rest,
            None => refuse!(amount, " to send and a balance of ", self.balance),
        }
        // A share, not a number: prices of gas may change, this code doesn't, and who calls can give more.
        Peer(account_of(&to, &self.id)).receive(self.owner, amount).send(gas() / 4);
    }

    fn receive(&mut self, from: Address, amount: Amount) {
        require!(context().sender == account_of(&from, &self.id), "the sender is not an account of this token");
        self.credit(amount);
        event::transferred(from, self.owner, amount);
    }

    fn withdraw(&mut self, amount: Amount) {
        self.by_owner();
        Call::pay(self.owner, amount);
    }

    /// A receive that failed took nothing, so what it carried is ours again. The ledger alone makes bounces.
    fn returned(&mut self, b: &Bounce) {
        if b.method != "receive" {
            return;
        }
        let sent: Receive = decode(b.input, "not a receive of ours");
        self.credit(sent.amount);
        event::returned(b.message, sent.amount);
    }

    fn balance(&self) -> Amount {
        self.balance
    }

    fn owner(&self) -> Address {
        self.owner
    }

    fn token(&self) -> (Hash, Address, String, u8, Amount) {
        match ABOUT.get() {
            Some(a) => (self.id, a.issuer, a.symbol, a.decimals, a.supply),
            None => refuse!("no account without its token"),
        }
    }

    fn by_owner(&self) {
        require!(context().sender == self.owner, "only the owner may do this: ", self.owner);
    }

    fn credit(&mut self, amount: Amount) {
        match self.balance.checked_add(amount) {
            Some(sum) => self.balance = sum,
            None => refuse!("a balance of ", self.balance, " has no room for ", amount),
        }
    }
}

/// The account of the token that owner makes, or made, or can make.
fn account_of(owner: &Address, id: &Hash) -> Address {
    Address::made(owner, id, &context().code)
}

fn is_symbol(s: &str) -> bool {
    (1..=16).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphanumeric())
}
