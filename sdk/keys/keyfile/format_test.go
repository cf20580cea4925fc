package keyfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/sdk/keys"
)

// changed is the file of alice with one field replaced; nil removes it.
func changed(t *testing.T, content []byte, path string, value any) []byte {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(content, &doc); err != nil {
		t.Fatal(err)
	}
	at, field := doc, path
	if outer, inner, ok := strings.Cut(path, "."); ok {
		at, field = doc[outer].(map[string]any), inner
	}
	if at[field] = value; value == nil {
		delete(at, field)
	}
	out, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func aliceFile(t *testing.T) []byte {
	t.Helper()
	dir, _ := store(t, "alice")
	content, err := os.ReadFile(filepath.Join(dir, "alice.json"))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// Every field, changed, is a named error: in its bounds it does not authenticate, out of them it is named.
func TestEachFieldChanged(t *testing.T) {
	content := aliceFile(t)
	other := keys.FromSeed([32]byte{1}).Public().String()
	zeros := func(n int) string { return strings.Repeat("00", n) }
	for _, c := range []struct {
		field string
		value any
		want  error
	}{
		{"format", "ssh-key", ErrFormat}, {"format", nil, ErrFormat}, {"format", 5, ErrFormat},
		{"version", 2, ErrFormat}, {"version", 0, ErrFormat}, {"version", nil, ErrFormat},
		{"name", "bob", ErrPassword}, {"name", "../bob", ErrFormat}, {"name", nil, ErrFormat},
		{"public", other, ErrPassword}, {"public", zeros(32), ErrFormat}, {"public", other[1:], ErrFormat}, {"public", nil, ErrFormat},
		{"kdf", nil, ErrFormat}, {"kdf.name", "scrypt", ErrFormat}, {"kdf.name", nil, ErrFormat},
		{"kdf.passes", 2, ErrPassword}, {"kdf.passes", 0, ErrFormat}, {"kdf.passes", maxPasses + 1, ErrFormat}, {"kdf.passes", -1, ErrFormat},
		{"kdf.memoryKiB", 32, ErrPassword}, {"kdf.memoryKiB", 7, ErrFormat}, {"kdf.memoryKiB", maxMemoryKiB + 1, ErrFormat}, {"kdf.memoryKiB", 1 << 40, ErrFormat},
		{"kdf.threads", 2, ErrPassword},
		{"kdf.threads", 0, ErrFormat}, {"kdf.threads", maxThreads + 1, ErrFormat}, {"kdf.threads", 256, ErrFormat},
		{"kdf.salt", zeros(16), ErrPassword}, {"kdf.salt", zeros(15), ErrFormat}, {"kdf.salt", "zz" + zeros(15), ErrFormat}, {"kdf.salt", nil, ErrFormat},
		{"cipher", nil, ErrFormat}, {"cipher.name", "none", ErrFormat},
		{"cipher.nonce", zeros(24), ErrPassword}, {"cipher.nonce", zeros(25), ErrFormat}, {"cipher.nonce", nil, ErrFormat},
		{"cipher.text", zeros(48), ErrPassword}, {"cipher.text", zeros(32), ErrFormat}, {"cipher.text", nil, ErrFormat},
		{"more", 1, ErrFormat}, {"kdf.more", 1, ErrFormat},
	} {
		path := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(path, changed(t, content, c.field, c.value), 0o600); err != nil {
			t.Fatal(err)
		}
		_, key, err := Read(path, password)
		field := c.field[strings.Index(c.field, ".")+1:]
		if c.want == ErrPassword || c.value == nil {
			field = path
		}
		wants(t, c.field, err, c.want, path, field)
		if err == nil {
			t.Errorf("%s = %v: Read gave %v", c.field, c.value, key)
		}
	}
}

// Each bit of what is encrypted or steers the decryption.
func TestEachBitFlipped(t *testing.T) {
	r, err := parse(aliceFile(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unseal("x", r, password); err != nil {
		t.Fatal(err)
	}
	for bit := range 8 * (len(r.salt) + len(r.nonce) + len(r.text)) {
		damaged := r
		at, mask := bit/8, byte(1)<<(bit%8)
		switch {
		case at < len(r.salt):
			damaged.salt[at] ^= mask
		case at < len(r.salt)+len(r.nonce):
			damaged.nonce[at-len(r.salt)] ^= mask
		default:
			damaged.text[at-len(r.salt)-len(r.nonce)] ^= mask
		}
		if _, err := unseal("x", damaged, password); !errors.Is(err, ErrPassword) {
			t.Errorf("bit %d flipped: %v", bit, err)
		}
	}
}

// F4: one who knows the password writes another public key over his own.
func TestPublicKeyIsThatOfTheKey(t *testing.T) {
	r, err := seal("alice", keys.FromSeed([32]byte{1}), password)
	if err != nil {
		t.Fatal(err)
	}
	r.Public = keys.FromSeed([32]byte{2}).Public()
	r.encrypt([32]byte{1}, password)
	_, err = unseal("x", r, password)
	wants(t, "a key with another's public key", err, ErrFormat, "public")
}

func TestSaltAndNonceAreFresh(t *testing.T) {
	a, errA := parse(aliceFile(t))
	b, errB := parse(aliceFile(t))
	if errA != nil || errB != nil || a.salt == b.salt || a.nonce == b.nonce {
		t.Errorf("two files share salt or nonce: %v %v", errA, errB)
	}
}

func TestVersionIsToldFirst(t *testing.T) {
	_, err := parse([]byte(`{"format": "thinkey-key", "version": 2, "later": {}}`))
	wants(t, "a later version", err, ErrFormat, "version", "2")
	_, err = parse(append(aliceFile(t), '{', '}'))
	wants(t, "two documents", err, ErrFormat, "JSON")
}

// W1 as far as JSON goes, and F3: what is accepted is in bounds and is written back the same.
func FuzzParse(f *testing.F) {
	key := keys.FromSeed([32]byte{1})
	r := record{Entry: Entry{"alice", key.Public()}, cost: soundCost}
	f.Add(r.encode())
	f.Add([]byte(`{"format": "thinkey-key", "version": 1}`))
	f.Add(bytes.Replace(r.encode(), []byte("65536"), []byte("4294967295"), 1))
	f.Fuzz(func(t *testing.T, content []byte) {
		r, err := parse(content)
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Fatalf("error of another kind: %v", err)
			}
			return
		}
		if r.cost.memoryKiB > 256<<10 || r.cost.passes > 16 || r.cost.passes < 1 || r.cost.threads < 1 || len(r.additional()) == 0 {
			t.Fatalf("accepted out of bounds: %+v", r)
		}
		written := r.encode()
		again, err := parse(written)
		if err != nil || again != r || len(written) > maxFile {
			t.Fatalf("%v; written as %s, read as %+v, was %+v", err, written, again, r)
		}
	})
}
