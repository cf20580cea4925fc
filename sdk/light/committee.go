package light

import (
	"errors"
	"fmt"
	"slices"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// What can be wrong with what a committee is said to have signed; the fault of whoever sent it.
var (
	// ErrScope: it is of another network, chain, epoch or step. Look for who knows that one.
	ErrScope = errors.New("is of another network, chain, epoch or step")
	// ErrSeats: it names seats that there are not, or one seat twice.
	ErrSeats = errors.New("names seats that the committee does not have")
	// ErrQuorum: too few seats signed.
	ErrQuorum = errors.New("has too few seats")
	// ErrHeader: the certificate is of another block than the header.
	ErrHeader = errors.New("certificate and header are not of one block")
)

// Signatures checks and sums signatures of the seats of one committee: *keys.BLSKeys, or what a simulator takes its place with.
type Signatures interface {
	// Verify says what is wrong with signature, as keys.BLSKeys.Verify does.
	Verify(d keys.BLSDomain, signature keys.BLSSignature, signed ...keys.BLSSigned) error
	// Collect sums votes, or returns the indexes of the bad ones, as keys.BLSKeys.Collect does.
	Collect(d keys.BLSDomain, votes []keys.BLSVote) (signature keys.BLSSignature, bad []int)
}

// Committee is a committee with its keys decoded. It never changes, and may be used by many goroutines at once.
type Committee struct {
	network    chain.NetworkID
	committee  chain.Committee
	hash       chain.Hash
	quorums    chain.Quorums
	signatures Signatures
}

// NewCommittee decodes the keys of a committee, with every check: 0.2 ms for each node.
func NewCommittee(network chain.NetworkID, c chain.Committee) (*Committee, error) {
	public := make([]keys.BLSPublicKey, len(c.Seats))
	for i := range c.Seats {
		public[i] = c.Seats[i].Key
	}
	k, err := keys.NewBLSKeys(public)
	if err != nil {
		return nil, fmt.Errorf("committee: %w", err)
	}
	return NewCommitteeWith(network, c, k)
}

// NewCommitteeWith makes a committee whose signatures something else checks.
func NewCommitteeWith(network chain.NetworkID, c chain.Committee, s Signatures) (*Committee, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	c.Seats = slices.Clone(c.Seats)
	return &Committee{network, c, c.Hash(), c.Quorums(), s}, nil
}

// Network is the network that the committee belongs to.
func (c *Committee) Network() chain.NetworkID { return c.network }

// Chain and Epoch are what the committee agrees on.
func (c *Committee) Chain() chain.ID { return c.committee.Chain }

// Epoch is the epoch that the committee serves.
func (c *Committee) Epoch() uint64 { return c.committee.Epoch }

// Hash names the committee in headers.
func (c *Committee) Hash() chain.Hash { return c.hash }

// Quorums are the numbers of seats that decide.
func (c *Committee) Quorums() chain.Quorums { return c.quorums }

// Seat is the seat with this number.
func (c *Committee) Seat(i int) chain.Seat { return c.committee.Seats[i] }

// Held are the seats of a node; empty if it has none.
func (c *Committee) Held(node keys.PublicKey) chain.Seats { return c.committee.Held(node) }

// Seed decides the order in which seats lead.
func (c *Committee) Seed() chain.Hash { return c.committee.Seed }

// Signatures checks and sums the seats' signatures.
func (c *Committee) Signatures() Signatures { return c.signatures }
