package keyfile

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

const (
	format     = "thinkey-key"
	version    = 1
	kdfName    = "argon2id"
	cipherName = "xchacha20-poly1305"

	// maxName is what a file system takes with room to spare, and fits the wire's short strings.
	maxName = 63
)

// record is a key file, decoded and in bounds.
type record struct {
	Entry
	cost  cost
	salt  [16]byte
	nonce [24]byte
	text  [48]byte // seed and tag
}

// document is a key file as JSON.
type document struct {
	Format  string     `json:"format"`
	Version int        `json:"version"`
	Name    string     `json:"name"`
	Public  string     `json:"public"`
	KDF     kdfPart    `json:"kdf"`
	Cipher  cipherPart `json:"cipher"`
}

type kdfPart struct {
	Name      string `json:"name"`
	Passes    uint32 `json:"passes"`
	MemoryKiB uint32 `json:"memoryKiB"`
	Threads   uint8  `json:"threads"`
	Salt      string `json:"salt"`
}

type cipherPart struct {
	Name  string `json:"name"`
	Nonce string `json:"nonce"`
	Text  string `json:"text"`
}

// fault is an ErrFormat that names the field and what is wrong with it.
func fault(field, problem string, args ...any) error {
	return fmt.Errorf("%w: %s: %s", ErrFormat, field, fmt.Sprintf(problem, args...))
}

func (r record) encode() []byte {
	doc := document{
		Format: format, Version: version, Name: r.Name, Public: r.Public.String(),
		KDF:    kdfPart{kdfName, r.cost.passes, r.cost.memoryKiB, r.cost.threads, hex.EncodeToString(r.salt[:])},
		Cipher: cipherPart{cipherName, hex.EncodeToString(r.nonce[:]), hex.EncodeToString(r.text[:])},
	}
	b, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		panic("keyfile: strings and numbers don't encode: " + err.Error())
	}
	return append(b, '\n')
}

// additional is what the cipher authenticates besides the text: every field that is not the cipher's own.
func (r record) additional() []byte {
	b := wire.AppendShort(nil, format)
	b = wire.AppendU8(b, version)
	b = wire.AppendShort(b, r.Name)
	b = append(b, r.Public[:]...)
	b = wire.AppendShort(b, kdfName)
	b = wire.AppendU32(b, r.cost.passes)
	b = wire.AppendU32(b, r.cost.memoryKiB)
	b = wire.AppendU8(b, r.cost.threads)
	b = append(b, r.salt[:]...)
	return wire.AppendShort(b, cipherName)
}

// parse decodes a key file and checks every bound (F3). It asks for the version first, so that a later format is told as
// that and not as an unknown field.
func parse(content []byte) (record, error) {
	var head struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(content, &head); err != nil {
		return record{}, fault("JSON", "%v", err)
	}
	if head.Format != format {
		return record{}, fault("format", "%q, must be %q", head.Format, format)
	}
	if head.Version != version {
		return record{}, fault("version", "%d, this program knows only %d", head.Version, version)
	}
	var doc document
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&doc); err != nil {
		return record{}, fault("JSON", "%v", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return record{}, fault("JSON", "more behind the end")
	}
	return doc.record()
}

func (doc document) record() (record, error) {
	r := record{Entry: Entry{Name: doc.Name}, cost: cost{doc.KDF.Passes, doc.KDF.MemoryKiB, doc.KDF.Threads}}
	if err := checkName(doc.Name); err != nil {
		return record{}, err
	}
	public, err := keys.ParsePublicKey(doc.Public)
	if err != nil {
		return record{}, fault("public", "%v", err)
	}
	r.Public = public
	if doc.KDF.Name != kdfName {
		return record{}, fault("kdf.name", "%q, must be %q", doc.KDF.Name, kdfName)
	}
	if err := r.cost.check(); err != nil {
		return record{}, err
	}
	if doc.Cipher.Name != cipherName {
		return record{}, fault("cipher.name", "%q, must be %q", doc.Cipher.Name, cipherName)
	}
	for _, part := range []struct {
		field, text string
		into        []byte
	}{{"kdf.salt", doc.KDF.Salt, r.salt[:]}, {"cipher.nonce", doc.Cipher.Nonce, r.nonce[:]}, {"cipher.text", doc.Cipher.Text, r.text[:]}} {
		if err := unhex(part.field, part.text, part.into); err != nil {
			return record{}, err
		}
	}
	return r, nil
}

func unhex(field, text string, into []byte) error {
	if len(text) != 2*len(into) {
		return fault(field, "%d characters, must be %d hex digits", len(text), 2*len(into))
	}
	if _, err := hex.Decode(into, []byte(text)); err != nil {
		return fault(field, "%v", err)
	}
	return nil
}

// checkName takes [a-z0-9][a-z0-9._-]{0,62}: what is the same file on every file system, and no path.
func checkName(name string) error {
	ok := len(name) > 0 && len(name) <= maxName
	for i, c := range []byte(name) {
		plain := c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		ok = ok && (plain || i > 0 && (c == '.' || c == '_' || c == '-'))
	}
	if !ok {
		return fault("name", "%q: use a-z, 0-9 and, but not first, the signs . _ -, at most %d in all", name, maxName)
	}
	return nil
}
