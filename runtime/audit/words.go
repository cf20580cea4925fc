package audit

import (
	"encoding/binary"
	"fmt"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// nameSlot names a slot of the state for people.
func nameSlot(s exec.Slot) string {
	number, queued := queueNumber(s.Key)
	hash, code := codeHash(s.Key)
	switch {
	case s.Key == "":
		return "account " + s.Account.String()
	case s.Account.IsSystem() && queued:
		return fmt.Sprintf("the chain's entry queue/%d", number)
	case s.Account.IsSystem() && code:
		return fmt.Sprintf("the chain's entry of code %s", hash)
	case s.Account.IsSystem():
		return nameEntry(s.Key)
	}
	return fmt.Sprintf("entry %q of account %s", s.Key, s.Account)
}

// queueNumber is the number of the waiting message that a key of the chain's own storage is for.
func queueNumber(key string) (uint64, bool) {
	n := len(key) - 8
	if n < 0 {
		return 0, false
	}
	number := binary.BigEndian.Uint64([]byte(key[n:]))
	return number, key == chain.QueuedKey(number)
}

// isFailed says whether a key of the chain's own storage counts the failed rounds of a seat.
func isFailed(key string) bool {
	n := len(key) - 8 - 4
	return n >= 0 && key == chain.FailedKey(binary.BigEndian.Uint64([]byte(key[n:])), binary.BigEndian.Uint32([]byte(key[n+8:])))
}

// codeHash is the hash of the code that a key of the chain's own storage is for.
func codeHash(key string) (hash chain.CodeHash, code bool) {
	if len(key) < len(hash) {
		return hash, false
	}
	copy(hash[:], key[len(key)-len(hash):])
	return hash, key == chain.CodeKey(hash)
}

// nameValue is the value of a slot for people.
func nameValue(s exec.Slot, value []byte) string {
	if value == nil {
		return "nothing"
	}
	if s.Key == "" {
		a, err := chain.DecodeAccount(value)
		if err != nil {
			return fmt.Sprintf("%x (%v)", value, err)
		}
		text := fmt.Sprintf("balance %s, deposit %s, nonce %d", a.Balance, a.Deposit, a.Nonce)
		if a.Code != (chain.CodeHash{}) || a.StorageBytes > 0 {
			text += fmt.Sprintf(", code %s, %d bytes of storage", a.Code, a.StorageBytes)
		}
		return text
	}
	if s.Account.IsSystem() && (s.Key == chain.KeyFees || s.Key == chain.KeyIssued || s.Key == chain.KeyHeld) {
		if amount, err := chain.DecodeAmount(value); err == nil {
			return amount.String()
		}
	}
	if len(value) > 64 {
		return fmt.Sprintf("%x… (%d bytes)", value[:64], len(value))
	}
	return fmt.Sprintf("%x", value)
}
