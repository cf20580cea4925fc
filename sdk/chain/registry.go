package chain

import (
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

// The system actors are native accounts: they have address, balance and storage as others do, no key and no code (SPEC 6.1).
// The registries are on the main chain; every chain has a digests actor, which records its children's digests.

// DigestsAddress is the account on chain that records what its children send it.
func DigestsAddress(chain ID) Address { return makeAddress(chain, [32]byte{19: 1}) }

// RegistryAddress is the account on the main chain that registers chains, NodesAddress the one that registers nodes.
func RegistryAddress() Address { return makeAddress(Main, [32]byte{19: 2}) }
func NodesAddress() Address    { return makeAddress(Main, [32]byte{19: 3}) }

// IsNative says whether a is a system actor's.
func (a Address) IsNative() bool {
	return a == DigestsAddress(a.Chain()) || a == RegistryAddress() || a == NodesAddress()
}

// What the system actors understand. All are relays: somebody's account calls them.
const (
	// MethodDigest (to a digests actor): record the Digest in the input. Anybody may send it.
	MethodDigest = "digest"
	// MethodFork (to a digests actor): two certified blocks of a child at one height, a ForkInput, are evidence against its committee.
	// Anybody may send it.
	MethodFork = "fork"
	// MethodChild (to a digests actor, by the registry alone): the chain in the input, a Branch, is a child from now on. To the
	// registry, by anybody, with the same input: send it again, as the parent could not take it in.
	MethodChild = "child"
	// MethodCreate (to the registry): make a chain, with the amount as its deposit. The input is a CreateInput.
	MethodCreate = "create"
	// MethodCommittee (to the registry, by the chain's owner): the chain's next committee. The input is a CommitteeInput.
	MethodCommittee = "committee"
	// MethodRelease (to a digests actor, by anybody): let through what of a child's value may pass its valve now. The input is the child,
	// as EncodeNamed writes it.
	MethodRelease = "release"
	// MethodParams (to the registry, by the chain's owner): the chain's attributes from its next epoch on. The input is a ParamsInput.
	MethodParams = "params"
	// MethodValve (to a digests actor, by the registry alone): the valve of a child from now on. The input is a ValveInput. To the
	// registry, by anybody, with the same input: send what is registered again, as the parent could not take it in.
	MethodValve = "valve"
	// MethodRegister (to the nodes actor): register the node in the input, a NodeInput, with the amount as its deposit.
	MethodRegister = "register"
	// MethodLeave (to the nodes actor, by the node's owner): announce leaving. MethodWithdraw: get the deposit back when
	// UnbondingMillis have passed. The input of both is the node's key.
	MethodLeave    = "leave"
	MethodWithdraw = "withdraw"
)

// Registration is what the registry keeps of a chain under RegisteredKey; its committee stands beside it.
type Registration struct {
	Limb
	// Owner may change the committee; nobody may if it is zero, as that of a genesis can be.
	Owner  Address
	Name   string
	Params Params
	// Height is that of the main chain's block that made the chain; 0 for one of the genesis.
	Height uint64
	// Deposit is frozen in the registry for the chain. Issued is what its genesis issued: what it may send out without having
	// received it (SPEC 8.7).
	Deposit, Issued Amount
	// Committee is the hash of the committee in RegisteredCharter.
	Committee Hash
}

// RegisteredKey is the registry's storage key of a chain's Registration, RegisteredCharter that of
// its Charter: what was registered last.
func RegisteredKey(id ID) string     { return chainKey("chain/", id) }
func RegisteredCharter(id ID) string { return chainKey("charter/", id) }

// IntroducedKey is the registry's storage key of the hash of the Branch that it sent to the parent of a chain that was made by a
// message, NumberingKey that of its Numbering.
func IntroducedKey(id ID) string { return chainKey("introduced/", id) }

// NamedKey is the registry's storage key of the id of the chain that has a name: no two have one.
func NamedKey(name string) string { return "name/" + name }

// EncodeNamed is the value of a NamedKey.
func EncodeNamed(id ID) []byte { return wire.AppendU32(nil, uint32(id)) }

// DecodeNamed reads what EncodeNamed writes.
func DecodeNamed(b []byte) (ID, error) {
	r := wire.NewReader(b)
	id := readChain(r)
	return id, r.Done()
}

// NumberingKey is the registry's storage key of its Numbering; nothing stands there until it makes its first chain.
const NumberingKey = "numbering"

// Numbering is how the registry counts chains.
type Numbering struct {
	Next   ID     // the next chain's id
	Chains uint32 // how many there are
}

// DepositBehind is the deposit of a further chain where there are so many: ChainDeposit, doubled with each DepositDoubles of them.
func DepositBehind(chains uint32) Amount { return Mul(ChainDeposit, 1<<min(chains/DepositDoubles, 63)) }

// Encode is the canonical encoding.
func (n Numbering) Encode() []byte {
	return wire.AppendU32(wire.AppendU32(nil, uint32(n.Next)), n.Chains)
}

// DecodeNumbering reads what Encode writes.
func DecodeNumbering(b []byte) (Numbering, error) {
	r := wire.NewReader(b)
	n := Numbering{readChain(r), r.U32("chains")}
	return n, r.Done()
}

const (
	registrationBytes = 1 + 4 + 4 + AddressSize + 1 + 4 + paramsBytes + 8 + 16 + 16 + 32 // the smallest
	branchBytes       = 4 + registrationBytes + 4 + committeeBytes
	// maxBranchBytes is the length of the largest encoded branch.
	maxBranchBytes = branchBytes + MaxNameBytes + maxParamsBytes - paramsBytes + (MaxSeats-1)*seatBytes
)

// Encode is the canonical encoding.
func (g Registration) Encode() []byte {
	b := wire.AppendU32(wire.AppendU32([]byte{1}, uint32(g.ID)), uint32(g.Parent))
	b = wire.AppendShort(append(b, g.Owner[:]...), g.Name)
	b = wire.AppendU64(wire.AppendBytes(b, g.Params.Encode()), g.Height)
	b = g.Issued.Append(g.Deposit.Append(b))
	return append(b, g.Committee[:]...)
}

// DecodeRegistration reads what Encode writes.
func DecodeRegistration(b []byte) (g Registration, err error) {
	r := wire.NewReader(b)
	r.Version("registration", 1)
	g.Limb = Limb{readChain(r), ID(r.U32("parent"))}
	r.Into("owner", g.Owner[:])
	g.Name = string(r.Short("name", MaxNameBytes))
	g.Params = readParamsBytes(r)
	g.Height = r.U64("height")
	g.Deposit, g.Issued = ReadAmount(r, "deposit"), ReadAmount(r, "issued")
	g.Committee = readHash[Hash](r, "committee")
	switch {
	case r.Err() != nil:
	case g.Parent >= g.ID:
		r.Fail(fmt.Sprintf("chain %d under chain %d", g.ID, g.Parent), wire.ErrValue)
	case !g.Owner.IsZero() && g.Owner.Chain() == 0:
		r.Fail("owner", wire.ErrValue)
	case g.Name == "":
		r.Fail("a chain without a name", wire.ErrValue)
	}
	return g, r.Done()
}

// Applicant is a node that is to have seats in a committee, with the proof that it has the key (SPEC 6.2).
type Applicant struct {
	Node       keys.PublicKey
	Key        keys.BLSPublicKey
	Possession keys.BLSSignature
	Seats      uint32
}

const applicantBytes = 32 + keys.BLSKeyBytes + keys.BLSSignatureBytes + 4

func appendApplicants(b []byte, list []Applicant) []byte {
	b = wire.AppendU32(b, uint32(len(list)))
	for i := range list {
		a := &list[i]
		b = append(append(append(b, a.Node[:]...), a.Key[:]...), a.Possession[:]...)
		b = wire.AppendU32(b, a.Seats)
	}
	return b
}

func readApplicants(r *wire.Reader) []Applicant {
	seats := uint64(0)
	list := readList(r, "nodes", MaxRegisteredSeats, applicantBytes, func() (a Applicant) {
		r.Into("node", a.Node[:])
		r.Into("key", a.Key[:])
		r.Into("possession", a.Possession[:])
		a.Seats = r.U32("seats")
		if seats += uint64(a.Seats); r.Err() == nil && a.Seats == 0 {
			r.Fail("a node without seats", wire.ErrValue)
		}
		return a
	})
	if r.Err() == nil && (seats == 0 || seats > MaxRegisteredSeats) {
		r.Fail(fmt.Sprintf("%d seats (limit %d)", seats, MaxRegisteredSeats), wire.ErrLimit)
	}
	return list
}

// Seated is the committee of a chain that applicants make, with its seed. It has no epoch: it gets the one in which it agrees.
func Seated(id ID, silent uint32, seed Hash, list []Applicant) Committee {
	c := Committee{Chain: id, Silent: silent, Seed: seed}
	for i := range list {
		for range list[i].Seats {
			c.Seats = append(c.Seats, Seat{list[i].Node, list[i].Key})
		}
	}
	return c
}

// CreateInput is the input of a create. The parent's attributes are inherited where nothing else is said (SPEC 7.1): Params is
// nil then.
type CreateInput struct {
	Parent ID
	Name   string
	Params *Params
	Silent uint32
	Nodes  []Applicant
}

// Encode is the canonical encoding.
func (c CreateInput) Encode() []byte {
	b := wire.AppendShort(wire.AppendU32([]byte{1}, uint32(c.Parent)), c.Name)
	if c.Params == nil {
		b = wire.AppendBytes(b, nil)
	} else {
		b = wire.AppendBytes(b, c.Params.Encode())
	}
	return appendApplicants(wire.AppendU32(b, c.Silent), c.Nodes)
}

// DecodeCreate reads what Encode writes.
func DecodeCreate(b []byte) (c CreateInput, err error) {
	r := wire.NewReader(b)
	r.Version("create", 1)
	c = CreateInput{Parent: readChain(r), Name: string(r.Short("name", MaxNameBytes))}
	if p := r.Bytes("params", maxParamsBytes); r.Err() == nil && len(p) > 0 {
		params, err := DecodeParams(p)
		if err != nil {
			r.Fail("params: "+err.Error(), wire.ErrValue)
		}
		c.Params = &params
	}
	c.Silent = r.U32("silent")
	c.Nodes = readApplicants(r)
	if r.Err() == nil && c.Name == "" {
		r.Fail("a chain without a name", wire.ErrValue)
	}
	return c, r.Done()
}

// CommitteeInput is the input of a committee message.
type CommitteeInput struct {
	Chain  ID
	Silent uint32
	Nodes  []Applicant
}

// Encode is the canonical encoding.
func (c CommitteeInput) Encode() []byte {
	return appendApplicants(wire.AppendU32(wire.AppendU32([]byte{1}, uint32(c.Chain)), c.Silent), c.Nodes)
}

// DecodeCommitteeInput reads what Encode writes.
func DecodeCommitteeInput(b []byte) (CommitteeInput, error) {
	r := wire.NewReader(b)
	r.Version("committee input", 1)
	c := CommitteeInput{Chain: readChain(r), Silent: r.U32("silent"), Nodes: readApplicants(r)}
	return c, r.Done()
}

// ParamsInput is the input of a params message.
type ParamsInput struct {
	Chain  ID
	Params Params
}

// Encode is the canonical encoding.
func (c ParamsInput) Encode() []byte {
	return wire.AppendBytes(wire.AppendU32([]byte{1}, uint32(c.Chain)), c.Params.Encode())
}

// DecodeParamsInput reads what Encode writes.
func DecodeParamsInput(b []byte) (ParamsInput, error) {
	r := wire.NewReader(b)
	r.Version("params input", 1)
	c := ParamsInput{Chain: readChain(r), Params: readParamsBytes(r)}
	return c, r.Done()
}

// ValveInput is the input of a valve message.
type ValveInput struct {
	Chain ID
	Valve Valve
}

// Encode is the canonical encoding.
func (c ValveInput) Encode() []byte {
	return c.Valve.Append(wire.AppendU32([]byte{1}, uint32(c.Chain)))
}

// DecodeValveInput reads what Encode writes.
func DecodeValveInput(b []byte) (ValveInput, error) {
	r := wire.NewReader(b)
	r.Version("valve input", 1)
	c := ValveInput{Chain: readChain(r), Valve: readValve(r)}
	return c, r.Done()
}

// Branch is a chain of the tree with all that others must know of it: its registration, and the committee of that. It is the
// input of a child message, and part of a genesis.
type Branch struct {
	Registration
	Seats Committee
}

// Encode is the canonical encoding.
func (c Branch) Encode() []byte {
	return wire.AppendBytes(wire.AppendBytes(nil, c.Registration.Encode()), c.Seats.Append(nil))
}

// ErrCommitteeHash is returned for a committee that is not the one whose hash stands beside it.
var ErrCommitteeHash = errors.New("is not the committee whose hash is registered")

// DecodeBranch reads what Encode writes.
func DecodeBranch(b []byte) (Branch, error) {
	r := wire.NewReader(b)
	c := readBranch(r)
	return c, r.Done()
}

func readBranch(r *wire.Reader) (c Branch) {
	registration, seats := r.Bytes("registration", registrationBytes+MaxNameBytes+maxParamsBytes-paramsBytes), r.Bytes("committee", maxCommitteeBytes)
	if r.Err() != nil {
		return c
	}
	var err error
	if c.Registration, err = DecodeRegistration(registration); err == nil {
		c.Seats, err = DecodeCommittee(seats)
	}
	if err == nil && (c.Seats.Hash() != c.Committee || c.Seats.Chain != c.ID) {
		err = fmt.Errorf("committee of chain %d %w", c.ID, ErrCommitteeHash)
	}
	if err != nil {
		r.Fail(err.Error(), wire.ErrValue)
	}
	return c
}

// Child is what a digests actor keeps of a child under ChildKey.
type Child struct {
	Known
	// Issued is what the geneses of the child and of all under it issued, Left what its digests say has left its branch (SPEC 8.7).
	Issued, Left Amount
	// Forked says that a committee of its certified two blocks at one height: the recorded one counts (SPEC 4.9). It stays so for good.
	Forked bool
}

// Held is all that the branch of a child ever had: what its geneses issued, and what entered it here and was credited to it from above.
// More than there can be is the largest amount: nothing that is left can exceed that.
func Held(issued, entered, credited Amount) Amount {
	sum := issued
	for _, a := range []Amount{entered, credited} {
		var err error
		if sum, err = sum.Add(a); err != nil {
			return MaxAmount
		}
	}
	return sum
}

// ChildKey is the digests actor's storage key of a Child. Under AccumulatorKey stands the merkle.Accumulator of the anchors of its
// recorded blocks, the first of height 1; under ChildCommitteeKey the Committee of its next block; under LeftKey the Amount that
// they say has left its branch for a chain, as far as the child's valve has let it through: the sum of their Leaving, which that chain holds
// relays from there to.
func ChildKey(id ID) string          { return chainKey("child/", id) }
func AccumulatorKey(id ID) string    { return chainKey("digests/", id) }
func ChildCommitteeKey(id ID) string { return chainKey("committee/", id) }
func LeftKey(id, to ID) string       { return chainKey(chainKey("left/", id), to) }

// GateKey is the digests actor's storage key of a child's Gate; nothing stands there where its valve is open and nothing waits.
func GateKey(id ID) string { return chainKey("gate/", id) }

// Encode is the canonical encoding.
func (c Child) Encode() []byte {
	b := wire.AppendBytes([]byte{1}, c.Known.Encode())
	b = c.Left.Append(c.Issued.Append(b))
	return append(b, boolByte(c.Forked))
}

// DecodeChild reads what Encode writes.
func DecodeChild(b []byte) (c Child, err error) {
	r := wire.NewReader(b)
	r.Version("child", 1)
	known := r.Bytes("what is known", 256)
	if r.Err() == nil {
		if c.Known, err = DecodeKnown(known); err != nil {
			return c, err
		}
	}
	c.Issued, c.Left = ReadAmount(r, "issued"), ReadAmount(r, "left")
	c.Forked = readBool(r, "forked")
	return c, r.Done()
}
