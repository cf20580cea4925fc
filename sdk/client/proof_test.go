package client_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// prover is a client of a node that answers with what twist makes of the honest answer.
func prover(t *testing.T, l *ledger, twist func(*client.Account)) *client.Client {
	url := serve(t, func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/v1/info" {
			answer(w, http.StatusOK, client.Info{Network: l.network, Chain: chain.Main})
			return
		}
		a, err := chain.ParseAddress(strings.TrimPrefix(q.URL.Path, "/v1/accounts/"))
		if err != nil || q.URL.Query().Get("proof") != "1" {
			t.Errorf("asked %s", q.URL)
		}
		out := l.answer(t, a)
		twist(&out)
		answer(w, http.StatusOK, out)
	})
	return client.New(url)
}

func TestProvenAccount(t *testing.T) {
	l := newLedger(t, records())
	for name, exists := range map[string]bool{"alice": true, "dave": true, "judy": false} {
		a, err := prover(t, l, func(a *client.Account) { a.Waiting, a.NextNonce = 3, 9 }).ProvenAccount(t.Context(), address(name))
		if err != nil || a.Exists != exists || a.Balance != l.records[address(name)].Balance || a.Height != 12 || a.Block != l.header.Hash() || a.NextNonce != 9 {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
}

// K5: whatever a node says beside or inside of a proof, a record that is not in the header's state is refused.
func TestForgedAccountIsRefused(t *testing.T) {
	l := newLedger(t, records())
	rich := newLedger(t, map[chain.Address]chain.Account{address("alice"): {Balance: chain.NewAmount(1 << 40)}, address("bob"): {Balance: chain.NewAmount(1)}})
	alice, judy := address("alice"), address("judy")
	header := func(change func(*chain.Header)) func(*client.Account) {
		return func(a *client.Account) {
			h := l.header
			change(&h)
			a.Proof.Header, a.Block = h.Append(nil), h.Hash()
		}
	}
	for _, c := range []struct {
		name  string
		asked chain.Address
		twist func(*client.Account)
		want  error
	}{
		{"a higher balance beside the proof", alice, func(a *client.Account) { a.Balance = chain.NewAmount(1 << 40) }, client.ErrProof},
		{"another nonce beside the proof", alice, func(a *client.Account) { a.Nonce++ }, client.ErrProof},
		{"a higher balance in the record", alice, func(a *client.Account) {
			r := chain.Account{Balance: chain.NewAmount(1 << 40)}
			a.Proof.Record = r.Encode()
			a.SetRecord(r)
		}, client.ErrProof},
		{"an account that is said not to exist", alice, func(a *client.Account) {
			a.Proof.Record = nil
			a.SetRecord(chain.Account{})
		}, client.ErrProof},
		{"an account that doesn't exist with a record", judy, func(a *client.Account) {
			r := chain.Account{Balance: chain.NewAmount(5)}
			a.Proof.Record = r.Encode()
			a.SetRecord(r)
		}, client.ErrProof},
		{"the proof of another account", alice, func(a *client.Account) {
			other := l.answer(t, address("bob"))
			a.Proof = other.Proof
			a.SetRecord(l.records[address("bob")])
		}, client.ErrProof},
		{"another state root", alice, header(func(h *chain.Header) { h.Roots.State = chain.Hash(rich.tree.Root()) }), client.ErrProof},
		{"a zero state root", alice, header(func(h *chain.Header) { h.Roots.State = chain.Hash{} }), client.ErrProof},
		{"another state with the honest header", alice, func(a *client.Account) {
			forged := rich.answer(t, alice)
			a.Proof.Record, a.Proof.Path = forged.Proof.Record, forged.Proof.Path
			a.SetRecord(rich.records[alice])
		}, client.ErrProof},
		{"another header than the hash names", alice, func(a *client.Account) {
			h := l.header
			h.Height++
			a.Proof.Header = h.Append(nil)
		}, client.ErrProof},
		{"another height beside the header", alice, func(a *client.Account) { a.Height++ }, client.ErrProof},
		{"a header of another chain", alice, func(a *client.Account) {
			header(func(h *chain.Header) { h.Chain = 2 })(a)
			a.Chain = 2
		}, client.ErrProof},
		{"a header of another network", alice, header(func(h *chain.Header) { h.Network = chain.NetworkID{8} }), client.ErrOtherChain},
		{"half a header", alice, func(a *client.Account) { a.Proof.Header = a.Proof.Header[:20] }, client.ErrProof},
		{"half a path", alice, func(a *client.Account) { a.Proof.Path = a.Proof.Path[:1] }, client.ErrProof},
		{"a path with bytes behind it", alice, func(a *client.Account) { a.Proof.Path = append(a.Proof.Path, 0) }, client.ErrProof},
		{"a record with bytes behind it", alice, func(a *client.Account) { a.Proof.Record = append(a.Proof.Record, 0) }, client.ErrProof},
		{"an empty path", alice, func(a *client.Account) { a.Proof.Path = (merkle.StateProof{}).Append(nil) }, client.ErrProof},
		{"no proof", alice, func(a *client.Account) { a.Proof = nil }, client.ErrProof},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := prover(t, l, c.twist).ProvenAccount(t.Context(), c.asked)
			if !errors.Is(err, c.want) || a != (client.Account{}) {
				t.Fatalf("%+v, error %v, want %v", a, err, c.want)
			}
		})
	}
}
