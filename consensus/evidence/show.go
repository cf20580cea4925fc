package evidence

import (
	"fmt"
	"slices"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Scene is where a fault was found: the chain before the block, its rules, and what runs code there.
type Scene struct {
	Before *block.Before
	Rules  block.Rules
	Codes  native.Codes                         // nil for a chain without code
	Source func(chain.CodeHash) ([]byte, error) // the module that is published under a hash
}

// Show makes what shows a fault to others: the witness of block.Show, and the modules that its replay runs. It fails as that
// does where a fault can't be shown.
func (s *Scene) Show(raw []byte, found *block.Fault) (*Shown, error) {
	rules, ran := s.noting()
	w, err := block.Show(s.Before, rules, raw, found)
	if err != nil {
		return nil, err
	}
	codes, err := s.code(ran)
	return &Shown{Witness: w, Codes: codes}, err
}

// noting are the scene's rules, with a note of the code that runs.
func (s *Scene) noting() (block.Rules, *noting) {
	rules, ran := s.Rules, &noting{Codes: s.Codes, codes: map[chain.CodeHash]bool{}}
	rules.Mark = nil
	if s.Codes != nil {
		rules.Programs = native.Programs{Codes: ran}
	}
	return rules, ran
}

// code is what ran, in ascending order of its hashes.
func (s *Scene) code(ran *noting) (codes []chain.PublishInput, err error) {
	if len(ran.codes) > maxCodes {
		return nil, fmt.Errorf("%w: it runs %d codes, more than %d", block.ErrShowsNothing, len(ran.codes), maxCodes)
	}
	for hash := range ran.codes { // any order: sorted below
		c, err := s.published(hash)
		if err != nil {
			return nil, err
		}
		codes = append(codes, c)
	}
	slices.SortFunc(codes, compareCodes)
	return codes, nil
}

func (s *Scene) published(hash chain.CodeHash) (c chain.PublishInput, err error) {
	entry, err := s.Before.Code(hash)
	if err != nil || entry == nil {
		return c, fmt.Errorf("%w: code %s ran, and is not published in the state: %v", block.ErrUnproven, hash, err)
	}
	c.Immutable = entry.Immutable
	c.Code, err = s.Source(hash)
	return c, err
}

// noting notes which codes are asked for.
type noting struct {
	native.Codes
	codes map[chain.CodeHash]bool
}

// Run implements native.Codes.
func (n *noting) Run(env *exec.Env, code chain.CodeHash, entry string) error {
	n.codes[code] = true
	return n.Codes.Run(env, code, entry)
}

// Merges implements native.Codes.
func (n *noting) Merges(code chain.CodeHash, method string) (bool, error) {
	n.codes[code] = true
	return n.Codes.Merges(code, method)
}

// Code is the module that the case has under a hash, for the engine that judges it.
func (k *Case) Code(hash chain.CodeHash) ([]byte, error) {
	if k.Backing != nil {
		for _, c := range k.Backing.Codes {
			if c.Hash() == hash {
				return c.Code, nil
			}
		}
	}
	return nil, fmt.Errorf("%w: code %s", block.ErrUnproven, hash)
}
