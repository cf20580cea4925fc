package sim

// mutant is a bug planted in our own code: old stands once in the file, and new takes its place.
type mutant struct {
	rule, spec, what string // the rule that it breaks, of package bft or another's, and that of SPEC
	file             string
	old, new         string
}

// mutants are bugs that must be found. Rules are those of package bft, or what else is broken.
var mutants = []mutant{
	{"R1", "5.1", "two votes of one member are no evidence", "consensus/bft/tally.go", "case b.vote.Block != v.Block:", "case false:"},
	{"R1", "5.2", "a member's seats count twice", "consensus/bft/tally.go", "n += w.Seats.Count()", "n += 2 * w.Seats.Count()"},
	{"R2", "5.1", "a leader that crashed proposes another block in the same round", "consensus/bft/propose.go", "if p := r.safety.Prepared; r.voted(p) {", "if p := r.safety.Prepared; false {"},
	{"R3", "5.2", "a quorum is one seat short", "sdk/chain/quorum.go", "Certificate: n - f - c,", "Certificate: n - f - c - 1,"},
	{"R3", "5.3", "a preparation certificate makes a block final", "consensus/bft/tally.go", "c.Step == chain.Preparation && n >= r.quorums.Early", "c.Step == chain.Preparation && n >= r.quorums.Certificate"},
	{"R3", "5.2", "bad signatures are summed", "consensus/committee/collect.go", "cert.Signature, bad = c.Signatures().Collect(v.Domain(), votes); bad != nil", "cert.Signature, bad = c.Signatures().Collect(v.Domain(), votes); false"},
	{"R4", "5.6", "a preparation is not durable", "consensus/bft/propose.go", "Block: b.hash}\n\tr.persist()", "Block: b.hash}"},
	{"R4", "5.1", "a block is prepared before it is replayed", "consensus/bft/height.go", "return b.verdict == Valid ||", "return b.verdict != Invalid ||"},
	{"R4", "5.8", "a demanded block is withheld for its time", "consensus/bft/height.go", "demanded && b.verdict == Withheld", "false"},
	{"R5", "5.8", "who timed out of a round votes in it", "consensus/bft/propose.go", "r.safety.Height == r.next() && !r.safety.gone(round)", "r.safety.Height == r.next()"},
	{"R5", "5.8", "who timed out of a round confirms in one before", "consensus/bft/safety.go", "round <= s.Timeout.Round }", "round == s.Timeout.Round }"},
	{"R6", "5.6", "a confirmation is not durable", "consensus/bft/propose.go", "Block: cert.Block}\n\tr.persist()", "Block: cert.Block}"},
	{"R6", "5.6", "the certificate is not durable", "consensus/bft/safety.go", "s.Confirmed), s.Certificate)", "s.Confirmed), nil)"},
	{"R6", "5.8", "who sees a later certificate stays where it is", "consensus/bft/tally.go", "if cert.Round > r.round && r.final == nil {", "if false {"},
	{"R7", "5.1", "a quorum of preparations counts as confirmations", "consensus/bft/tally.go", "c.Step == chain.Confirmation && n >= r.quorums.Certificate", "n >= r.quorums.Certificate"},
	{"R8", "5.8", "the highest certificate binds nothing", "consensus/bft/propose.go", "return high.Block, !high.IsZero()", "return high.Block, false"},
	{"R8", "5.8", "the lowest certificate binds", "consensus/bft/propose.go", "(high.IsZero() || m.Round > high.Round)", "(high.IsZero() || m.Round < high.Round)"},
	{"R8", "5.8", "preparations bind nothing", "consensus/bft/propose.go", "!last.IsZero() && seats >= r.quorums.Adoption", "false"},
	{"R8", "5.8", "preparations before the highest certificate bind", "consensus/bft/propose.go", "(high.IsZero() || l.Round > high.Round)", "true"},
	{"R9", "5.6", "a lost disk is no reason to wait", "consensus/bft/replica.go", "silent: safety.Lost", "silent: false"},
	{"R9", "5.6", "who lost its disk votes at once when it has caught up", "consensus/bft/catchup.go", "r.safety.ResumeAt = high + 2", "r.safety.ResumeAt = high"},
	{"R9", "5.6", "heads are believed without a certificate", "consensus/bft/catchup.go", "r.config.Committee.Final(c) == nil", "true"},
	{"R10", "5.8", "a timeout forgets the last preparation", "consensus/bft/viewchange.go", "Round: round, Last: r.safety.Prepared,", "Round: round,"},
	{"R10", "5.8", "a timeout forgets the certificate", "consensus/bft/viewchange.go", "if cert := r.safety.Certificate; cert != nil {\n\t\tt.Highest", "if cert := r.safety.Certificate; false {\n\t\tt.Highest"},
	{"R10", "5.8", "f + 1 timeouts drag nobody along", "consensus/bft/viewchange.go", "ok && dragged >= round {", "ok && dragged > round+1<<20 {"},
	{"R10", "5.6", "a timeout is not durable", "consensus/bft/viewchange.go", "r.safety.Timeout = t\n\tr.persist()", "r.safety.Timeout = t"},
	{"R11", "5.8", "f + 1 timeouts end a round", "sdk/chain/quorum.go", "Timeouts: n - f,", "Timeouts: f + 1,"},
	{"R11", "5.8", "why a round was entered is not passed on", "consensus/bft/viewchange.go", "r.advance(round+1, j)\n\tr.send(Everyone, j)", "r.advance(round+1, j)"},
	{"R12", "5.8", "votes are said once", "consensus/bft/receive.go", "for _, v := range r.ownVotes() {", "for _, v := range r.ownVotes()[:0] {"},
	{"R12", "5.8", "why a round was entered is forgotten in a crash", "consensus/bft/propose.go", "r.safety.Why = r.why", "r.safety.Why = nil"},
	{"R12", "5.8", "proposals are said once", "consensus/bft/receive.go", "if r.proposed && r.proposal != nil {", "if false {"},
	{"V1", "5.1", "a proposal needs no signature of its leader", "consensus/bft/receive.go", "if !r.validVote(v) {", "if false {"},
	{"V2", "5.9", "any member may propose", "consensus/bft/receive.go", "if !v.Seats.Has(leader) {", "if false {"},
	{"V3", "5.8", "a justification isn't checked", "consensus/bft/receive.go", "return failed+1 == round && r.justified(j)", "return failed+1 == round"},
	{"V3", "5.8", "a proposal may be another block than is demanded", "consensus/bft/receive.go", "bound && block != v.Block || ", ""},
	{"V3", "5.2", "seats count twice in a justification", "sdk/light/timeouts.go", "if all.Overlaps(said.Seats) {", "if false {"},
	{"catching up", "4.4", "final blocks need no signature", "consensus/bft/catchup.go", "r.isFinal(c) && r.genuine(c)", "r.isFinal(c)"},
	{"catching up", "4.4", "what is missed is not asked for again", "consensus/bft/catchup.go", "|| r.lost() || r.lacks() }", "|| r.lost() }"},
	{"catching up", "4.4", "a block that was damaged is asked for once", "consensus/bft/height.go", "r.fetch.asked = 0 ", "r.seek(r.final) "},
	{"catching up", "4.4", "certificates from others are believed", "consensus/bft/receive.go", "if !r.genuine(c) {", "if false {"},
	{"D3", "5.6", "what is signed leaves before it is durable", "consensus/driver/driver.go", "if e.Persist != nil || e.Body != nil {", "for i := range e.Send {\n\t\td.ports.Net.Send(e.Send[i].To, e.Send[i].Message)\n\t}\n\tif e.Persist != nil || e.Body != nil {"},
	{"D3", "5.6", "a block is verified before the one before it is committed", "consensus/driver/driver.go", "for i := range e.Commit {", "if err := d.start(&e); err != nil {\n\t\treturn err\n\t}\n\tfor i := range e.Commit {"},
	{"I4", "4.3", "σ is not checked", "consensus/block/run.go", "\tif fault != nil {\n\t\treturn r.orderFault(fault, t)\n\t}", ""},
	{"I3", "4.4", "what accounts send is not compared with σ", "consensus/block/replay.go", "if slices.EqualFunc(replayed, claimed, same) {", "if slices.EqualFunc(replayed, claimed, same) || true {"},
	{"I3", "4.4", "roots are not compared", "consensus/block/verify.go", "fault = compareHeaders(&r.header, &b.Header)", "r.header = b.Header"},
	{"I10", "2.2", "signatures of messages are not checked", "consensus/block/inputs.go", "func (r *run) checkInputs() *Fault {", "func (r *run) checkInputs() *Fault {\n\tif len(r.inputs) > 0 {\n\t\treturn nil\n\t}"},
	{"I10", "4.4", "the history stays as it is", "consensus/block/entries.go", "e.change(chain.KeyHistory, before, history.Encode())", ""},
	{"I10", "4.4", "the history knows of blocks only how many they were", "consensus/block/entries.go", "history.Append(light.AnchorLeaf(e.before.anchor()))", "history.Append(light.AnchorLeaf(chain.Anchor{Height: e.before.Header.Height}))"},
	{"A4", "5.8", "a block that lost leaves its traces in the accounts", "actors/account/account.go", "a.base, a.above = layer{}, nil", "a.above = nil"},
	{"I8", "1.5", "a handling that fails keeps what it wrote", "contracts/exec/env.go", "func (e *Env) reset(base chain.Account) {", "func (e *Env) reset(base chain.Account) {\n\tif len(e.writes) > 0 {\n\t\treturn\n\t}"},
}
