package node

import (
	"bytes"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// registry calls the registry in the name of account 1, and waits.
func (r *treeRig) registry(nonce uint64, method string, amount uint64, input []byte) {
	r.t.Helper()
	call := chain.CallInput{To: chain.RegistryAddress(), Method: method, GasLimit: 50_000_000, Input: input}
	from := chain.KeyAddress(chain.Main, keys.FromSeed([32]byte{1}).Public())
	x := &chain.Message{
		Network: r.genesis.Network(), Kind: chain.External, From: from, To: from, Payer: from, Nonce: nonce, ValidUntil: 1_000_000,
		Amount: chain.NewAmount(amount), Method: chain.MethodCall, Input: call.Encode(),
	}
	sent := chain.Sent{To: call.To, Method: method, Amount: x.Amount, GasLimit: call.GasLimit, Input: input}
	x.GasLimit = exec.ExternalGas(x) + exec.SendGas(&sent) + call.GasLimit + gas.Bounce
	x.Sign(keys.FromSeed([32]byte{1}))
	if a := r.process.Node(chain.Main).Submit([][]byte{x.Encode()})[0]; a.Refused != nil {
		r.t.Fatal(a.Refused)
	}
	at := r.arrives(chain.Main, sent.Relay(from, x, 0).ID())
	h, _, err := r.process.Node(chain.Main).Block(at.Final.Height)
	if err != nil {
		r.t.Fatal(err)
	}
	if e := h.Events[at.Final.Event].Receipt; e.Status != chain.StatusOK {
		r.t.Fatalf("%s: %s: %s", method, e.Status, e.Reason)
	}
}

// All nodes of a chain that was made by a message begin it alike, whatever the registry takes in before one of them starts it.
func TestLaterAlike(t *testing.T) {
	r := newTree(t, map[chain.ID]chain.ID{2: 1})
	applicant := func(i int) []chain.Applicant {
		node, secret := memberKeys(i)
		return []chain.Applicant{{Node: node, Key: secret.Public(), Possession: chain.ProvePossession(node, secret), Seats: 1}}
	}
	create := chain.CreateInput{Parent: chain.Main, Name: "three", Nodes: applicant(3)}
	r.registry(0, chain.MethodCreate, chain.ChainDeposit, create.Encode())
	early, err := r.process.Node(chain.Main).later(3)
	if err != nil {
		t.Fatal(err)
	}
	create.Name = "four"
	r.registry(1, chain.MethodCreate, chain.ChainDeposit, create.Encode())
	r.registry(2, chain.MethodCommittee, 0, chain.CommitteeInput{Chain: 3, Nodes: applicant(4)}.Encode())
	late, err := r.process.Node(chain.Main).later(3)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(early.Encode(), late.Encode()) {
		t.Errorf("%+v\nbecame\n%+v", early, late)
	}
	if err := r.process.Start(3); err != nil {
		t.Fatal(err)
	}
}
