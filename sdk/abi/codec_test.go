package abi_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
)

// everything reads one value of each kind, and encodes what it read.
func everything(b []byte) (again []byte, err error) {
	r := abi.NewReader(b)
	again = abi.AppendU8(nil, r.U8("u8"))
	again = abi.AppendU16(again, r.U16("u16"))
	again = abi.AppendU32(again, r.U32("u32"))
	again = abi.AppendU64(again, r.U64("u64"))
	again = abi.AppendBool(again, r.Bool("bool"))
	again = append(again, r.Fixed("fixed", 3)...)
	again = abi.AppendBytes(again, r.Bytes("bytes"))
	again = abi.AppendBytes(again, r.Text("text"))
	n := r.Count("list", 2)
	again = abi.AppendU32(again, uint32(n))
	for range n {
		again = abi.AppendU16(again, r.U16("item"))
	}
	return again, r.Done("value")
}

var valid = []byte("\x01\x00\x02\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x04\x01abc\x00\x00\x00\x02xy\x00\x00\x00\x02\xc3\xa9\x00\x00\x00\x01\x00\x05")

func TestReader(t *testing.T) {
	again, err := everything(valid)
	if err != nil || !bytes.Equal(again, valid) {
		t.Fatalf("%x read as %x, error %v", valid, again, err)
	}
	for n := range valid {
		var fault *abi.Fault
		if _, err := everything(valid[:n]); !errors.As(err, &fault) || fault.What != abi.FaultShort {
			t.Errorf("first %d bytes: %v", n, err)
		}
	}
	at := func(i int, v byte) []byte {
		b := bytes.Clone(valid)
		b[i] = v
		return b
	}
	for _, c := range []struct {
		in   []byte
		want string
	}{
		{append(bytes.Clone(valid), 0), "value has bytes behind its end (at byte 37)"},
		{at(15, 2), "bool has a value that its encoder never writes (at byte 16)"},
		{at(19, 255), "bytes ends too early (at byte 23)"},
		{at(29, 0xff), "text is not valid UTF-8 (at byte 31)"},
		{at(31, 255), "list ends too early (at byte 35)"},
		{at(34, 2), "list ends too early (at byte 35)"},
	} {
		if _, err := everything(c.in); err == nil || err.Error() != c.want {
			t.Errorf("%x: %v, want %q", c.in, err, c.want)
		}
	}
}

// What is read can't be appended to over the bytes behind it, and nothing is read after a fault.
func TestReaderKeepsToItself(t *testing.T) {
	b := []byte("\x00\x00\x00\x01abcdefgh")
	r := abi.NewReader(b)
	_ = append(r.Bytes("bytes"), 'X')
	if string(b) != "\x00\x00\x00\x01abcdefgh" {
		t.Fatalf("input is now %q", b)
	}
	r.Fail("first", "is wrong")
	r.Fail("second", "is wrong too")
	if r.U8("a") != 0 || r.U64("a") != 0 || r.Fixed("a", 1) != nil || r.Text("a") != "" || r.Count("a", 1) != 0 || r.Left() != 0 {
		t.Error("something was read after a fault")
	}
	if err := r.Done("all"); err == nil || err.Error() != "first is wrong (at byte 5)" {
		t.Error(err)
	}
}

// The contract's idea of the chain's limits is the chain's.
func TestLimits(t *testing.T) {
	for _, c := range []struct{ mine, chain int }{
		{abi.MaxKey, chain.MaxStorageKey}, {abi.MaxValue, chain.MaxStorageValue}, {abi.MaxName, chain.MaxMethodBytes}, {abi.MaxSent, chain.MaxSent},
		{abi.AddressBytes, chain.AddressSize},
	} {
		if c.mine != c.chain {
			t.Errorf("limit of %d, and the chain's is %d", c.mine, c.chain)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add(valid)
	f.Fuzz(func(t *testing.T, b []byte) {
		if again, err := everything(b); err == nil && !bytes.Equal(again, b) {
			t.Fatalf("%x accepted, encodes to %x", b, again)
		}
	})
}
