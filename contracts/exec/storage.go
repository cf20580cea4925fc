package exec

import (
	"iter"
	"strings"

	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Read is the value of key in the account's storage, writes of this handling included; nil if there is none. The value
// must not be changed.
func (e *Env) Read(key string) ([]byte, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	if err := e.Charge(gas.Read); err != nil {
		return nil, err
	}
	v, err := e.entry(key)
	if err != nil {
		return nil, err
	}
	return v, e.Charge(gas.ReadByte * uint64(len(v)))
}

// Write sets key in the account's storage to a copy of value; an empty value removes the entry. The room that it takes
// is paid for at the end of the handling, by the deposit for all the storage that is then held (SPEC 3.4).
func (e *Env) Write(key string, value []byte) error {
	if e.view {
		return e.readOnly("write")
	}
	if err := checkKey(key); err != nil {
		return err
	}
	if len(value) > chain.MaxStorageValue {
		return Fail(chain.StatusLimit, "storage value of %d bytes (limit %d)", len(value), chain.MaxStorageValue)
	}
	if err := e.Charge(gas.Write + gas.WriteByte*uint64(len(key)+len(value))); err != nil {
		return err
	}
	old, err := e.entry(key)
	if err != nil {
		return err
	}
	held := entrySize(key, old)
	assert.That(held <= e.account.StorageBytes, "an entry of an account is part of its StorageBytes")
	e.account.StorageBytes += entrySize(key, value) - held
	if e.writes == nil {
		e.writes = map[string][]byte{}
	}
	key = strings.Clone(key)
	e.writes[key] = append([]byte(nil), value...) // nil if empty: removed
	e.keys.set(key, e.writes[key])
	return nil
}

// Next is the first key of the account's storage, writes of this handling included, that begins with prefix and is greater
// than after; "" if there is none.
func (e *Env) Next(prefix, after string) (string, error) {
	if len(prefix) > chain.MaxStorageKey || len(after) > chain.MaxStorageKey {
		return "", Fail(chain.StatusLimit, "prefix of %d bytes, key of %d (limit %d)", len(prefix), len(after), chain.MaxStorageKey)
	}
	if err := e.Charge(gas.Next); err != nil {
		return "", err
	}
	key, err := e.keys.next(e, prefix, after)
	if err != nil {
		return "", e.breaks(err)
	}
	return key, nil
}

func (e *Env) nextBelow(prefix, after string) (string, error) { return e.storage.Next(prefix, after) }

func (e *Env) touched(key string) bool { _, ok := e.writes[key]; return ok }

func (e *Env) present() iter.Seq[string] {
	return func(yield func(string) bool) {
		for key, value := range e.writes { // any order: they are sorted by who takes them
			if value != nil && !yield(key) {
				return
			}
		}
	}
}

// Emit tells the outside something; it changes nothing. The body is copied.
func (e *Env) Emit(topic string, body []byte) error {
	switch {
	case e.view:
		return e.readOnly("emit an event")
	case topic == "":
		return Fail(chain.StatusBadInput, "an event needs a topic")
	case len(topic) > chain.MaxMethodBytes:
		return Fail(chain.StatusLimit, "topic of %d bytes (limit %d)", len(topic), chain.MaxMethodBytes)
	case len(body) > chain.MaxEventBytes:
		return Fail(chain.StatusLimit, "event of %d bytes (limit %d)", len(body), chain.MaxEventBytes)
	case len(e.events) == chain.MaxEvents:
		return Fail(chain.StatusLimit, "more than %d events of one handling", chain.MaxEvents)
	}
	if err := e.Charge(gas.Event + chain.GasPerByte*uint64(len(topic)+len(body))); err != nil {
		return err
	}
	e.events = append(e.events, chain.ContractEvent{Topic: strings.Clone(topic), Body: append([]byte(nil), body...)})
	return nil
}

// Log is a line for who debugs: the first chain.MaxEvents of a handling, and chain.MaxLogBytes of them, are kept with its
// outcome, and nowhere else.
func (e *Env) Log(line []byte) {
	r := e.makeRare()
	n := min(len(line), chain.MaxLogBytes-r.logBytes)
	if len(r.logs) < chain.MaxEvents && (n > 0 || len(line) == 0) {
		r.logBytes += n
		r.logs = append(r.logs, append([]byte(nil), line[:n]...))
	}
}

// checkKey refuses keys that no entry has. The empty one would be the slot of the account's record.
func checkKey(key string) error {
	switch {
	case key == "":
		return Fail(chain.StatusBadInput, "a storage key must not be empty")
	case len(key) > chain.MaxStorageKey:
		return Fail(chain.StatusLimit, "storage key of %d bytes (limit %d)", len(key), chain.MaxStorageKey)
	}
	return nil
}

// entry is the value of key now. An error of the state's ends the handling without an outcome, whatever the program makes
// of it.
func (e *Env) entry(key string) ([]byte, error) {
	if v, ok := e.writes[key]; ok {
		return v, nil
	}
	v, err := e.storage.Entry(key)
	if err != nil {
		return nil, e.breaks(err)
	}
	return v, nil
}

// breaks remembers an error of the state's.
func (e *Env) breaks(err error) error {
	if e.broken == nil {
		e.broken = err
	}
	return err
}

// entrySize is what an entry adds to StorageBytes.
func entrySize(key string, value []byte) uint64 {
	if len(value) == 0 {
		return 0
	}
	return uint64(len(key) + len(value))
}
