package native_test

import (
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

// Whatever comes to a system actor, from whomever: it ends, equally in two runs, without a unit made or lost; and what fails changes
// nothing. world holds all that.
func FuzzSystem(f *testing.F) {
	actors := []chain.Address{chain.DigestsAddress(1), chain.RegistryAddress(), chain.NodesAddress()}
	methods := []string{
		chain.MethodDigest, chain.MethodChild, chain.MethodCreate, chain.MethodCommittee, chain.MethodRegister,
		chain.MethodLeave, chain.MethodWithdraw, chain.MethodAdd, chain.MethodBounce, chain.MethodRefund, chain.MethodInit, "", chain.MethodFork,
	}
	h := newHost(1)
	p := newPanel(2, 0, 1, 1)
	l := newLine(f, p).grow(leaving(3, 2)).grow()
	one, gap := l.digest(1, 2), l.digest(2, 2)
	for method, seed := range map[int][]byte{
		1: branch(newPanel(3, 0, 1, 1), 1, 0).Encode(),
		2: chain.CreateInput{Parent: 2, Name: "a", Nodes: applicants("a", 1, 1)}.Encode(),
		3: chain.CommitteeInput{Chain: 2, Nodes: applicants("chain 2", 1, 1)}.Encode(),
		4: h.input.Encode(), 5: h.key(), 6: h.key(),
	} {
		for actor := range actors {
			for sender := range byte(9) {
				f.Add(byte(actor), byte(method), sender, seed)
			}
		}
	}
	f.Add(byte(0), byte(0), byte(0), one.Append(nil))
	f.Add(byte(0), byte(0), byte(0), gap.Append(nil))
	f.Add(byte(0), byte(12), byte(0), l.two(2, 2, l.fork(1).grow(leaving(3, 1)).digest(2, 2)).Encode())
	w := registers(f, family).rich(h.account)
	w.ok(w.send(alice, chain.RegistryAddress(), chain.MethodAdd, 500_000, nil))
	w.ok(w.send(chain.RegistryAddress(), chain.DigestsAddress(1), chain.MethodChild, 0, branch(p, 1, 5).Encode()))
	w.rich(alice)
	before := w.snapshot()
	f.Fuzz(func(t *testing.T, actor, method, sender byte, input []byte) {
		if len(input) > chain.MaxInputBytes {
			return
		}
		w.t, w.out = t, nil
		w.restore(before)
		from := []chain.Address{alice, h.account, chain.RegistryAddress()}[sender%3]
		amount := []uint64{0, chain.ChainDeposit, chain.NodeDeposit}[sender/3%3]
		o := w.send(from, actors[int(actor)%len(actors)], methods[int(method)%len(methods)], amount, input)
		if o.Status.IsFailure() {
			w.same(before)
		}
	})
}

// Every method without input, or with another's, ends in a failure that says why.
func TestSystemInputs(t *testing.T) {
	w := registers(t, family)
	for _, to := range []chain.Address{chain.DigestsAddress(1), chain.RegistryAddress(), chain.NodesAddress()} {
		for _, method := range []string{
			chain.MethodDigest, chain.MethodChild, chain.MethodCreate, chain.MethodCommittee, chain.MethodRegister,
			chain.MethodLeave, chain.MethodWithdraw, chain.MethodTransfer, chain.MethodSetCode, chain.MethodInit, "", chain.MethodFork,
		} {
			for _, input := range [][]byte{nil, {0}, []byte(strings.Repeat("\x01", 600)), []byte(strings.Repeat("\xff", chain.MaxInputBytes))} {
				w.unchanged(func() {
					if o := w.send(alice, to, method, 3, input); !o.Status.IsFailure() || o.Reason == "" {
						t.Errorf("%s %q of %d bytes: %+v", to, method, len(input), o)
					}
				})
			}
		}
	}
}

// kept is what a node keeps: committees that are decoded already.
type kept map[chain.Hash]*light.Committee

func (k kept) Committee(network chain.NetworkID, c chain.Committee) (*light.Committee, error) {
	hash := c.Hash()
	if k[hash] == nil {
		made, err := light.NewCommittee(network, c)
		if err != nil {
			return nil, err
		}
		k[hash] = made
	}
	return k[hash], nil
}

// A node may keep decoded committees: nothing that comes of a digest depends on it.
func TestKeptCommittees(t *testing.T) {
	p := newPanel(2, 0, 4, 1)
	l := newLine(t, p).grow().grow()
	w, k := records(t, p, 0), records(t, p, 0)
	committees := kept{}
	k.context.Programs = native.Programs{Committees: committees}
	for height := 1; height < 3; height++ {
		w.recorded(l, w.digest(l.digest(height, height)), height, height)
		k.recorded(l, k.digest(l.digest(height, height)), height, height)
		if w.gas != k.gas {
			t.Errorf("%d gas, with kept committees %d", w.gas, k.gas)
		}
	}
	if len(committees) != 1 {
		t.Errorf("%d committees were made", len(committees))
	}
}

var errDisk = errors.New("disk on fire")

// A state that can't be read, or holds what it can't, is no outcome.
func TestDamagedState(t *testing.T) {
	p := newPanel(2, 0, 1, 1)
	d := newLine(t, p).grow(leaving(3, 1)).digest(1, 1)
	for _, key := range []string{chain.ChildKey(2), chain.ChildCommitteeKey(2), chain.AccumulatorKey(2), chain.LeftKey(2, 3), ""} {
		w := records(t, p, 1)
		if h := w.at(chain.DigestsAddress(1)); key != "" {
			h.entries[key] = []byte{99}
		} else {
			w.context.System = func(string) ([]byte, error) { return nil, errDisk }
		}
		m := w.message(alice, chain.DigestsAddress(1), chain.MethodDigest, chain.Amount{}, d.Append(nil))
		h := w.at(m.To)
		if o, err := exec.Apply(&w.context, m.To, h.account, h, m.Seal()); err == nil || o.Status != 0 {
			t.Errorf("entry %q: %+v, error %v", key, o, err)
		}
	}
}

func cpuMicros(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return (u.Utime.Sec+u.Stime.Sec)*1_000_000 + u.Utime.Usec + u.Stime.Usec
}

// What a digest of one block costs the chain that records it, what a run of blocks does, and values for many chains of a deep tree.
func BenchmarkDigest(b *testing.B) {
	for _, x := range []struct {
		name          string
		seats, blocks int
		to            int // chains that each block sends a value to
		kept          bool
	}{
		{"1 seat", 1, 1, 1, false}, {"1 seat, kept", 1, 1, 1, true}, {"4 seats", 4, 1, 1, false}, {"4 seats, kept", 4, 1, 1, true},
		{"64 seats", 64, 1, 1, false}, {"64 seats, kept", 64, 1, 1, true}, {"4 seats, 100 blocks, kept", 4, 100, 1, true},
		{"1 seat, 1000 destinations, kept", 1, 1, 1000, true},
	} {
		b.Run(x.name, func(b *testing.B) {
			p := newPanel(2, 0, x.seats, 1)
			l := newLine(b, p)
			tree, list := outside(x.to)
			for range x.blocks {
				l.grow(list...)
			}
			d := l.digest(1, x.blocks)
			w := records(b, p, 1_000_000)
			w.context.Tree = tree
			if x.kept {
				w.context.Programs = native.Programs{Committees: kept{}}
			}
			m := w.message(alice, chain.DigestsAddress(1), chain.MethodDigest, chain.Amount{}, d.Append(nil))
			h := w.at(m.To)
			m.Seal()
			before := cpuMicros(b)
			gas := uint64(0)
			for b.Loop() {
				o, err := exec.Apply(&w.context, m.To, h.account, h, m)
				if err != nil || o.Status != chain.StatusOK {
					b.Fatal(o, err)
				}
				gas = o.GasUsed
			}
			b.ReportMetric(float64(cpuMicros(b)-before)/float64(b.N), "cpu-µs/op")
			b.ReportMetric(float64(gas)/1000, "kgas")
		})
	}
}

// outside is a tree with so many chains beside chain 2, as deep as it may be, and a value for each.
func outside(n int) (chain.Tree, []chain.Leaving) {
	tree := slices.Clip(family)
	list := []chain.Leaving{leaving(3, 1)}
	for i := 1; i < n; i++ {
		l := chain.Limb{ID: chain.ID(10 + i), Parent: 3}
		if i%(chain.MaxViews-2) > 0 {
			l.Parent = l.ID - 1
		}
		if !tree.Has(l.Parent) {
			l.Parent = 3
		}
		tree, list = tree.Grown(l), append(list, leaving(l.ID, 1))
	}
	return tree, list
}
