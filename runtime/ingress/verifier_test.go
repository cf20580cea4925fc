package ingress

import (
	"errors"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// sound is a signed message; each nonce gives another one.
func sound(nonce uint64) *chain.Message {
	key := keys.FromSeed([32]byte{1})
	a := chain.KeyAddress(chain.Main, key.Public())
	m := &chain.Message{Kind: chain.External, From: a, To: a, Payer: a, Nonce: nonce, Method: chain.MethodTransfer}
	return m.Sign(key)
}

// forged bears the signature of another message.
func forged(nonce uint64) *chain.Message {
	m := sound(nonce)
	m.Proof = sound(nonce + 1).Proof
	return m
}

func unsigned(nonce uint64) *chain.Message {
	m := sound(nonce)
	m.Proof = nil
	return m
}

// wantCodes checks that each answer is a refusal with its code, or nil where that is empty.
func wantCodes(t *testing.T, errs []error, codes ...string) {
	t.Helper()
	if len(errs) != len(codes) {
		t.Fatalf("%d answers, want %d", len(errs), len(codes))
	}
	for i, err := range errs {
		var r *Refusal
		if code := codes[i]; code == "" && err != nil || code != "" && (!errors.As(err, &r) || r.Code != code) {
			t.Errorf("message %d: %v, want %q", i, err, code)
		}
	}
}

// Submissions that are verified together get the answers to their own messages: a forged one of another caller neither
// passes nor keeps a sound one out.
func TestEachCallerItsAnswers(t *testing.T) {
	v := &verifier{done: make(chan struct{})}
	v.idle.L = &v.mu
	submissions := [][]*chain.Message{{sound(0)}, {forged(1)}, {sound(2), unsigned(3), sound(4)}, {forged(5), sound(6)}}
	for _, messages := range submissions {
		v.waiting = append(v.waiting, &request{messages: messages, ready: make(chan struct{})})
	}
	requests := v.waiting
	go v.work()
	for i, codes := range [][]string{{""}, {CodeBadSignature}, {"", CodeUnsigned, ""}, {CodeBadSignature, ""}} {
		<-requests[i].ready
		wantCodes(t, refuseSignatures(requests[i].faults), codes...)
	}
	v.close()
	wantCodes(t, v.verify([]*chain.Message{sound(7)}), CodeStopped)
}

// A submission that is large enough to be a batch of its own is answered with the same refusals.
func TestLargeSubmission(t *testing.T) {
	v := newVerifier(nil)
	defer v.close()
	messages, codes := make([]*chain.Message, alone), make([]string, alone)
	for i := range messages {
		messages[i] = sound(uint64(i))
	}
	messages[3], codes[3] = forged(3), CodeBadSignature
	messages[alone-1], codes[alone-1] = unsigned(alone), CodeUnsigned
	wantCodes(t, v.verify(messages), codes...)
	wantCodes(t, v.verify(messages[2:5]), codes[2:5]...)
}
