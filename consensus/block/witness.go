package block

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Witness shows that a block breaks a rule to anyone who knows the committee, without the state: it has the header before the
// block, and what of the state the judgement reads, with proofs (SPEC 6.6). Every seat whose preparation of such a block is
// shown with it is guilty: an honest one replays first.
//
// It shows faults of form, frame, inputs and σ, and of one account's replay. A header whose roots alone are wrong takes the
// whole replay to see, and a handling that looks for the next key of its storage has no proof of what it found: of these
// there is no Witness.
type Witness struct {
	Before  chain.Header
	Raw     []byte
	Account chain.Address // that must be replayed; zero if none must
	Reads   []Proven      // in the order of their slots
}

// Proven is a value of the state before a block; nil if there is none.
type Proven struct {
	exec.Slot
	Value []byte
	Proof merkle.StateProof
}

// What a Witness may fail to show; each is its maker's fault and no one else's.
var (
	// ErrShowsNothing: what it shows keeps every rule, or its bytes are not the signed block's.
	ErrShowsNothing = errors.New("witness shows nothing")
	// ErrUnproven: the judgement reads what the witness doesn't prove.
	ErrUnproven = errors.New("witness leaves out a part of the state")
)

// Show makes the witness of a fault that Verify found in the block.
func Show(before *Before, rules Rules, raw []byte, found *Fault) (*Witness, error) {
	w := &Witness{Before: *before.Header, Raw: raw}
	if found.Part == PartReplay || found.Part == PartPlace {
		w.Account = found.Account
	}
	if err := w.signed(); err != nil {
		return nil, err
	}
	seen := &recorder{state: before.State, slots: map[exec.Slot]bool{}}
	fault, err := examine(&Before{Header: before.Header, Hash: before.Hash, State: seen}, rules, raw, w.Account)
	switch {
	case err != nil:
		return nil, err
	case fault == nil:
		return nil, fmt.Errorf("%w: %s takes more than one account's replay to see", ErrShowsNothing, found.Part)
	}
	for slot := range seen.slots { // any order: sorted below
		r := Proven{Slot: slot}
		if r.Value, err = value(before.State, slot); err != nil {
			return nil, err
		}
		if r.Proof, err = before.Tree.Prove(before.Base, SlotPath(slot)); err != nil {
			return nil, err
		}
		w.Reads = append(w.Reads, r)
	}
	slices.SortFunc(w.Reads, func(a, b Proven) int { return a.compare(&b) })
	return w, nil
}

// value is what a slot holds, as it is hashed.
func value(s exec.State, slot exec.Slot) ([]byte, error) {
	if slot.Key != "" {
		return s.Entry(slot.Account, slot.Key)
	}
	a, err := s.Account(slot.Account)
	if err != nil || !a.Exists() {
		return nil, err
	}
	return a.Encode(), nil
}

func (r *Proven) compare(o *Proven) int {
	if c := r.Account.Compare(o.Account); c != 0 {
		return c
	}
	return bytes.Compare([]byte(r.Key), []byte(o.Key))
}

// Convict says which seats are guilty of the block, by a claim that holds their preparation of it, and what is wrong with it.
// Nothing is replayed that no seat has signed: a replay may cost as much as a block's gas buys.
func (w *Witness) Convict(c *light.Committee, claim *light.Claim, rules Rules) (chain.Seats, *Fault, error) {
	header, err := chain.DecodeBlockHeader(w.Raw)
	if v := claim.Vote; err != nil || v == nil || v.Step != chain.Preparation || v.Block != header.Hash() || v.Height != header.Height {
		return nil, nil, fmt.Errorf("%w: the claim is no preparation of the block", ErrShowsNothing)
	}
	if err := c.Voted(claim.Vote, claim.Signature, claim.Seats); err != nil {
		return nil, nil, err
	}
	fault, err := w.Judge(rules)
	if err != nil {
		return nil, nil, err
	}
	return claim.Seats, fault, nil
}

// Judge finds the fault that the witness shows. What messages mean to code is the rules': code is published, and known by its
// hash.
func (w *Witness) Judge(rules Rules) (*Fault, error) {
	if err := w.signed(); err != nil {
		return nil, err
	}
	state := make(part, len(w.Reads))
	for i := range w.Reads {
		r := &w.Reads[i]
		var hash merkle.Hash
		if r.Value != nil {
			hash = merkle.ValueHash(r.Value)
		}
		if err := r.Proof.Verify(w.Before.Roots.State, SlotPath(r.Slot), hash); err != nil {
			return nil, fmt.Errorf("witness: %w", err)
		}
		state[r.Slot] = r.Value
	}
	fault, err := examine(&Before{Header: &w.Before, Hash: w.Before.Hash(), State: state}, rules, w.Raw, w.Account)
	if err == nil && fault == nil {
		err = ErrShowsNothing
	}
	return fault, err
}

// signed holds the witness to what the header of the block names: who signed that signed all of it, the state before included.
func (w *Witness) signed() error {
	header, err := chain.DecodeBlockHeader(w.Raw)
	if err != nil || header.Parent != w.Before.Hash() || !Whole(w.Raw) {
		return fmt.Errorf("%w: the bytes of the block, or the header before it, are not those that its header names", ErrShowsNothing)
	}
	return nil
}

// examine is Verify as far as form, frame, inputs and order go, and the replay of one account, if one is given.
func examine(before *Before, rules Rules, raw []byte, account chain.Address) (*Fault, error) {
	r, _, fault, err := open(before, rules, raw)
	if fault != nil || err != nil {
		return fault, err
	}
	r.takeInputs()
	if fault := r.check(); fault != nil {
		return fault, nil
	}
	r.derive()
	i, found := slices.BinarySearchFunc(r.order, account, func(q chain.Sequence, a chain.Address) int { return q.Account.Compare(a) })
	if !found {
		return nil, nil
	}
	var p piece
	r.replayAccount(&r.order[i], spent{r.context.Params.BlockGas, chain.MaxBlockGiven}, &p)
	return p.fault, p.err
}

// recorder is a state that knows what was read of it.
type recorder struct {
	state exec.State
	slots map[exec.Slot]bool
}

func (s *recorder) Account(a chain.Address) (chain.Account, error) {
	s.slots[exec.Slot{Account: a}] = true
	return s.state.Account(a)
}

func (s *recorder) Entry(a chain.Address, key string) ([]byte, error) {
	s.slots[exec.Slot{Account: a, Key: key}] = true
	return s.state.Entry(a, key)
}

func (s *recorder) Next(chain.Address, string, string) (string, error) {
	return "", fmt.Errorf("%w: nothing proves which key comes next", ErrUnproven)
}

// part is the part of a state that a witness proves.
type part map[exec.Slot][]byte

func (s part) Account(a chain.Address) (chain.Account, error) {
	raw, err := s.Entry(a, "")
	if err != nil || raw == nil {
		return chain.Account{}, err
	}
	return chain.DecodeAccount(raw)
}

func (s part) Entry(a chain.Address, key string) ([]byte, error) {
	raw, ok := s[exec.Slot{Account: a, Key: key}]
	if !ok {
		return nil, fmt.Errorf("%w: account %s, key %q", ErrUnproven, a, key)
	}
	return raw, nil
}

func (s part) Next(chain.Address, string, string) (string, error) { return "", ErrUnproven }

const (
	witnessVersion = 1
	// maxReads bounds what one account's replay may read, and a queue that it stands behind.
	maxReads  = 1 << 20
	readBytes = chain.AddressSize + 4 + 1 + 4
)

// Encode is the canonical encoding.
func (w *Witness) Encode() []byte {
	b := wire.AppendBytes([]byte{witnessVersion}, w.Before.Append(nil))
	b = append(wire.AppendBytes(b, w.Raw), w.Account[:]...)
	b = wire.AppendU32(b, uint32(len(w.Reads)))
	for i := range w.Reads {
		r := &w.Reads[i]
		b = wire.AppendBytes(append(b, r.Account[:]...), []byte(r.Key))
		if r.Value == nil {
			b = append(b, 0)
		} else {
			b = wire.AppendBytes(append(b, 1), r.Value)
		}
		b = r.Proof.Append(b)
	}
	return b
}

// DecodeWitness reads what Encode writes.
func DecodeWitness(b []byte) (*Witness, error) {
	r := wire.NewReader(b)
	r.Version("witness", witnessVersion)
	before, err := chain.DecodeHeader(r.Bytes("header", chain.MaxBlockBytes))
	if err != nil {
		r.Fail("header: "+err.Error(), wire.ErrValue)
	}
	w := &Witness{Before: before, Raw: r.Bytes("block", chain.MaxBlockBytes)}
	r.Into("account", w.Account[:])
	for range r.Count("reads", maxReads, readBytes) {
		w.Reads = append(w.Reads, readRead(r))
		if n := len(w.Reads); r.Err() == nil && n > 1 && w.Reads[n-2].compare(&w.Reads[n-1]) >= 0 {
			r.Fail("reads not in ascending order", wire.ErrValue)
		}
		if r.Err() != nil {
			break
		}
	}
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	return w, nil
}

func readRead(r *wire.Reader) (x Proven) {
	r.Into("account", x.Account[:])
	x.Key = string(r.Bytes("key", chain.MaxStorageKey))
	switch r.U8("value") {
	case 0:
	case 1:
		if x.Value = r.Bytes("value", chain.MaxPublicationBytes); x.Value == nil {
			x.Value = []byte{}
		}
	default:
		r.Fail("value", wire.ErrValue)
	}
	x.Proof = merkle.ReadStateProof(r)
	return x
}
