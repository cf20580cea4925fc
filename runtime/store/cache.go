package store

import (
	"encoding/binary"
	"sync"
	"sync/atomic"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// records remembers account records of the final state: a read through pebble's tables costs about 8 µs, from here 0.2.
// It never returns what is not the newest commit's. It holds accounts without code, which are nearly all, without pointers,
// so that the garbage collector has nothing to look at.
//
// A reader that misses reads the tables, and offers what it found with the generation it saw before. A commit makes the
// generation odd while it is being applied and even again behind it, so what was read before or during a commit is not
// taken.
type records struct {
	generation atomic.Uint64
	shards     [recordShards]recordShard
}

type recordShard struct {
	mu   sync.Mutex // guards the map
	held map[chain.Address]plain
}

const (
	recordShards = 64
	// recordsHeld bounds the records in memory; one takes about 90 bytes.
	recordsHeld = 1 << 20
)

// plain is the record of an account without code.
type plain struct {
	balance, deposit chain.Amount
	nonce            uint64
}

func (p plain) record() chain.Account {
	return chain.Account{Balance: p.balance, Deposit: p.deposit, Nonce: p.nonce}
}

func (r *records) shard(a chain.Address) *recordShard {
	return &r.shards[binary.BigEndian.Uint32(a[4:])%recordShards]
}

// get is the record of a, if it is held, and the generation to offer it with if it isn't.
func (r *records) get(a chain.Address) (record chain.Account, found bool, generation uint64) {
	generation = r.generation.Load()
	s := r.shard(a)
	s.mu.Lock()
	defer s.mu.Unlock()
	p, found := s.held[a]
	return p.record(), found, generation
}

// offer holds a record that was read from the tables, unless a commit may have changed it since.
func (r *records) offer(a chain.Address, record chain.Account, generation uint64) {
	s := r.shard(a)
	s.mu.Lock()
	defer s.mu.Unlock()
	if generation%2 == 0 && r.generation.Load() == generation {
		s.hold(a, record)
	}
}

// fill offers an encoded record, unless another would have to go for it.
func (r *records) fill(a chain.Address, value []byte, generation uint64) {
	s := r.shard(a)
	s.mu.Lock()
	full := len(s.held) >= recordsHeld/recordShards
	s.mu.Unlock()
	if full {
		return
	}
	if record, err := chain.DecodeAccount(value); err == nil {
		r.offer(a, record, generation)
	}
}

func (s *recordShard) hold(a chain.Address, record chain.Account) {
	p := plain{record.Balance, record.Deposit, record.Nonce}
	if p.record() != record {
		delete(s.held, a)
		return
	}
	if s.held == nil {
		s.held = make(map[chain.Address]plain)
	}
	if _, ok := s.held[a]; !ok && len(s.held) >= recordsHeld/recordShards {
		for other := range s.held { // any order: whichever the map gives is as good as random
			delete(s.held, other)
			break
		}
	}
	s.held[a] = p
}

// begin is called before a commit, or the genesis, is applied.
func (r *records) begin() { r.generation.Add(1) }

// end is called when the commit was applied, or was not. What was applied is held from now on.
func (r *records) end(applied []exec.Change) {
	for i := range applied {
		c := &applied[i]
		if c.Key != "" {
			continue
		}
		var record chain.Account
		var err error
		if c.After != nil {
			record, err = chain.DecodeAccount(c.After)
		}
		s := r.shard(c.Account)
		s.mu.Lock()
		if err == nil {
			s.hold(c.Account, record)
		} else {
			delete(s.held, c.Account) // a read says what is wrong with it
		}
		s.mu.Unlock()
	}
	r.generation.Add(1)
}

// drop forgets everything; between begin and end.
func (r *records) drop() {
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.Lock()
		s.held = nil
		s.mu.Unlock()
	}
}
