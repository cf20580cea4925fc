package transport

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/thinkey/thinkey/sdk/keys"
)

// A node's key is its certificate's: who has shown that it holds the key, as TLS 1.3 demands of both ends, is the node. Nothing else
// that stands in a certificate counts, so each node makes its own.

// certificate of a node. It is valid whenever it is looked at: keys are taken back on the main chain, not by time.
func certificate(key keys.PrivateKey) (tls.Certificate, error) {
	seed := key.Seed()
	secret := ed25519.NewKeyFromSeed(seed[:])
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<37, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, secret.Public(), secret)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("certificate of the node's key: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: secret}, nil
}

// secured is the TLS of both ends. Sessions are not resumed: every connection shows the key again, so that a handshake that was
// recorded is worth nothing.
func secured(mine tls.Certificate) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{mine}, ClientAuth: tls.RequireAnyClientCert,
		InsecureSkipVerify:     true, // no authority vouches for nodes; VerifyConnection looks at what counts
		SessionTicketsDisabled: true,
		VerifyConnection: func(s tls.ConnectionState) error {
			_, err := keyOf(s)
			return err
		},
	}
}

var errNoNodeKey = errors.New("the certificate holds no node key")

// keyOf is the key that the other end has shown that it holds.
func keyOf(s tls.ConnectionState) (keys.PublicKey, error) {
	if len(s.PeerCertificates) != 1 {
		return keys.PublicKey{}, errNoNodeKey
	}
	raw, ok := s.PeerCertificates[0].PublicKey.(ed25519.PublicKey)
	if !ok || len(raw) != len(keys.PublicKey{}) {
		return keys.PublicKey{}, errNoNodeKey
	}
	key := keys.PublicKey(raw)
	if err := key.Check(); err != nil { // anyone can sign for a key of small order
		return keys.PublicKey{}, fmt.Errorf("%w: %w", errNoNodeKey, err)
	}
	return key, nil
}
