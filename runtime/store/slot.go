package store

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

const keyLengthBytes = 2

// pathOf is where a slot stands in the state tree.
func pathOf(slot *exec.Slot) merkle.Path {
	if slot.Key == "" {
		return merkle.AccountPath(slot.Account)
	}
	return merkle.SlotPath(slot.Account, []byte(slot.Key))
}

// stateKey appends the key of a path. The slot of zeros, an account's record, is left out: more than half of the key,
// in the values that change most often. It sorts as before, since no other path begins with it.
func stateKey(b []byte, id chain.ID, path *merkle.Path) []byte {
	b = append(appendPrefix(b, id, kindState), path[:]...)
	if isAccount(path) {
		return b[:len(b)-pathBytes+accountBytes]
	}
	return b
}

// readStateKey is the path in what stateKey wrote.
func readStateKey(key []byte) (path merkle.Path, err error) {
	n := copy(path[:], key[prefixBytes:])
	if n != len(key)-prefixBytes || n != accountBytes && (n != pathBytes || isAccount(&path)) {
		return path, damaged(key, errors.New("it names no path"))
	}
	return path, nil
}

// isAccount says whether path is that of an account's record.
func isAccount(path *merkle.Path) bool {
	return [pathBytes - accountBytes]byte(path[accountBytes:]) == [pathBytes - accountBytes]byte{}
}

// slotBytes is the length of a slot's value as it is stored, checksum included.
func slotBytes(slot *exec.Slot, value []byte) int {
	if slot.Key == "" {
		return len(value) + crcBytes
	}
	return keyLengthBytes + len(slot.Key) + len(value) + crcBytes
}

// putSlot writes a slot's value: a storage entry with its key, as the path only has the hash of it.
func putSlot(b []byte, slot *exec.Slot, value []byte) {
	if slot.Key != "" {
		binary.BigEndian.PutUint16(b, uint16(len(slot.Key)))
		copy(b[keyLengthBytes:], slot.Key)
		b = b[keyLengthBytes+len(slot.Key):]
	}
	copy(b, value)
}

// readSlot is the slot and value in what putSlot wrote under path.
func readSlot(path *merkle.Path, b []byte) (exec.Slot, []byte, error) {
	slot := exec.Slot{Account: pathAccount(path)}
	if isAccount(path) {
		return slot, b, nil
	}
	if len(b) < keyLengthBytes {
		return slot, nil, fmt.Errorf("entry of %d bytes", len(b))
	}
	n := int(binary.BigEndian.Uint16(b))
	if b = b[keyLengthBytes:]; n == 0 || n > len(b) {
		return slot, nil, fmt.Errorf("key of %d bytes in %d", n, len(b))
	}
	slot.Key = string(b[:n])
	return slot, b[n:], nil
}

// pathAccount is the account that a path belongs to.
func pathAccount(path *merkle.Path) (a chain.Address) {
	copy(a[:4], path[20:24])
	copy(a[4:], path[:20])
	return a
}
