package keys

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// K3: every way to print a key, and a struct that holds one in an exported or an unexported field.
func TestPrivateKeyIsNeverPrinted(t *testing.T) {
	seed := [32]byte([]byte("a seed of thirty-two bytes, yes!"))
	key := FromSeed(seed)
	type open struct{ Key PrivateKey }
	type closed struct{ key PrivateKey }
	type deep struct{ keys []*closed }
	var log bytes.Buffer
	var out []string
	for _, v := range []any{key, &key, open{key}, &open{key}, closed{key}, &closed{key}, []PrivateKey{key}, deep{[]*closed{{key}}}, map[string]closed{"a": {key}}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%c", "%U", "%t", "%b", "%o", "%e", "%p", "%!"} {
			out = append(out, fmt.Sprintf(verb, v))
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(text))
		for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
			slog.New(handler).Info("x", "key", v)
		}
	}
	out = append(out, log.String())
	for _, text := range out {
		for _, secret := range []string{string(seed[:8]), hex.EncodeToString(seed[:4]), fmt.Sprint(seed[0], " ", seed[1], " ", seed[2]), "0x61, 0x20, 0x73", "U+0061 U+0020", "1100001 100000"} {
			if strings.Contains(strings.ToLower(text), strings.ToLower(secret)) {
				t.Errorf("shows %q: %s", secret, text)
			}
		}
	}
	for _, text := range []string{key.String(), key.GoString(), fmt.Sprintf("%x", key), out[0]} {
		if text != hidden {
			t.Errorf("printed as %q", text)
		}
	}
	if text, _ := json.Marshal(open{key}); string(text) != `{"Key":"[private key]"}` {
		t.Errorf("JSON %s", text)
	}
}

// The zero value must not sign: its public half would be a key of small order.
func TestZeroPrivateKeyPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("the zero PrivateKey signed")
		}
	}()
	PrivateKey{}.Sign(nil)
}
