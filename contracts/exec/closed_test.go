package exec_test

import (
	"slices"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// Where writers are listed, others' messages are no inputs (SPEC 7.3), but for calls of system actors: digests must come through.
func TestAdmitWriters(t *testing.T) {
	s := newScene()
	var signers []keys.PrivateKey
	for i := range byte(3) {
		signers = append(signers, keys.FromSeed([32]byte{i}))
	}
	message := func(by keys.PrivateKey) *chain.Message {
		m := s.external()
		m.From = chain.KeyAddress(s.self.Chain(), by.Public())
		m.To, m.Payer = m.From, m.From
		return m.Sign(by)
	}
	s.context.Params.Writers = chain.Sorted([]keys.PublicKey{signers[0].Public(), signers[1].Public()})
	for i, by := range signers {
		got := exec.Admit(&s.context, s.account, message(by))
		if listed := i < 2; listed != (got == nil) || !listed && *got != (exec.Refusal{Kind: exec.NotWriter}) {
			t.Errorf("key %d: %v", i, got)
		}
	}
	for to, listed := range map[chain.Address]bool{
		chain.DigestsAddress(s.self.Chain()): true, chain.RegistryAddress(): true, chain.KeyAddress(s.self.Chain(), signers[0].Public()): false,
	} {
		m := message(signers[2])
		m.Method, m.Input = chain.MethodCall, chain.CallInput{To: to, Method: chain.MethodDigest}.Encode()
		m.Sign(signers[2])
		if got := exec.Admit(&s.context, s.account, m); listed != (got == nil) || !listed && *got != (exec.Refusal{Kind: exec.NotWriter}) {
			t.Errorf("a call of %s by who is not listed: %v", to, got)
		}
		if m.Method = "do"; exec.Admit(&s.context, s.account, m.Sign(signers[2])) == nil {
			t.Errorf("another message with the input of a call of %s", to)
		}
	}
	bare := message(signers[0])
	bare.Proof = nil
	if got := exec.Admit(&s.context, s.account, bare); got == nil || got.Kind != exec.NotWriter {
		t.Errorf("unsigned: %v", got)
	}
	if s.context.Params.Writers = nil; exec.Admit(&s.context, s.account, message(signers[2])) != nil {
		t.Error("where none is listed anybody writes")
	}
}

// A relay from another chain is bounced where writers are listed, but for money and what came back; one from here is not (SPEC 7.3, 8.3).
func TestRelayToWriters(t *testing.T) {
	for _, x := range []struct {
		name, method string
		from         chain.ID
		status       chain.Status
	}{
		{"a call from elsewhere", "do", 9, chain.StatusRefused}, {"an init from elsewhere", chain.MethodInit, 9, chain.StatusRefused},
		{"a call from here", "do", 0, chain.StatusOK}, {"money", chain.MethodAdd, 9, chain.StatusOK},
		{"a bounce", chain.MethodBounce, 9, chain.StatusOK}, {"a refund", chain.MethodRefund, 9, chain.StatusOK},
	} {
		s := newScene()
		s.context.Params.Writers = []keys.PublicKey{{1}}
		m := s.relay()
		m.Method = x.method
		if x.from != 0 {
			m.From = chain.KeyAddress(x.from, keys.PublicKey{2})
			m.Payer = m.From
		}
		o := s.apply(t, m)
		bounced := slices.ContainsFunc(o.Sent, func(s chain.Sent) bool { return s.Method == chain.MethodBounce && s.Amount == m.Amount })
		if o.Status != x.status || bounced != (x.status != chain.StatusOK) {
			t.Errorf("%s: %s (%s), sent %+v", x.name, o.Status, o.Reason, o.Sent)
		}
	}
}

// A structural chain takes no code, however it comes (SPEC 7.1).
func TestStructural(t *testing.T) {
	for name, do := range map[string]func(env *exec.Env) error{
		"deploy": func(env *exec.Env) error {
			_, err := env.Deploy(chain.DeployInput{Code: chain.CodeHash{1}}, chain.Amount{})
			return err
		},
		"setcode": func(env *exec.Env) error { return env.SetCode(chain.CodeHash{1}) },
	} {
		s := newScene()
		s.context.Params.Structural = true
		s.program = do
		if o := s.apply(t, s.relay()); o.Status != chain.StatusRefused || o.Reason != "chain 1 is structural: it has system actors only, and no code" {
			t.Errorf("%s: %s (%s)", name, o.Status, o.Reason)
		}
	}
}
