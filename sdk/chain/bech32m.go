package chain

import "fmt"

// Bech32m (BIP-350): five bits a letter, and a checksum of six letters that finds any four mistyped ones.
const (
	bech32Letters  = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	bech32mMask    = 0x2bc830a3
	bech32Checksum = 6
)

func bech32Polymod(sum uint32, value byte) uint32 {
	top := sum >> 25
	sum = sum&0x1ffffff<<5 ^ uint32(value)
	for i, g := range [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
		if top>>i&1 == 1 {
			sum ^= g
		}
	}
	return sum
}

// bech32Sum takes in the human-readable part and the values.
func bech32Sum(hrp string, values []byte) uint32 {
	sum := uint32(1)
	for i := range len(hrp) {
		sum = bech32Polymod(sum, hrp[i]>>5)
	}
	sum = bech32Polymod(sum, 0)
	for i := range len(hrp) {
		sum = bech32Polymod(sum, hrp[i]&31)
	}
	for _, v := range values {
		sum = bech32Polymod(sum, v)
	}
	return sum
}

func bech32Encode(hrp string, payload []byte) string {
	values := regroup(payload, 8, 5)
	sum := bech32Sum(hrp, append(values[:len(values):len(values)], make([]byte, bech32Checksum)...)) ^ bech32mMask
	for i := range bech32Checksum {
		values = append(values, byte(sum>>(5*(bech32Checksum-1-i)))&31)
	}
	out := make([]byte, 0, len(hrp)+1+len(values))
	out = append(append(out, hrp...), '1')
	for _, v := range values {
		out = append(out, bech32Letters[v])
	}
	return string(out)
}

var bech32Values = func() (t [256]int8) {
	for i := range t {
		t[i] = -1
	}
	for i, c := range []byte(bech32Letters) {
		t[c] = int8(i)
	}
	return t
}()

// bech32Decode reads lower-case text only: one address has one text.
func bech32Decode(hrp, s string, payloadBytes int) ([]byte, error) {
	want := len(hrp) + 1 + (payloadBytes*8+4)/5 + bech32Checksum
	if len(s) != want {
		return nil, fmt.Errorf("it has %d letters and must have %d", len(s), want)
	}
	if s[:len(hrp)+1] != hrp+"1" {
		return nil, fmt.Errorf("it must begin with %s1", hrp)
	}
	values := make([]byte, 0, len(s))
	for i := len(hrp) + 1; i < len(s); i++ {
		v := bech32Values[s[i]]
		if v < 0 {
			return nil, fmt.Errorf("the letter %q at place %d never stands in one", s[i], i+1)
		}
		values = append(values, byte(v))
	}
	if bech32Sum(hrp, values) != bech32mMask {
		return nil, fmt.Errorf("its checksum is wrong: a letter was mistyped")
	}
	payload := regroup(values[:len(values)-bech32Checksum], 5, 8)
	if len(payload) != payloadBytes || string(regroup(payload, 8, 5)) != string(values[:len(values)-bech32Checksum]) {
		return nil, fmt.Errorf("its padding is not zero")
	}
	return payload, nil
}

// regroup turns values of from bits into values of to bits, the last one filled up with zeros when it widens the count,
// dropped when it would hold padding alone.
func regroup(in []byte, from, to uint) []byte {
	out := make([]byte, 0, (len(in)*int(from)+int(to)-1)/int(to)+bech32Checksum)
	var acc, held uint
	for _, v := range in {
		acc = acc<<from | uint(v)
		for held += from; held >= to; held -= to {
			out = append(out, byte(acc>>(held-to)&(1<<to-1)))
		}
	}
	if held > 0 && to < from {
		out = append(out, byte(acc<<(to-held)&(1<<to-1)))
	}
	return out
}
