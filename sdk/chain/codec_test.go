package chain_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/wire"
)

var update = flag.Bool("update", false, "rewrite testdata/encodings.txt")

// codec is a kind of thing that is encoded: samples of it, and a way to decode and encode again.
type codec struct {
	name    string
	samples [][]byte
	again   func(b []byte) ([]byte, error)
	// absent says that nothing at all stands for the zero value, as for an entry that is not in the state.
	absent bool
	// same decodes the sample with the given number and says how it differs from the value that was encoded.
	same func(i int, b []byte) string
}

// of makes a codec of its two halves and some values.
func of[T any](name string, encode func(T) []byte, decode func([]byte) (T, error), values ...T) codec {
	c := codec{name: name}
	for _, v := range values {
		c.samples = append(c.samples, encode(v))
	}
	c.again = func(b []byte) ([]byte, error) {
		v, err := decode(b)
		if err != nil {
			return nil, err
		}
		return encode(v), nil
	}
	c.same = func(i int, b []byte) string {
		v, err := decode(b)
		if err != nil {
			return err.Error()
		}
		if !reflect.DeepEqual(v, values[i]) { // remembered ids included
			return fmt.Sprintf("decoded as %+v, want %+v", v, values[i])
		}
		return ""
	}
	return c
}

func decodeAnchor(b []byte) (chain.Anchor, error) {
	r := wire.NewReader(b)
	a := chain.ReadAnchor(r)
	return a, r.Done()
}

func decodeImport(b []byte) (chain.Import, error) {
	r := wire.NewReader(b)
	i := chain.ReadImport(r)
	return i, r.Done()
}

func nothingIsZero(c codec) codec {
	c.absent = true
	return c
}

var codecs = []codec{
	of("message", (*chain.Message).Encode, chain.DecodeMessage, external(), relay()),
	of("block", func(k *chain.Block) []byte { return k.Append(nil) }, chain.DecodeBlock, block(), &chain.Block{Header: header()}),
	of("header", func(h chain.Header) []byte { return h.Append(nil) }, chain.DecodeHeader, header()),
	of("certificate", func(c chain.Certificate) []byte { return c.Append(nil) }, chain.DecodeCertificate, certificate()),
	of("vote", func(v chain.Vote) []byte { return v.Append(nil) }, chain.DecodeVote, vote()),
	of("timeout", func(o chain.Timeout) []byte { return o.Append(nil) }, chain.DecodeTimeout, timeout(), chain.Timeout{Chain: 1}),
	of("committee", func(c chain.Committee) []byte { return c.Append(nil) }, chain.DecodeCommittee, committee()),
	of("digest", func(d chain.Digest) []byte { return d.Append(nil) }, chain.DecodeDigest, digest()),
	of("fork", chain.ForkInput.Encode, chain.DecodeFork, chain.ForkInput{Recorded: header(), Place: []byte{1, 2}, Committee: committee(), Other: digest()}),
	of("account", chain.Account.Encode, chain.DecodeAccount, accounts()...),
	of("receipts", func(l []chain.Receipt) []byte { return chain.AppendReceipts(nil, l) }, chain.DecodeReceipts, receipts(), []chain.Receipt{}),
	nothingIsZero(of("queue", chain.Queue.Encode, chain.DecodeQueue, chain.Queue{Head: 3, Tail: 7, Gas: 9})),
	nothingIsZero(of("amount", chain.EncodeAmount, chain.DecodeAmount, chain.MaxAmount)),
	of("params", chain.Params.Encode, chain.DecodeParams, params(), chain.DefaultParams(), closed()),
	of("charter", chain.Charter.Encode, chain.DecodeCharter, chain.Charter{Seats: committee(), Params: closed()}),
	of("gate", chain.Gate.Encode, chain.DecodeGate, gate(), chain.Gate{Valve: chain.Valve{Delay: 1}}),
	of("params input", chain.ParamsInput.Encode, chain.DecodeParamsInput, chain.ParamsInput{Chain: 2, Params: closed()}),
	of("valve input", chain.ValveInput.Encode, chain.DecodeValveInput, chain.ValveInput{Chain: 2, Valve: closed().Valve}),
	of("genesis", (*chain.Genesis).Encode, chain.DecodeGenesis, genesis(), governed(), network(), within()),
	of("tree", chain.Tree.Encode, chain.DecodeTree, tree(), chain.Alone(1)),
	of("anchor", func(a chain.Anchor) []byte { return a.Append(nil) }, decodeAnchor, anchor()),
	of("known", chain.Known.Encode, chain.DecodeKnown, known()),
	of("import", func(i chain.Import) []byte { return i.Append(nil) }, decodeImport, imported()),
	nothingIsZero(of("outward", chain.Outward.Encode, chain.DecodeOutward, chain.Outward{Next: 3, Consumed: 2, At: 9, Load: 1})),
	nothingIsZero(of("number", chain.EncodeNumber, chain.DecodeNumber, 1<<40)),
	of("registration", chain.Registration.Encode, chain.DecodeRegistration, registration()),
	of("branch", chain.Branch.Encode, chain.DecodeBranch, branch()),
	of("child", chain.Child.Encode, chain.DecodeChild, child()),
	of("create", chain.CreateInput.Encode, chain.DecodeCreate, create(), chain.CreateInput{Parent: 1, Name: "shop", Nodes: applicants()[:1]}),
	of("committee input", chain.CommitteeInput.Encode, chain.DecodeCommitteeInput, chain.CommitteeInput{Chain: 1, Silent: 2, Nodes: applicants()}),
	of("node", chain.NodeInput.Encode, chain.DecodeNode, node()),
	of("node entry", chain.Node.Encode, chain.DecodeNodeEntry, nodeEntry()),
	of("numbering", chain.Numbering.Encode, chain.DecodeNumbering, chain.Numbering{Next: 1, Chains: 2}),
	of("limb", chain.Limb.Encode, chain.DecodeLimb, chain.Limb{ID: 2, Parent: 1}),
	of("recorded event", chain.RecordedEvent.Encode, chain.DecodeRecorded, chain.RecordedEvent{Child: 1, First: 2, Last: 3}),
	of("forked event", chain.ForkedEvent.Encode, chain.DecodeForked, forked()),
	of("transfer", chain.TransferInput.Encode, chain.DecodeTransfer, chain.TransferInput{To: address(1)}),
	of("call", chain.CallInput.Encode, chain.DecodeCall, chain.CallInput{To: address(1), Method: "bid", GasLimit: 2, Input: []byte("in")}),
	of("setcode", chain.SetCodeInput.Encode, chain.DecodeSetCode, chain.SetCodeInput{Code: chain.CodeHash{1}}),
	of("deploy", chain.DeployInput.Encode, chain.DecodeDeploy, chain.DeployInput{Code: chain.CodeHash{1}, Salt: [32]byte{2}, GasLimit: 3, Input: []byte("in")}),
	of("bounce", chain.BounceInput.Encode, chain.DecodeBounce, bounceInput()),
	of("publish", chain.PublishInput.Encode, chain.DecodePublish, chain.PublishInput{Immutable: true, Code: []byte("code")}, chain.PublishInput{}),
	of("init", chain.InitInput.Encode, chain.DecodeInit, chain.InitInput{Code: chain.CodeHash{1}, Salt: [32]byte{2}, Input: []byte("in")}),
	of("code entry", chain.CodeEntry.Encode, chain.DecodeCodeEntry, chain.CodeEntry{Height: 1, Bytes: 2, Immutable: true, Load: 3, Ran: 4}),
	nothingIsZero(of("warm", chain.Warm.Encode, chain.DecodeWarm, warm())),
}

// check holds W1 for b, accepted or not, and that decoding allocates little more than b's length (W2).
func (c *codec) check(t *testing.T, b []byte) {
	t.Helper()
	if c.absent && len(b) == 0 {
		return
	}
	var again []byte
	var err error
	used := allocated(func() { again, err = c.again(b) })
	if err == nil && !bytes.Equal(again, b) {
		t.Fatalf("%x accepted, encodes to %x", b, again)
	}
	if limit := uint64(12*len(b) + 32<<10); used > limit { // an event takes 6 times its bytes, a receipt's event 8, and encoding again some
		t.Fatalf("%d bytes allocated %d (limit %d): %x", len(b), used, limit, b)
	}
}

// allocated is how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// third is where to begin if every third is tried, others each time: looking at what is allocated takes long. What fails is printed whole.
func third() int { return rand.IntN(3) }

func each(t *testing.T, f func(t *testing.T, c *codec, i int, sample []byte)) {
	for n := range codecs {
		c := &codecs[n]
		for i, sample := range c.samples {
			t.Run(fmt.Sprintf("%s%d", c.name, i), func(t *testing.T) { f(t, c, i, sample) })
		}
	}
}

// The samples set every field, so that the tests below see one that is not encoded.
func TestSamplesAreFull(t *testing.T) {
	e, r := external(), relay()
	r.Nonce, r.ValidUntil, r.Proof = e.Nonce, e.ValidUntil, e.Proof
	full := accounts()[2]
	full.Immutable = accounts()[3].Immutable
	rich := block().Order[0].Events[0]
	if len(rich.Sent) == 0 {
		rich = block().Order[1].Events[0]
	}
	rich.Received++
	rich.Joined = block().Order[0].Events[len(block().Order[0].Events)-1].Joined || block().Order[1].Events[len(block().Order[1].Events)-1].Joined
	for _, v := range []any{*r, *block(), block().Inputs[1], rich, rich.Sent[1], header(), header().Roots, header().Views[0], header().Leaving[0],
		certificate(), vote(), timeout(), timeout().Highest, committee(), committee().Seats[0], digest(), arrived(), arrived().Facts[0], arrived().Acks[0],
		imported(), tree()[1], anchor(), known(), registration(), branch(), child(), applicants()[0], create(), node(), nodeEntry(), forked(), full, receipts()[1], receipts()[1].Events[0], closed(), closed().Valve, gate(), everything(), *within().Within, genesis().Accounts[0], bounceInput()} {
		s := reflect.ValueOf(v)
		for i := range s.NumField() {
			if s.Field(i).IsZero() {
				t.Errorf("no sample sets %s.%s", s.Type(), s.Type().Field(i).Name)
			}
		}
	}
}

// everything is a genesis with every field set, which no genesis has.
func everything() chain.Genesis {
	g := *within()
	g.Chains, g.Owner = network().Chains, network().Owner
	return g
}

// Every field comes back as it was.
func TestRoundTrip(t *testing.T) {
	each(t, func(t *testing.T, c *codec, i int, sample []byte) {
		if diff := c.same(i, sample); diff != "" {
			t.Error(diff)
		}
		c.check(t, sample)
	})
}

// W1: a flipped bit is refused, or is another value with an encoding of its own.
func TestFlippedBits(t *testing.T) {
	each(t, func(t *testing.T, c *codec, _ int, sample []byte) {
		for i := third(); i < 8*len(sample); i += 3 {
			b := bytes.Clone(sample)
			b[i/8] ^= 1 << (i % 8)
			c.check(t, b)
		}
	})
}

// W3: what is cut off or appended is refused.
func TestCutAndAppended(t *testing.T) {
	each(t, func(t *testing.T, c *codec, _ int, sample []byte) {
		for n := range sample {
			if _, err := c.again(sample[:n]); err == nil && (n > 0 || !c.absent) {
				t.Errorf("the first %d of %d bytes are accepted", n, len(sample))
			}
		}
		for v := range 256 {
			if _, err := c.again(append(bytes.Clone(sample), byte(v))); err == nil {
				t.Errorf("accepted with %#x behind it", v)
			}
		}
	})
}

// W2: no count or length that is a lie makes a decoder allocate for it.
func TestLyingCounts(t *testing.T) {
	each(t, func(t *testing.T, c *codec, _ int, sample []byte) {
		for i := third(); i < len(sample)-3; i += 3 {
			for _, n := range []uint32{1 << 8, 1 << 12, 1 << 16, 1 << 20, 10_000_000, 1 << 31, 1<<32 - 1} {
				b := bytes.Clone(sample)
				copy(b[i:], wire.AppendU32(nil, n))
				c.check(t, b)
			}
		}
	})
}

// W2 for the events of a block: at most MaxBlockEvents together, however many accounts they are spread over.
func TestEventsOfBlock(t *testing.T) {
	full := func(accounts, events int) []byte {
		k := &chain.Block{Header: header()}
		for a := range accounts {
			k.Order = append(k.Order, chain.Sequence{Account: address(byte(a)), Events: make([]chain.Event, events)})
		}
		sortOrder(k.Order)
		return k.Append(nil)
	}
	if _, err := chain.DecodeBlock(full(4, chain.MaxBlockEvents/4)); err != nil {
		t.Errorf("as many events as may be: %v", err)
	}
	over := full(5, chain.MaxBlockEvents/4)
	var err error
	used := allocated(func() { _, err = chain.DecodeBlock(over) })
	if !errors.Is(err, wire.ErrLimit) {
		t.Errorf("more events than may be: %v", err)
	}
	if limit := uint64(chain.MaxBlockEvents*32 + 1<<20); used > limit {
		t.Errorf("allocated %d (limit %d)", used, limit)
	}
}

// What is too long is refused before anything of it is read.
func TestTooLong(t *testing.T) {
	if _, err := chain.DecodeMessage(make([]byte, chain.MaxPublicationBytes+1)); !errors.Is(err, wire.ErrLimit) {
		t.Errorf("message: %v", err)
	}
	if _, err := chain.DecodeBlock(make([]byte, chain.MaxBlockBytes+1)); !errors.Is(err, wire.ErrLimit) {
		t.Errorf("block: %v", err)
	}
}

// goldens are the encodings, ids and texts that other machines and later versions rely on.
func goldens() string {
	var out strings.Builder
	line := func(name, text string) { fmt.Fprintf(&out, "%s %s\n", name, text) }
	for _, c := range codecs {
		for i, b := range c.samples {
			line(fmt.Sprintf("%s.%d", c.name, i), hex.EncodeToString(b))
		}
	}
	h, g := header(), genesis()
	line("external.id", external().ID().String())
	line("relay.id", relay().ID().String())
	line("header.hash", h.Hash().String())
	c := committee()
	line("committee.hash", c.Hash().String())
	line("genesis.network", g.Network().String())
	line("genesis.parent", g.Parent().String())
	line("address.key", chain.KeyAddress(chain.Main, key(1).Public()).String())
	line("address.made", chain.MadeAddress(7, address(1), [32]byte{2}, chain.CodeHash{3}).String())
	line("address.system", chain.SystemAddress(chain.Main).String())
	line("queued.key", hex.EncodeToString([]byte(chain.QueuedKey(258))))
	return out.String()
}

// An encoding that changes is a fork: run with -update only if that is meant, and read the diff.
func TestGolden(t *testing.T) {
	file := filepath.Join("testdata", "encodings.txt")
	if *update {
		if err := os.WriteFile(file, []byte(goldens()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(goldens(), "\n")); diff != "" {
		t.Errorf("encodings changed (-want +got):\n%s", diff)
	}
}

func fuzzCodec(f *testing.F, name string) {
	for i := range codecs {
		if c := &codecs[i]; c.name == name {
			for _, sample := range c.samples {
				f.Add(sample)
			}
			f.Fuzz(func(t *testing.T, b []byte) { c.check(t, b) })
			return
		}
	}
	f.Fatalf("no codec %q", name)
}

func FuzzMessage(f *testing.F)        { fuzzCodec(f, "message") }
func FuzzBlock(f *testing.F)          { fuzzCodec(f, "block") }
func FuzzHeader(f *testing.F)         { fuzzCodec(f, "header") }
func FuzzCertificate(f *testing.F)    { fuzzCodec(f, "certificate") }
func FuzzVote(f *testing.F)           { fuzzCodec(f, "vote") }
func FuzzTimeout(f *testing.F)        { fuzzCodec(f, "timeout") }
func FuzzCommittee(f *testing.F)      { fuzzCodec(f, "committee") }
func FuzzDigest(f *testing.F)         { fuzzCodec(f, "digest") }
func FuzzAccount(f *testing.F)        { fuzzCodec(f, "account") }
func FuzzReceipts(f *testing.F)       { fuzzCodec(f, "receipts") }
func FuzzQueue(f *testing.F)          { fuzzCodec(f, "queue") }
func FuzzAmount(f *testing.F)         { fuzzCodec(f, "amount") }
func FuzzParams(f *testing.F)         { fuzzCodec(f, "params") }
func FuzzGenesis(f *testing.F)        { fuzzCodec(f, "genesis") }
func FuzzTransfer(f *testing.F)       { fuzzCodec(f, "transfer") }
func FuzzCall(f *testing.F)           { fuzzCodec(f, "call") }
func FuzzSetCode(f *testing.F)        { fuzzCodec(f, "setcode") }
func FuzzDeploy(f *testing.F)         { fuzzCodec(f, "deploy") }
func FuzzTree(f *testing.F)           { fuzzCodec(f, "tree") }
func FuzzAnchor(f *testing.F)         { fuzzCodec(f, "anchor") }
func FuzzKnown(f *testing.F)          { fuzzCodec(f, "known") }
func FuzzImport(f *testing.F)         { fuzzCodec(f, "import") }
func FuzzOutward(f *testing.F)        { fuzzCodec(f, "outward") }
func FuzzCharter(f *testing.F)        { fuzzCodec(f, "charter") }
func FuzzGate(f *testing.F)           { fuzzCodec(f, "gate") }
func FuzzParamsInput(f *testing.F)    { fuzzCodec(f, "params input") }
func FuzzValveInput(f *testing.F)     { fuzzCodec(f, "valve input") }
func FuzzRegistration(f *testing.F)   { fuzzCodec(f, "registration") }
func FuzzBranch(f *testing.F)         { fuzzCodec(f, "branch") }
func FuzzChild(f *testing.F)          { fuzzCodec(f, "child") }
func FuzzCreate(f *testing.F)         { fuzzCodec(f, "create") }
func FuzzCommitteeInput(f *testing.F) { fuzzCodec(f, "committee input") }
func FuzzNode(f *testing.F)           { fuzzCodec(f, "node") }
func FuzzNodeEntry(f *testing.F)      { fuzzCodec(f, "node entry") }
func FuzzBounce(f *testing.F)         { fuzzCodec(f, "bounce") }

// Refused by rule, each named in its error.
func TestRefusedValues(t *testing.T) {
	edit := func(b []byte, at int, v ...byte) []byte {
		b = bytes.Clone(b)
		copy(b[at:], v)
		return b
	}
	h, c, v := header(), certificate(), vote()
	twice := h
	twice.Views = []chain.View{h.Views[0], h.Views[0]}
	leaving := h
	leaving.Leaving = []chain.Leaving{h.Leaving[1], h.Leaving[0]}
	zeros := c
	zeros.Bitmap = []byte{1, 0}
	nobody := c
	nobody.Bitmap = nil
	unsorted := block()
	unsorted.Order[0], unsorted.Order[1] = unsorted.Order[1], unsorted.Order[0]
	idle := block()
	idle.Order[0].Events, idle.Order[1].Events = nil, make([]chain.Event, 9)
	unmarked, ahead, behind := timeout(), timeout(), timeout()
	unmarked.Last.Block = chain.BlockHash{}
	ahead.Last.Round = 10
	behind.Highest = chain.Mark{Round: 10, Block: chain.BlockHash{1}}
	inbound := block()
	inbound.Inputs[0].Message = relay()
	carries := relay().Clone()
	carries.Proof = []byte{1}
	fine := bounceInput()
	fine.Status = chain.StatusOK
	for _, x := range []struct {
		name, codec, text string
		in                []byte
	}{
		{"kind", "message", "kind 3", edit(external().Encode(), 1, 3)},
		{"relay with proof", "message", "verification data of a relay", carries.Encode()},
		{"from chain 0", "message", "from", edit(external().Encode(), 34, 0, 0, 0, 0)},
		{"header of chain 0", "header", "chain 0", edit(h.Append(nil), 33, 0, 0, 0, 0)},
		{"view twice", "header", "views not in ascending order", twice.Append(nil)},
		{"leaving unsorted", "header", "leaving values not in ascending order", leaving.Append(nil)},
		{"step", "certificate", "step 3", edit(c.Append(nil), 1, 3)},
		{"bitmap ends in zeros", "certificate", "bitmap", zeros.Append(nil)},
		{"bitmap empty", "certificate", "bitmap", nobody.Append(nil)},
		{"vote in no step", "vote", "step 0", edit(v.Append(nil), 1, 0)},
		{"vote past all steps", "vote", "step 4", edit(v.Append(nil), 1, 4)},
		{"timeout with a round of no block", "timeout", "last round 7", unmarked.Append(nil)},
		{"timeout before its last preparation", "timeout", "last round 10", ahead.Append(nil)},
		{"timeout before its highest certificate", "timeout", "highest round 10", behind.Append(nil)},
		{"accounts unsorted", "block", "accounts not in ascending order", unsorted.Append(nil)},
		{"account without events", "block", "events of an account", idle.Append(nil)},
		{"relay as an input", "block", "a relay among external messages", inbound.Append(nil)},
		{"digest of nothing", "digest", "headers", (&chain.Digest{Certificate: c}).Append(nil)},
		{"code kind", "account", "code kind", edit(accounts()[0].Encode(), 41, 4)},
		{"code zero", "account", "code has", edit(accounts()[2].Encode(), 42, 0)},
		{"storage of nothing", "account", "storage bytes", edit(accounts()[1].Encode(), 49, 0)},
		{"queue backwards", "queue", "queue from 2 to 1", chain.Queue{Head: 2, Tail: 1}.Encode()},
		{"queue too long", "queue", "queue from 0 to 1048577", chain.Queue{Tail: chain.MaxBlockEvents + 1}.Encode()},
		{"params out of range", "params", "fresh_share 0", edit(params().Encode(), 13, 0)},
		{"call without method", "call", "method", chain.CallInput{To: address(1)}.Encode()},
		{"call to nobody", "call", "receiver", chain.CallInput{Method: "a"}.Encode()},
		{"bounce of what went well", "bounce", "status 1", fine.Encode()},
		{"status 0", "receipts", "status 0", edit(chain.AppendReceipts(nil, receipts()), 36, 0)},
		{"status 15", "receipts", "status 15", edit(chain.AppendReceipts(nil, receipts()), 36, 15)},
	} {
		t.Run(x.name, func(t *testing.T) {
			for i := range codecs {
				if codecs[i].name != x.codec {
					continue
				}
				if _, err := codecs[i].again(x.in); !errors.Is(err, wire.ErrValue) || !strings.Contains(err.Error(), x.text) {
					t.Fatalf("error %v, want %q", err, x.text)
				}
			}
		})
	}
}

// The bound of a committee fits its bitmap.
func TestBitmapHoldsAllSeats(t *testing.T) {
	c := certificate()
	c.Bitmap = bytes.Repeat([]byte{0xff}, chain.MaxSeats/8)
	got, err := chain.DecodeCertificate(c.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	seats := 0
	for _, b := range got.Bitmap {
		seats += bits.OnesCount8(b)
	}
	if seats != chain.MaxSeats {
		t.Fatalf("%d seats", seats)
	}
}
