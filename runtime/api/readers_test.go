package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/runtime/api"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/keys"
)

// A chain with readers shows its blocks and state to its operator alone; what is public of it stays so (SPEC 7.3, 13.4).
func TestReaders(t *testing.T) {
	for _, restricted := range []bool{false, true} {
		r := start(t, setup{node: func(c *node.Config) {
			if restricted {
				c.Genesis.Params.Readers = []keys.PublicKey{{1}}
			}
		}, api: func(*api.Config) {}})
		r.mine(1)
		ask := func(method, path, from string) int {
			q := httptest.NewRequest(method, path, strings.NewReader(""))
			q.RemoteAddr = from
			w := httptest.NewRecorder()
			r.server.Routes().ServeHTTP(w, q)
			return w.Code
		}
		const operator, stranger = "127.0.0.1:9", "192.0.2.1:9"
		for _, path := range []string{"/v1/accounts/" + address("alice").String(), "/v1/blocks/1", "/v1/chains/1/blocks/1/raw", "/v1/events", "/v1/chains/1/evidence"} {
			if code := ask("GET", path, operator); code != http.StatusOK {
				t.Errorf("%s of the operator, restricted %v: %d", path, restricted, code)
			}
			if code := ask("GET", path, stranger); restricted != (code == http.StatusForbidden) {
				t.Errorf("%s of a stranger, restricted %v: %d", path, restricted, code)
			}
		}
		for _, path := range []string{"/v1/info", "/v1/committee", "/v1/chains"} {
			if code := ask("GET", path, stranger); code != http.StatusOK {
				t.Errorf("%s of a stranger, restricted %v: %d", path, restricted, code)
			}
		}
		for _, path := range []string{"/v1/messages", "/v1/chains/1/envelopes"} {
			if code := ask("POST", path, stranger); code == http.StatusForbidden {
				t.Errorf("%s of a stranger, restricted %v: %d", path, restricted, code)
			}
		}
	}
}
