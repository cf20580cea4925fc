package node

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/cluster/placement"
	"github.com/thinkey/thinkey/runtime/ingress"
	"github.com/thinkey/thinkey/sdk/chain"
)

func FuzzAccountAt(f *testing.F) {
	h := &chain.Header{Chain: chain.Main, Height: 7}
	a := AccountAt{Account: chain.Account{Balance: chain.NewAmount(5), Nonce: 3}, Head: Head{h, h.Hash()}, Waiting: 2, Next: 5}
	f.Add(a.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if a, err := decodeAccountAt(testAddress(1), b); err == nil && (!bytes.Equal(a.encode(), b) || a.Head.Hash != a.Head.Header.Hash()) {
			t.Errorf("%x is read as %+v", b, a)
		}
	})
}

// What is read of another node's answers is what it wrote, with as many answers as there were messages.
func FuzzAnswers(f *testing.F) {
	m := &chain.Message{Kind: chain.External, From: testAddress(1), To: testAddress(1), Payer: testAddress(1), Nonce: 4, Method: chain.MethodTransfer}
	raws := [][]byte{m.Encode(), m.Encode(), []byte("junk")}
	busy := &ingress.Refusal{Code: ingress.CodeChainLoaded, Words: "later", Hint: "wait", After: 1500 * time.Millisecond}
	f.Add(encodeAnswers([]ingress.Answer{{}, {Refused: busy}, {Refused: &account.Refusal{Kind: account.NonceUsed, Words: "used"}}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := decodeAnswers(b, raws)
		if err != nil {
			return
		}
		if again, err := decodeAnswers(encodeAnswers(list), raws); err != nil || len(list) != len(raws) || !reflect.DeepEqual(again, list) {
			t.Errorf("%x is read as %+v, and what is written of that as %+v, %v", b, list, again, err)
		}
	})
}

// Of another chain's header nothing is taken.
func TestAccountAtOtherChain(t *testing.T) {
	a := AccountAt{Head: Head{Header: &chain.Header{Chain: 2}}}
	if _, err := decodeAccountAt(testAddress(1), a.encode()); !errors.Is(err, ErrAnswer) {
		t.Error(err)
	}
}

// As many answers as there may be, each as long as it may be, fit into what carries them.
func TestAnswersFit(t *testing.T) {
	why := &ingress.Refusal{Code: ingress.CodeChainLoaded, Words: strings.Repeat("w", 2*maxAnswerText), Hint: strings.Repeat("h", 2*maxAnswerText)}
	list := slices.Repeat([]ingress.Answer{{Refused: why}}, forwardCount)
	if n := len(encodeAnswers(list)); n > placement.MaxBody || n < forwardCount*2*maxAnswerText {
		t.Errorf("%d bytes, of %d that fit", n, placement.MaxBody)
	}
}

// A reason comes to the other node as it was, and an answer that can't be one is none.
func TestAnswersOfMessages(t *testing.T) {
	m := &chain.Message{Kind: chain.External, From: testAddress(1), To: testAddress(1), Payer: testAddress(1), Nonce: 4, Method: chain.MethodTransfer}
	raws := [][]byte{m.Encode(), m.Encode(), m.Encode(), []byte("junk")}
	busy := &ingress.Refusal{Code: ingress.CodeChainLoaded, Words: "later", Hint: "wait", After: 1500 * time.Millisecond}
	b := encodeAnswers([]ingress.Answer{{}, {Refused: busy}, {Refused: &account.Refusal{Kind: account.NonceUsed, Words: "used"}}, {Refused: errors.New("secret")}})
	list, err := decodeAnswers(b, raws)
	if err != nil {
		t.Fatal(err)
	}
	var second, third, fourth *ingress.Refusal
	if list[0].Refused != nil || list[0].ID != m.ID() || list[0].Nonce != 4 {
		t.Errorf("%+v", list[0])
	}
	if !errors.As(list[1].Refused, &second) || *second != *busy {
		t.Errorf("%+v", list[1].Refused)
	}
	if !errors.As(list[2].Refused, &third) || third.Code != string(account.NonceUsed) {
		t.Errorf("%+v", list[2].Refused)
	}
	if !errors.As(list[3].Refused, &fourth) || bytes.Contains(b, []byte("secret")) {
		t.Errorf("%+v", list[3].Refused)
	}
	for what, bad := range map[string][]byte{"cut short": b[:len(b)-1], "more": append(bytes.Clone(b), 0), "junk was taken": encodeAnswers(make([]ingress.Answer, 4))} {
		if _, err := decodeAnswers(bad, raws); !errors.Is(err, ErrAnswer) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
