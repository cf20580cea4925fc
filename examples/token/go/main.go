// Command token is the token of ../README.md, which says what proves what, as a contract in Go. It is the contract of ../rust
// once more: the same methods, fields, checks and events.
//
// A handling of a module from stock Go takes about 100,000 gas before it does anything, so a pay must be given 600,000 here:
// a quarter of what is left is the receiver's, and most comes back.
package main

import "github.com/thinkey/thinkey/sdk/guest"

// token is one holder's account. The size is fixed, so a bounce can always be stored (README, "Nothing is lost").
type token struct {
	Owner   guest.Address
	ID      guest.Hash
	Balance guest.Amount
}

type initInput struct {
	Issuer   guest.Address
	Symbol   string
	Decimals uint8
	Supply   guest.Amount
}

type payInput struct {
	To     guest.Address
	Amount guest.Amount
}

type receiveInput struct {
	From   guest.Address
	Amount guest.Amount
}

type amount struct{ Amount guest.Amount }

type owner struct{ Owner guest.Address }

type tokenOutput struct {
	ID       guest.Hash
	Issuer   guest.Address
	Symbol   string
	Decimals uint8
	Supply   guest.Amount
}

// idParts is what the id is the hash of.
type idParts struct {
	Issuer   guest.Address
	Symbol   string
	Decimals uint8
}

type transferredBody struct {
	From, To guest.Address
	Amount   guest.Amount
}

type returnedBody struct {
	Message guest.Hash
	Amount  guest.Amount
}

const receive guest.Method[receiveInput] = "receive"

const (
	minted      guest.Event[amount]          = "minted"
	transferred guest.Event[transferredBody] = "transferred"
	returned    guest.Event[returnedBody]    = "returned"
)

// about is what this account was made with: an entry that a payment doesn't touch.
var about = guest.NewValue[initInput]("about")

func (t *token) init(ctx guest.Context, in initInput) error {
	self, who := ctx.Self(), ctx.Sender()
	switch {
	case !isSymbol(in.Symbol):
		return guest.Refuse("a symbol is 1 to 16 letters and digits")
	case in.Decimals > 38:
		return guest.Refuse("%d decimals: 38 are the most", in.Decimals)
	case !in.Supply.IsZero() && who != in.Issuer:
		return guest.Refuse("the issuer alone makes its account with a supply")
	}
	id := guest.SHA256(guest.Encode(idParts{in.Issuer, in.Symbol, in.Decimals}))
	if accountOf(ctx.View, who, id) != self { // nobody can make up an id or an owner that lead to the address we have
		return guest.Refuse("the salt is not the token's id: %s", id)
	}
	about.Set(ctx, in)
	if !in.Supply.IsZero() {
		minted.Emit(ctx, amount{in.Supply})
	}
	*t = token{Owner: who, ID: id, Balance: in.Supply}
	return nil
}

func (t *token) pay(ctx guest.Context, in payInput) error {
	if err := t.byOwner(ctx); err != nil {
		return err
	}
	if in.Amount.IsZero() {
		return guest.Refuse("nothing to send")
	}
	rest, ok := t.Balance.Minus(in.Amount)
	if !ok {
		return guest.Refuse("%s to send and a balance of %s", in.Amount, t.Balance)
	}
	t.Balance = rest
	// A share, not a number: prices of gas may change, this code doesn't, and who calls can give more.
	ctx.Send(receive.To(accountOf(ctx.View, in.To, t.ID), receiveInput{t.Owner, in.Amount}).WithGas(ctx.Gas() / 4))
	return nil
}

func (t *token) receive(ctx guest.Context, in receiveInput) error {
	if err := t.ready(ctx); err != nil {
		return err
	}
	if ctx.Sender() != accountOf(ctx.View, in.From, t.ID) {
		return guest.Refuse("the sender is not an account of this token")
	}
	if err := t.credit(in.Amount); err != nil {
		return err
	}
	transferred.Emit(ctx, transferredBody{in.From, t.Owner, in.Amount})
	return nil
}

func (t *token) withdraw(ctx guest.Context, in amount) error {
	if err := t.byOwner(ctx); err != nil {
		return err
	}
	ctx.Send(guest.Pay(t.Owner, in.Amount))
	return nil
}

// returned: a receive that failed took nothing, so what it carried is ours again. The ledger alone makes bounces.
func (t *token) returned(ctx guest.Context, b guest.Bounce) error {
	if b.Method != string(receive) {
		return nil
	}
	sent, err := guest.Decode[receiveInput](b.Input)
	if err != nil {
		return err
	}
	if err := t.credit(sent.Amount); err != nil {
		return err
	}
	returned.Emit(ctx, returnedBody{b.Message, sent.Amount})
	return nil
}

func (t *token) balance(guest.View, guest.None) (amount, error) {
	return amount{t.Balance}, t.exists()
}

func (t *token) owner(guest.View, guest.None) (owner, error) { return owner{t.Owner}, t.exists() }

func (t *token) token(v guest.View, _ guest.None) (tokenOutput, error) {
	a, _ := about.Get(v)
	return tokenOutput{t.ID, a.Issuer, a.Symbol, a.Decimals, a.Supply}, t.exists()
}

// exists refuses what comes before an init: a key account can give itself this code, but no state.
func (t *token) exists() error {
	if t.Owner.IsZero() {
		return guest.Refuse("this account has no state yet: its first message is init")
	}
	return nil
}

// ready refuses coins, which nobody asked for, and what comes before an init.
func (t *token) ready(ctx guest.Context) error {
	if !ctx.Amount().IsZero() {
		return guest.Refuse("this method takes no coins")
	}
	return t.exists()
}

func (t *token) byOwner(ctx guest.Context) error {
	if err := t.ready(ctx); err != nil {
		return err
	}
	if ctx.Sender() != t.Owner {
		return guest.Refuse("only the owner may do this: %s", t.Owner)
	}
	return nil
}

func (t *token) credit(a guest.Amount) error {
	if room := guest.MaxAmount().Sub(t.Balance); room.Less(a) {
		return guest.Refuse("a balance of %s has no room for %s", t.Balance, a)
	}
	t.Balance = t.Balance.Add(a)
	return nil
}

// accountOf is the account of the token that who makes, or made, or can make.
func accountOf(v guest.View, who guest.Address, id guest.Hash) guest.Address {
	return guest.Made(who.Chain(), who, id, v.Code())
}

func isSymbol(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= 16
}

func init() {
	guest.Serve[token](
		guest.Init((*token).init, guest.Doc("Makes the sender's account of the token that issuer, symbol and decimals name. Only the issuer's has a supply.")),
		guest.Handle("pay", (*token).pay, guest.Doc("Sends tokens of this account, by its owner, to the account of the owner to.")),
		guest.Handle(receive, (*token).receive, guest.Doc("Takes tokens that the account of the owner from sends.")),
		guest.Handle("withdraw", (*token).withdraw, guest.Doc("Gives coins of this account, not tokens, to its owner.")),
		guest.Query("balance", (*token).balance),
		guest.Query("owner", (*token).owner),
		guest.Query("token", (*token).token, guest.Doc("The token, and the supply that this account was made with.")),
		guest.Bounced((*token).returned),
		guest.Emits(minted), guest.Emits(transferred), guest.Emits(returned),
		guest.Uses[idParts](),
	)
}

func main() {}
