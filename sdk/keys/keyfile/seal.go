package keyfile

import (
	"crypto/cipher"
	"crypto/rand"
	"fmt"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20poly1305"

	"github.com/thinkey/thinkey/sdk/keys"
)

// cost is what deriving the cipher's key takes.
type cost struct {
	passes    uint32
	memoryKiB uint32
	threads   uint8
}

// defaultCost is the second choice of RFC 9106: about 0.1 s on a server, and 64 MiB for every guess of an attacker.
// Tests of other things make it cheap.
var defaultCost = cost{passes: 3, memoryKiB: 64 << 10, threads: 4}

// A file states its cost, so these bound what one from a stranger can make us spend (F3): 256 MiB and some seconds.
const (
	maxPasses    = 16
	maxMemoryKiB = 256 << 10
	maxThreads   = 16
)

func (c cost) check() error {
	if c.passes < 1 || c.passes > maxPasses {
		return fault("kdf.passes", "%d, must be 1 to %d", c.passes, maxPasses)
	}
	if c.threads < 1 || c.threads > maxThreads {
		return fault("kdf.threads", "%d, must be 1 to %d", c.threads, maxThreads)
	}
	if least := 8 * uint32(c.threads); c.memoryKiB < least || c.memoryKiB > maxMemoryKiB {
		return fault("kdf.memoryKiB", "%d, must be %d to %d", c.memoryKiB, least, maxMemoryKiB)
	}
	return nil
}

func seal(name string, key keys.PrivateKey, password []byte) (record, error) {
	r := record{Entry: Entry{Name: name, Public: key.Public()}, cost: defaultCost}
	for _, part := range [][]byte{r.salt[:], r.nonce[:]} {
		if _, err := rand.Read(part); err != nil {
			return record{}, fmt.Errorf("random salt: %w", err)
		}
	}
	r.encrypt(key.Seed(), password)
	return r, nil
}

// encrypt fills text from the other fields.
func (r *record) encrypt(seed [32]byte, password []byte) {
	r.aead(password).Seal(r.text[:0], r.nonce[:], seed[:], r.additional())
}

// unseal returns the key of a record that was read from path (F4).
func unseal(path string, r record, password []byte) (keys.PrivateKey, error) {
	if len(password) == 0 {
		return keys.PrivateKey{}, ErrPasswordEmpty
	}
	seed, err := r.aead(password).Open(nil, r.nonce[:], r.text[:], r.additional())
	if err != nil {
		return keys.PrivateKey{}, fmt.Errorf("%s: %w", path, ErrPassword)
	}
	key := keys.FromSeed([32]byte(seed))
	if key.Public() != r.Public {
		return keys.PrivateKey{}, fmt.Errorf("%s: %w", path, fault("public", "%s is not the key inside", r.Public))
	}
	return key, nil
}

func (r *record) aead(password []byte) cipher.AEAD {
	secret := argon2.IDKey(password, r.salt[:], r.cost.passes, r.cost.memoryKiB, r.cost.threads, chacha20poly1305.KeySize)
	aead, err := chacha20poly1305.NewX(secret)
	if err != nil {
		panic("keyfile: key of fixed size refused: " + err.Error())
	}
	return aead
}
