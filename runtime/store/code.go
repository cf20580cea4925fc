package store

import (
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

var (
	errNoEntry = errors.New("it names no entry")
	errNoCode  = errors.New("it is no code")
)

// code keeps what a block publishes. Its hash is that of the value, whatever block it came with, so that what is there is
// there for good: an undo leaves it.
func (w *writer) code(list []exec.Published) {
	for i := range list {
		p := &list[i]
		w.put(codeKey(w.key[:0], w.chain, p.Hash), mutability(p.Immutable), p.Code)
	}
}

// mutability is the byte before the module, as the hash has it.
func mutability(immutable bool) []byte {
	if immutable {
		return []byte{1}
	}
	return []byte{0}
}

func decodeCode(key, value []byte) (chain.PublishInput, error) {
	if len(value) == 0 || value[0] > 1 {
		return chain.PublishInput{}, damaged(key, errNoCode)
	}
	return chain.PublishInput{Immutable: value[0] == 1, Code: value[1:]}, nil
}

// Code is the module that was published under a hash; ErrNotFound if none was.
func (s *Store) Code(id chain.ID, hash chain.CodeHash) ([]byte, error) {
	p, err := s.Published(id, hash)
	return p.Code, err
}

// Published is Code with how it was published.
func (s *Store) Published(id chain.ID, hash chain.CodeHash) (chain.PublishInput, error) {
	key := codeKey(nil, id, hash)
	value, err := s.get(s.db, key)
	if err != nil {
		return chain.PublishInput{}, err
	}
	p, err := decodeCode(key, value)
	if err == nil && p.Hash() != hash {
		err = damaged(key, fmt.Errorf("it has the hash %s", p.Hash()))
	}
	return p, err
}
