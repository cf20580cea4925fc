package chain_test

import (
	"bytes"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
)

// readLimits are the constants of limits.go with their values, as they are written there.
func readLimits(t *testing.T) map[string]string {
	t.Helper()
	files := token.NewFileSet()
	f, err := parser.ParseFile(files, "limits.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	pkg, err := new(types.Config).Check("limits", files, []*ast.File{f}, nil)
	if err != nil {
		t.Fatal(err)
	}
	list := map[string]string{}
	for _, name := range pkg.Scope().Names() {
		c, ok := pkg.Scope().Lookup(name).(*types.Const)
		if !ok {
			t.Fatalf("%s is no constant", name)
		}
		list[name] = constant.ToInt(c.Val()).ExactString()
	}
	return list
}

// The table of limits in the docs has every limit, once, with its number, a reason and an outcome; and no other.
func TestLimitsTable(t *testing.T) {
	const doc = "../../runtime/docs/LIMITS.md"
	raw, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	want := readLimits(t)
	if len(want) < 50 {
		t.Fatalf("%d limits were found", len(want))
	}
	for _, line := range strings.Split(string(raw), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 2 || !strings.HasPrefix(strings.TrimSpace(cells[1]), "`") {
			continue
		}
		name := strings.Trim(cells[1], " `")
		number, known := want[name]
		switch {
		case !known:
			t.Errorf("%s stands in the table twice, or is no limit", name)
		case len(cells) != 6 || strings.TrimSpace(cells[3]) == "" || strings.TrimSpace(cells[4]) == "":
			t.Errorf("%s has no reason, or no outcome: %s", name, line)
		case strings.TrimSpace(cells[2]) != number:
			t.Errorf("%s is %s, and the table says %s", name, number, strings.TrimSpace(cells[2]))
		}
		delete(want, name)
	}
	for name := range want {
		t.Errorf("%s does not stand in %s", name, doc)
	}
}

// The largest header there can be, of a block that the largest committee hands over to the largest registered one, is recorded by a message:
// a chain whose block no digest can show would be cut off for good.
func TestLargestDigest(t *testing.T) {
	h := chain.Header{Chain: 2, Height: 1, Next: chain.Hash{1}}
	for id := range chain.ID(chain.MaxChains) {
		if n := id + 1; n != 2 && len(h.Leaving) < chain.MaxDestinations {
			h.Leaving = append(h.Leaving, chain.Leaving{Chain: n, Amount: chain.MaxAmount})
		}
		if len(h.Views) < chain.MaxViews {
			h.Views = append(h.Views, chain.View{Chain: id + 1})
		}
	}
	d := chain.Digest{
		Headers:     []chain.Header{h},
		Certificate: chain.Certificate{Step: chain.Confirmation, Chain: 2, Bitmap: chain.SeatsOf(chain.MaxSeats - 1)},
		Next:        chain.Committee{Chain: 2, Epoch: 1, Seats: make([]chain.Seat, chain.MaxRegisteredSeats)},
	}
	raw := d.Append(nil)
	if back, err := chain.DecodeDigest(raw); err != nil || !bytes.Equal(back.Append(nil), raw) {
		t.Fatal(err)
	}
	in := chain.CallInput{To: chain.DigestsAddress(1), Method: chain.MethodDigest, Input: raw}
	if n := len(in.Encode()); n > chain.MaxInputBytes {
		t.Errorf("a call of %d bytes (limit %d) for a digest of %d", n, chain.MaxInputBytes, len(raw))
	}
}
