package sim

import "slices"

// crossings are bugs in what goes between chains. The simulator looks for them on trees alone.
var crossings = []mutant{
	{"I5", "8.3", "relays may be left out", "consensus/block/arrival.go", "if im.First != expected {", "if im.First < expected {"},
	{"I5", "8.3", "relays are taken in again", "consensus/block/arrival.go", "if im.First != expected {", "if im.First > expected {"},
	{"I5", "8.3", "which relay is next is not written down", "consensus/block/arrival.go", "for _, id := range slices.Sorted(maps.Keys(a.inward)) {", "for _, id := range slices.Sorted(maps.Keys(a.inward))[:0] {"},
	{"I5", "8.3", "relays are consumed when they were executed", "consensus/block/entries.go", "func() error { return r.arrival.entries(e.set) },", "func() error {\n\t\t\tif len(r.sequence.CarriedOut) > 0 {\n\t\t\t\tclear(r.arrival.inward)\n\t\t\t}\n\t\t\treturn r.arrival.entries(e.set)\n\t\t},"},
	{"M2", "8.2", "a zero root shows any relays", "sdk/merkle/multiproof.go", "return fmt.Errorf(\"root: %w\", ErrZero)", "return nil"},
	{"M3", "4.7", "a zero root shows any state", "sdk/merkle/stateproof.go", "return fmt.Errorf(\"root: %w\", ErrZero)", "return nil"},
	{"I5", "8.2", "an import shows nothing of the outbox", "sdk/light/import.go", "if err := p.Places.Verify(anchor.Outbox, leaves); err != nil {", "if err := p.Places.Verify(anchor.Outbox, leaves); false {"},
	{"I5", "8.1", "all relays have one number", "consensus/block/outbox.go", "\t\to.Next++\n", ""},
	{"I5", "8.1", "relays of several blocks go together", "runtime/keep/relay.go", "if x.Height != list[0].Height || int(x.Place) >= len(outbox) {", "if int(x.Place) >= len(outbox) {"},
	{"L9", "8.2", "a relay may be from anywhere", "sdk/light/import.go", "m.From.Chain() == source && ", ""},
	{"L10", "8.7", "more comes out of a branch than has left it", "sdk/light/import.go", "if err != nil || b.Left.Less(after) {", "if err != nil {"},
	{"L10", "8.7", "what came out of a branch is forgotten", "consensus/block/arrival.go", "for _, id := range slices.Sorted(maps.Keys(a.taken)) {", "for _, id := range slices.Sorted(maps.Keys(a.taken))[:0] {"},
	{"D1", "7.2", "a digest may leave out blocks", "sdk/light/follow.go", "case !follows && link != Ahead:", "case !follows && link != Ahead && false:"},
	{"D2", "7.2", "a digest counts before its certificate is checked", "sdk/light/follow.go", "if err := c.Block(last, &d.Certificate); err != nil {", "if err := c.Block(last, &d.Certificate); false {"},
	{"D2", "7.2", "a digest's blocks are not linked", "sdk/light/follow.go", "if hash := before.Hash(); h.Parent != hash {", "if hash := before.Hash(); false {"},
	{"D2", "7.2", "a digest follows any block", "sdk/light/follow.go", "first.Parent != known.Hash:", "first.Parent != known.Hash && false:"},
	{"D4", "4.9", "two blocks of one height are no evidence", "contracts/native/forks.go", "\tchild.Forked = true\n", ""},
	{"D4", "4.9", "another block of a height needs no certificate", "contracts/native/forks.go", "c.shown, c.committee, light.Direct); err != nil {", "c.shown, c.committee, light.Direct); false {"},
	{"D4", "7.2", "a block is said to be recorded", "contracts/native/forks.go", "light.AnchorLeaf(at)); err != nil {", "light.AnchorLeaf(at)); false {"},
	{"D3", "8.7", "a child sends more than it has", "contracts/native/solvency.go", "bound.Less(child.Left) {", "false {"},
	{"D3", "8.7", "what enters a branch counts twice", "consensus/block/entries.go", "branch[child] = plenty(branch[child], below[id])", "branch[child] = plenty(plenty(branch[child], below[id]), below[id])"},
	{"D3", "8.7", "a credit counts again whenever it grows", "consensus/block/arrival_facts.go", "\treturn sent.Sub(before)\n", "\treturn sent, nil\n"},
	{"D3", "4.6", "a header is silent about gas that leaves", "consensus/block/outbox.go", "add(o.To, exec.Value(o.Message), true)", "add(o.To, o.Message.Amount, true)"},
	{"G2", "8.7", "the limit of a valve isn't counted", "sdk/chain/gate.go", "g.Passed = plus(g.Passed, amount)", "_ = amount"},
	{"G2", "8.7", "a valve's window opens too early", "sdk/chain/gate.go", "if height-g.Opened >= uint64(g.Valve.Window) {", "if height > g.Opened {"},
	{"G3", "8.7", "the delay of a valve is skipped", "sdk/chain/gate.go", "w.Young = plus(w.Young, l.Amount)", "w.Ripe = plus(w.Ripe, l.Amount)"},
	{"attributes", "7.3", "attributes change within an epoch", "consensus/block/arrival_facts.go", "c.Seats.Epoch = now.Epoch + 1", "if c.Seats.Epoch = now.Epoch; c.Seats.Hash() != now.Hash() {\n\t\tc.Seats.Epoch++\n\t}"},
	{"attributes", "7.1", "a block needs half of its interval", "consensus/block/before.go", "uint64(max(p.BlockMillis, 1))", "uint64(max(p.BlockMillis/2, 1))"},
	{"attributes", "7.3", "a stranger's message is admitted", "contracts/exec/apply.go", "return err == nil && chain.Allows(c.Params.Writers, signed.Public)", "return err == nil || chain.Allows(c.Params.Writers, signed.Public)"},
	{"I1", "2.3", "a refund abroad costs nothing", "consensus/block/outbox.go", "\t\tm.Amount = amount\n", "\t\tm.Amount = left\n"},
	{"facts", "6.7", "a fact shows nothing of the ancestor's state", "consensus/block/arrival_facts.go", "_, err = p.Verify(&start, f.From, light.Entry{Account: slot.Account, Key: slot.Key, Value: f.Value})", "_, _ = p, start"},
	{"acks", "8.6", "more is acknowledged than was sent", "consensus/block/arrival.go", "case p.Next > o.Next:", "case false:"},
	{"acks", "8.6", "a chain is told the wrong number of what was taken in", "runtime/keep/relay.go", "is.Next, err = chain.DecodeNumber(value)", "is.Next, err = chain.DecodeNumber(value)\n\tis.Next++"},
	{"relay", "8.4", "views don't go over a change of committee", "runtime/relay/bring.go", "for known.Epoch < epoch {", "for known.Epoch > epoch {"},
	{"relay", "8.4", "an envelope is good for one block of its ancestor", "runtime/relay/envelope.go", "led, fault, err := b.lead(a, e)", "led, fault, err := (*light.Envelope)(nil), (*block.Fault)(nil), error(nil)"},
	{"relay", "7.2", "a digest goes on behind a change of committee", "runtime/keep/relay.go", "if h.Next != h.Committee {\n\t\t\tbreak", "if false {\n\t\t\tbreak"},
	{"relay", "8.7", "a branch is shown as it was when its block was recorded", "runtime/relay/way.go", "last, err := by.LastRecorded(child, most)", "last, err := uint64(0), error(nil)"},
	{"relay", "8.4", "envelopes that were refused are kept", "runtime/relay/envelope.go", "\t\t\tb.replace(e, nil)\n\t\t\trefused", "\t\t\trefused"},
	{"relay", "8.4", "envelopes that can't be next keep out others", "runtime/relay/envelope.go", "if list, err = coming(a, list); err != nil {", "if _, err = coming(a, list); err != nil {"},
	{"relay", "8.4", "nodes of a child's accumulator are not kept", "runtime/keep/relay.go", "for _, recorded := range r.Recorded {", "for _, recorded := range r.Recorded[:0] {"},
	{"relay", "4.9", "a fork is shown again and again", "runtime/relay/courier.go", "if recorded.Forked && ", "if recorded.Forked && false && "},
	{"relay", "7.2", "digests are carried only for what leaves", "runtime/relay/courier.go", "!due && !eased && !c.leaves(run) {", "!eased && !c.leaves(run) {"},
	{"relay", "8.4", "what was refused once is not tried again", "runtime/relay/vain.go", "v.until = height + v.wait", "v.until = height + 1<<40"},
	{"relay", "8.4", "members keep to themselves what they were brought", "runtime/relay/tell.go", "if e.due <= now {", "if false {"},
	{"relay", "8.4", "members believe what others tell of", "runtime/relay/tell.go", "spent || fault != nil || err != nil", "spent || err != nil"},
	{"relay", "8.4", "what is brought is kept, whatever it shows", "runtime/relay/envelope.go", "if spent || fault != nil || err != nil {\n\t\treturn fault, err", "if spent || err != nil {\n\t\treturn nil, err"},
	{"relay", "8.4", "a piece displaces what has more", "runtime/relay/envelope.go", "if more, err := b.hasMore(fresh, e, false); more || err != nil {", "if more, err := b.hasMore(fresh, e, false); more && false || err != nil {"},
	{"relay", "8.4", "no relay is worth a block", "runtime/relay/bring.go", "if use, err := b.ofUse(l, relays); use || err != nil {\n\t\t\treturn use, err\n\t\t}\n", ""},
}

// betweenChains says whether it is one of them.
func (m *mutant) betweenChains() bool {
	return slices.ContainsFunc(crossings, func(c mutant) bool { return c.what == m.what })
}
