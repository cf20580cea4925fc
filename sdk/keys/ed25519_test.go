package keys

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"
)

// RFC 8032, section 7.1.
var vectors = []struct{ name, seed, public, message, signature string }{
	{
		"test 1", "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
		"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
	},
	{
		"test 2", "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
		"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
		"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
	},
	{
		"test 3", "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
		"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
		"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
	},
	{
		"SHA(abc)", "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
		"ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
		"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
		"dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
	},
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestVectors(t *testing.T) {
	var items []Item
	for _, v := range vectors {
		seed := [32]byte(unhex(t, v.seed))
		key := FromSeed(seed)
		if key.Public().String() != v.public || key.Seed() != seed {
			t.Errorf("%s: public key %s, want %s", v.name, key.Public(), v.public)
		}
		message, want := unhex(t, v.message), Signature(unhex(t, v.signature))
		if got := key.Sign(message); got != want {
			t.Errorf("%s: signature %x, want %x", v.name, got, want)
		}
		if err := Verify(key.Public(), message, want); err != nil {
			t.Errorf("%s: %v", v.name, err)
		}
		items = append(items, Item{key.Public(), message, want})
	}
	if bad := VerifyBatch(items); bad != nil {
		t.Errorf("batch: bad are %v", bad)
	}
}

func TestParsePublicKey(t *testing.T) {
	pub := FromSeed([32]byte{9}).Public()
	for _, text := range []string{pub.String(), strings.ToUpper(pub.String())} {
		if got, err := ParsePublicKey(text); err != nil || got != pub {
			t.Errorf("ParsePublicKey(%s) = %s, %v", text, got, err)
		}
	}
	long := pub.String()
	for text, want := range map[string]error{
		"":                             ErrKeyText,
		long[1:]:                       ErrKeyText,
		long + "0":                     ErrKeyText,
		"0x" + long[2:]:                ErrKeyText,
		strings.Repeat("0", 64):        ErrKeySmallOrder,
		"01" + long[64:]:               ErrKeyText,
		strings.Repeat("f", 64):        ErrKeyNotCanonical,
		"02" + strings.Repeat("0", 62): ErrKeyNotCanonical,
	} {
		if got, err := ParsePublicKey(text); !errors.Is(err, want) || got != (PublicKey{}) {
			t.Errorf("ParsePublicKey(%q) = %s, %v, want %v", text, got, err, want)
		}
	}
}

func TestBatchFindsTheBadOnes(t *testing.T) {
	if got := VerifyBatch(nil); got != nil {
		t.Errorf("empty batch: %v", got)
	}
	for _, n := range []int{1, 2, smallest, 20, expandBelow} {
		items := signed(n)
		if got := VerifyBatch(items); got != nil {
			t.Fatalf("%d good ones: bad are %v", n, got)
		}
		for i := range items {
			items[i].Signature[i%64] ^= 1
			if got := VerifyBatch(items); !slices.Equal(got, []int{i}) {
				t.Errorf("%d with number %d bad: %v", n, i, got)
			}
			items[i].Signature[i%64] ^= 1
		}
	}
}

// Bad ones at both sides of the borders of chunks, and a last chunk that is small.
func TestBatchOverChunks(t *testing.T) {
	items := signed(2*chunk + 2)
	if got := VerifyBatch(items); got != nil {
		t.Fatalf("good ones: bad are %v", got)
	}
	bad := []int{0, chunk - 1, chunk, 2*chunk - 1, 2*chunk + 1}
	for _, i := range bad {
		items[i].Message = append(slices.Clone(items[i].Message), 0)
	}
	if got := VerifyBatch(items); !slices.Equal(got, bad) {
		t.Errorf("bad are %v, want %v", got, bad)
	}
}

// Two signatures whose errors cancel out without random weights: s of one is raised by what s of the other is lowered.
func TestBatchWeighs(t *testing.T) {
	for _, n := range []int{smallest, expandBelow} {
		items := signed(n)
		s0, s1 := leInt(items[0].Signature[32:]), leInt(items[1].Signature[32:])
		s0.Add(s0, orderL).Sub(s0, edgeDelta).Mod(s0, orderL)
		s1.Add(s1, edgeDelta).Mod(s1, orderL)
		items[0], items[1] = withS(items[0], s0), withS(items[1], s1)
		if got := VerifyBatch(items); !slices.Equal(got, []int{0, 1}) {
			t.Errorf("%d: bad are %v, want 0 and 1", n, got)
		}
	}
}

var edgeDelta = fromDecimal("98765432109876543210")

// K1 for any bytes: alone, among good ones, and in a batch large enough for the other algorithm. The bytes are flips on a
// good item, so that the fuzzer stays near valid ones. Batches draw random weights, so the same input covers different
// code each time: run it with -fuzzminimizetime=1x, or the fuzzer only minimises.
func FuzzVerifyAgree(f *testing.F) {
	key, filler := FromSeed(edgeSeed), signed(expandBelow)
	pub, sig := key.Public(), key.Sign(edgeMessage)
	f.Add([]byte{}, edgeMessage, byte(0))
	f.Add([]byte{}, []byte{}, byte(1))
	for _, e := range mixedEdges()[5:25] {
		flips := slices.Concat(e.item.Public[:], e.item.Signature[:])
		flip(flips, slices.Concat(pub[:], sig[:]))
		f.Add(flips, edgeMessage, byte(2))
	}
	f.Fuzz(func(t *testing.T, flips, message []byte, place byte) {
		item := Item{pub, message, sig}
		flip(item.Signature[:], flip(item.Public[:], flips))
		good := Verify(item.Public, item.Message, item.Signature) == nil
		if refGood := refValid(item); good != refGood {
			t.Fatalf("Verify: %v, reference: %v", good, refGood)
		}
		for _, size := range []int{0, smallest, expandBelow} {
			at := int(place) % (size + 1)
			got := VerifyBatch(slices.Insert(slices.Clone(filler[:size]), at, item))
			if good && got != nil || !good && !slices.Equal(got, []int{at}) {
				t.Fatalf("valid %v alone; with %d good ones, at %d: bad are %v", good, size, at, got)
			}
		}
	})
}

// flip flips the bits of b that are set in flips, and returns the flips that are left.
func flip(b, flips []byte) []byte {
	n := min(len(b), len(flips))
	for i := range n {
		b[i] ^= flips[i]
	}
	return flips[n:]
}
