package transport

import (
	"crypto/tls"

	"github.com/thinkey/thinkey/sdk/keys"
)

// Secured is TLS with the node's key, for both ends of connections that are not a Host's: each shows its key, nothing else of a
// certificate counts, and sessions are not resumed (identity.go). Whether a key may do what it asks for is for the caller to say.
func Secured(key keys.PrivateKey) (*tls.Config, error) {
	mine, err := certificate(key)
	if err != nil {
		return nil, err
	}
	return secured(mine), nil
}

// NodeOf is the node at the other end of a connection whose handshake, under Secured, is over.
func NodeOf(s tls.ConnectionState) (keys.PublicKey, error) { return keyOf(s) }
