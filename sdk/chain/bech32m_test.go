package chain

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

// sumHolds says whether s, of any prefix and length, has letters of bech32 and a checksum of bech32m.
func sumHolds(s string) bool {
	at := strings.LastIndexByte(s, '1')
	if at < 1 || len(s)-at-1 < bech32Checksum {
		return false
	}
	var values []byte
	for i := at + 1; i < len(s); i++ {
		if bech32Values[s[i]] < 0 {
			return false
		}
		values = append(values, byte(bech32Values[s[i]]))
	}
	return bech32Sum(s[:at], values) == bech32mMask
}

// The test vectors of BIP-350, as far as they are about the checksum.
func TestBech32mVectors(t *testing.T) {
	for _, s := range []string{
		"a1lqfn3a",
		"an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg6",
		"abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx",
		"11" + strings.Repeat("l", 82) + "ludsr8",
		"split1checkupstagehandshakeupstreamerranterredcaperredlc445v",
		"?1v759aa",
		"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
	} {
		if !sumHolds(s) {
			t.Errorf("%s is valid, and refused", s)
		}
	}
	for _, s := range []string{
		"qyrz8wqd2c9m", "1qyrz8wqd2c9m", "y1b0jsk6g", "lt1igcx5c0", "in1muywd", "mm1crxm3i", "au1s5cgom", "m1vuxwez", "16plkw9", "1p2gdwpf",
		"a12uel5l", // bech32, without the m
		"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
	} {
		if sumHolds(s) {
			t.Errorf("%s is invalid, and accepted", s)
		}
	}
}

// A payload and its text, from the same proposal: the program of a version 1 address.
func TestBech32mRegroup(t *testing.T) {
	want, err := hex.DecodeString("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
	if err != nil {
		t.Fatal(err)
	}
	var values []byte
	for _, c := range []byte("0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq") {
		values = append(values, byte(bech32Values[c]))
	}
	if got := regroup(values, 5, 8); !bytes.Equal(got, want) {
		t.Errorf("regrouped to %x, want %x", got, want)
	}
	if got := regroup(want, 8, 5); !bytes.Equal(got, values) {
		t.Errorf("regrouped to %x, want %x", got, values)
	}
}

// A right checksum over padding that is not zero would be a second text for an address.
func TestBech32mPadding(t *testing.T) {
	a := SystemAddress(Main)
	values := regroup(a[:], 8, 5)
	values[len(values)-1] |= 1
	sum := bech32Sum(addressPrefix, append(bytes.Clone(values), make([]byte, bech32Checksum)...)) ^ bech32mMask
	text := addressPrefix + "1"
	for _, v := range values {
		text += string(bech32Letters[v])
	}
	for i := range bech32Checksum {
		text += string(bech32Letters[sum>>(5*(bech32Checksum-1-i))&31])
	}
	if !sumHolds(text) {
		t.Fatal("this test makes a wrong checksum")
	}
	if _, err := ParseAddress(text); err == nil || !strings.Contains(err.Error(), "padding") {
		t.Fatalf("error %v", err)
	}
}
