package chain_test

import (
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// payment is a signed transfer, the message that most blocks are full of.
func payment(n uint64) *chain.Message {
	key := keys.FromSeed([32]byte{byte(n), byte(n >> 8), byte(n >> 16)})
	from := chain.KeyAddress(chain.Main, key.Public())
	m := &chain.Message{
		Network: chain.NetworkID{1}, Kind: chain.External, From: from, To: from, Payer: from, Nonce: n, ValidUntil: 1000,
		Amount: chain.NewAmount(n + 1), GasLimit: 200_000, Method: chain.MethodTransfer,
		Input: chain.TransferInput{To: from}.Encode(),
	}
	return m.Sign(key)
}

// payments is a block of n payments, each with its add.
func payments(n int) *chain.Block {
	k := &chain.Block{Header: header()}
	for i := range n {
		m := payment(uint64(i))
		k.Inputs = append(k.Inputs, chain.Input{Message: m})
		k.Order = append(k.Order, chain.Sequence{Account: m.From, Events: []chain.Event{
			{Received: uint32(i), Sent: []chain.Sent{{To: m.From, Method: chain.MethodAdd, Amount: m.Amount, GasLimit: 10_000}}},
			{Received: uint32(n + i)},
		}})
	}
	sortOrder(k.Order)
	return k
}

func BenchmarkMessageEncode(b *testing.B) {
	m := payment(7)
	b.ReportAllocs()
	for b.Loop() {
		m.Encode()
	}
}

func BenchmarkMessageDecode(b *testing.B) {
	raw := payment(7).Encode()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := chain.DecodeMessage(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMessageID(b *testing.B) {
	m := payment(7)
	b.ReportAllocs()
	for b.Loop() {
		m.Seal()
	}
}

func BenchmarkBlockEncode(b *testing.B) {
	k := payments(10_000)
	b.SetBytes(int64(len(k.Append(nil))))
	b.ReportAllocs()
	for b.Loop() {
		k.Append(nil)
	}
}

func BenchmarkBlockDecode(b *testing.B) {
	raw := payments(10_000).Append(nil)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := chain.DecodeBlock(raw); err != nil {
			b.Fatal(err)
		}
	}
}
