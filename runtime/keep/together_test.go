package keep

import (
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// However often value is released in one block, what is kept of it has each chain once: more than there are chains could not be read back.
func TestTogether(t *testing.T) {
	first := make([]chain.Leaving, 1, 8)
	first[0] = chain.Leaving{Chain: 3, Amount: chain.NewAmount(1)}
	list := []exec.Recorded{
		{Child: 2, Leaving: first, Released: []byte{1}}, {Child: 2, Anchors: make([]chain.Anchor, 1), Leaving: []chain.Leaving{{Chain: 3}}},
	}
	for range chain.MaxDestinations {
		list = append(list, exec.Recorded{Child: 2, Leaving: []chain.Leaving{{Chain: 3}, {Chain: 4}}, Released: []byte{1}})
	}
	runs := together(list)
	if len(runs) != 2 || len(runs[0].Leaving) != 2 || runs[0].Leaving[1].Chain != 4 || len(runs[1].Leaving) != 1 {
		t.Errorf("%+v", runs)
	}
	if first[:2][1].Chain != 0 {
		t.Error("it wrote into what the block says")
	}
}
