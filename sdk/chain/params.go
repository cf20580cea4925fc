package chain

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Params are a chain's attributes (SPEC 7.1): what it may set for itself when it is made, and its owner may change later, from an
// epoch on. What nobody sets is the parent's. Check holds them to the network's bounds, which are the same for all chains.
//
// The token is no attribute: every chain uses the network's native one (SPEC 2.8).
type Params struct {
	// BlockGas is the gas that the handlings of one block may use together, MinBlockGas to MaxBlockGas.
	BlockGas uint64 `json:"block_gas"`
	// BlockBytes is the length of an encoded block, at most MaxBlockBytes.
	BlockBytes uint32 `json:"block_bytes"`
	// FreshShare is the part of BlockGas, in 1/256, that external inputs may use while carried-in messages are left over
	// (SPEC 4.5).
	FreshShare uint8 `json:"fresh_share"`
	// MinGasPrice is the lowest price of a unit of gas; 0 makes gas free for those who ask for it.
	MinGasPrice uint64 `json:"min_gas_price"`
	// DepositPerAccount and DepositPerByte are held back from an account for the room it takes (SPEC 3.4).
	DepositPerAccount uint64 `json:"deposit_per_account"`
	DepositPerByte    uint64 `json:"deposit_per_byte"`
	// BlockMillis is the block interval: a block's time is so much later than its parent's at least, up to MaxBlockMillis. 0 lets blocks
	// follow each other as soon as there is something for them.
	BlockMillis uint32 `json:"block_millis"`
	// GasTable is the version of the table of gas prices (SPEC 3.4). There is one, GasTableNow: what a unit costs is MinGasPrice's.
	GasTable uint8 `json:"gas_table"`
	// Election says how the chain gets a committee; 0 is none.
	Election Election `json:"election,omitempty"`
	// Seats is how many seats each of its committees has at least, 1 to MaxRegisteredSeats.
	Seats uint32 `json:"seats"`
	// Structural is a chain of system actors (SPEC 7.1): its accounts have keys and money, to pay for messages to those, and no code. It
	// stays what it was made.
	Structural bool `json:"structural,omitempty"`
	// Valve is how fast value leaves the chain's branch (SPEC 8.7).
	Valve Valve `json:"valve,omitzero"`
	// Validators are the nodes that may have seats, Writers the account keys whose external messages are taken (but calls of system actors,
	// which are everybody's), Readers the keys that nodes serve its blocks and state to (SPEC 7.3). Each is sorted, without repeats, of
	// MaxListed keys at most; a list of none is everybody.
	Validators []keys.PublicKey `json:"validators,omitempty"`
	Writers    []keys.PublicKey `json:"writers,omitempty"`
	Readers    []keys.PublicKey `json:"readers,omitempty"`
}

// GasTableNow is the version of the only table of gas prices that nodes have: package contracts/gas.
const GasTableNow = 5

// Election is how a chain gets its committee; the zero value is none.
type Election uint8

const (
	// Listed committees are named by the chain's owner, in messages to the registry.
	Listed Election = 1
	// ByStake is the election of SPEC 6.4. It is not built: Check refuses it.
	ByStake Election = 2
)

var electionNames = map[Election]string{Listed: "listed", ByStake: "stake"}

// String is the name that ParseElection reads.
func (e Election) String() string {
	if name, ok := electionNames[e]; ok {
		return name
	}
	return fmt.Sprintf("election %d", uint8(e))
}

// ParseElection reads the name of a way to get a committee.
func ParseElection(name string) (Election, error) {
	switch name {
	case "listed":
		return Listed, nil
	case "stake":
		return ByStake, nil
	}
	return 0, fmt.Errorf("election %q: write listed", clip(name))
}

// MarshalText is String.
func (e Election) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText is ParseElection.
func (e *Election) UnmarshalText(text []byte) (err error) {
	*e, err = ParseElection(string(text))
	return err
}

// Valve is how fast value leaves the branch of a chain that is not staffed by the main chain's election (SPEC 8.7). Its parent holds
// all that the chain's digests let out to it: what is not let through yet waits there, and is lost to nobody. The zero Valve is open.
type Valve struct {
	// Limit is the value that is let through within Window blocks of the parent at most; zero is no limit, and has no window.
	Limit  Amount `json:"limit,omitzero"`
	Window uint32 `json:"window,omitempty"`
	// Delay is how many blocks of the parent value waits there at least, and twice that at most if the parent is asked then.
	Delay uint32 `json:"delay,omitempty"`
}

// Open says that all passes at once.
func (v Valve) Open() bool { return v == Valve{} }

func (v Valve) check() error {
	switch {
	case v.Limit.IsZero() != (v.Window == 0):
		return fmt.Errorf("valve: a limit of %s in %d blocks: a limit and its window are set together", v.Limit, v.Window)
	case v.Window > MaxValveBlocks || v.Delay > MaxValveBlocks:
		return fmt.Errorf("valve: a window of %d blocks, a delay of %d: each must be at most %d", v.Window, v.Delay, MaxValveBlocks)
	}
	return nil
}

const valveBytes = 16 + 4 + 4

// Append writes the canonical encoding.
func (v Valve) Append(b []byte) []byte {
	return wire.AppendU32(wire.AppendU32(v.Limit.Append(b), v.Window), v.Delay)
}

func readValve(r *wire.Reader) Valve {
	v := Valve{ReadAmount(r, "limit"), r.U32("window"), r.U32("delay")}
	if err := v.check(); r.Err() == nil && err != nil {
		r.Fail(err.Error(), wire.ErrValue)
	}
	return v
}

// DefaultParams are those of a network that sets none: free gas, no deposits, blocks as soon as there is something, one seat, all for
// everybody.
func DefaultParams() Params {
	return Params{BlockGas: MinBlockGas, BlockBytes: MaxBlockBytes, FreshShare: 128, GasTable: GasTableNow, Election: Listed, Seats: 1}
}

// Check names the first value that is out of range.
func (p *Params) Check() error {
	switch {
	case p.BlockGas < MinBlockGas || p.BlockGas > MaxBlockGas:
		return fmt.Errorf("block_gas %d: it must be %d to %d", p.BlockGas, uint64(MinBlockGas), uint64(MaxBlockGas))
	case p.BlockBytes < MinBlockBytes || p.BlockBytes > MaxBlockBytes:
		return fmt.Errorf("block_bytes %d: it must be %d to %d", p.BlockBytes, MinBlockBytes, MaxBlockBytes)
	case p.FreshShare == 0:
		return fmt.Errorf("fresh_share 0: it must be 1 to 255")
	case p.BlockMillis > MaxBlockMillis:
		return fmt.Errorf("block_millis %d: it must be at most %d", p.BlockMillis, MaxBlockMillis)
	case p.GasTable != GasTableNow:
		return fmt.Errorf("gas_table %d: there is one, %d", p.GasTable, GasTableNow)
	case p.Election == ByStake:
		return fmt.Errorf("election stake: committees are not elected by stake yet: it must be listed")
	case p.Election != Listed:
		return fmt.Errorf("%s: it must be listed", p.Election)
	case p.Seats == 0 || p.Seats > MaxRegisteredSeats:
		return fmt.Errorf("seats %d: it must be 1 to %d", p.Seats, MaxRegisteredSeats)
	}
	for _, l := range p.lists() {
		if err := checkKeys(*l.keys); err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
	}
	return p.Valve.check()
}

type keyList struct {
	name string
	keys *[]keys.PublicKey
}

func (p *Params) lists() [3]keyList {
	return [...]keyList{{"validators", &p.Validators}, {"writers", &p.Writers}, {"readers", &p.Readers}}
}

func compareKeys(a, b keys.PublicKey) int { return bytes.Compare(a[:], b[:]) }

func checkKeys(list []keys.PublicKey) error {
	if len(list) > MaxListed {
		return fmt.Errorf("%d keys: it must have at most %d", len(list), MaxListed)
	}
	for i := 1; i < len(list); i++ {
		if compareKeys(list[i-1], list[i]) >= 0 {
			return fmt.Errorf("key %s stands twice or out of order", list[i])
		}
	}
	return nil
}

// Sorted is a list of keys as Params hold it.
func Sorted(list []keys.PublicKey) []keys.PublicKey {
	list = slices.Clone(list)
	slices.SortFunc(list, compareKeys)
	return slices.Compact(list)
}

// Allows says whether a list of Params has the key: one of none has all.
func Allows(list []keys.PublicKey, key keys.PublicKey) bool {
	if len(list) == 0 {
		return true
	}
	_, found := slices.BinarySearchFunc(list, key, compareKeys)
	return found
}

// Admits says why a committee can't be one of the chain: it is too small, or has a node that may not validate (SPEC 7.3).
func (p *Params) Admits(c *Committee) error {
	if uint64(len(c.Seats)) < uint64(p.Seats) {
		return fmt.Errorf("%w: %d seats, and the chain's has %d at least", ErrCommittee, len(c.Seats), p.Seats)
	}
	for i := range c.Seats {
		if node := c.Seats[i].Node; !Allows(p.Validators, node) {
			return fmt.Errorf("%w: node %s is none of those that may validate", ErrCommittee, node)
		}
	}
	return nil
}

// Follows says why the attributes can't follow others of the same chain.
func (p *Params) Follows(before *Params) error {
	if p.Structural != before.Structural {
		return fmt.Errorf("structural: a chain stays what it was made")
	}
	return p.Check()
}

// Equal says that both are the same.
func (p Params) Equal(q Params) bool { return bytes.Equal(p.Encode(), q.Encode()) }

const paramsVersion = 2

// Encode is the canonical encoding.
func (p Params) Encode() []byte {
	b := wire.AppendU64(append(make([]byte, 0, paramsBytes), paramsVersion), p.BlockGas)
	b = append(wire.AppendU32(b, p.BlockBytes), p.FreshShare)
	b = wire.AppendU64(b, p.MinGasPrice)
	b = wire.AppendU64(wire.AppendU64(b, p.DepositPerAccount), p.DepositPerByte)
	b = append(wire.AppendU32(b, p.BlockMillis), p.GasTable, byte(p.Election))
	b = p.Valve.Append(append(wire.AppendU32(b, p.Seats), boolByte(p.Structural)))
	for _, l := range p.lists() {
		b = wire.AppendU32(b, uint32(len(*l.keys)))
		for _, k := range *l.keys {
			b = append(b, k[:]...)
		}
	}
	return b
}

const (
	// paramsBytes is the length of the smallest encoded attributes, maxParamsBytes that of the largest.
	paramsBytes    = 1 + 8 + 4 + 1 + 8 + 8 + 8 + 4 + 1 + 1 + 4 + 1 + valveBytes + 3*4
	maxParamsBytes = paramsBytes + 3*MaxListed*32
)

// DecodeParams reads what Encode writes and checks the ranges.
func DecodeParams(b []byte) (Params, error) {
	r := wire.NewReader(b)
	r.Version("params", paramsVersion)
	p := Params{
		BlockGas: r.U64("block gas"), BlockBytes: r.U32("block bytes"), FreshShare: r.U8("fresh share"),
		MinGasPrice: r.U64("min gas price"), DepositPerAccount: r.U64("deposit per account"), DepositPerByte: r.U64("deposit per byte"),
		BlockMillis: r.U32("block interval"), GasTable: r.U8("gas table"), Election: Election(r.U8("election")), Seats: r.U32("seats"),
		Structural: readBool(r, "structural"), Valve: readValve(r),
	}
	for _, l := range p.lists() {
		*l.keys = readList(r, l.name, MaxListed, 32, func() (k keys.PublicKey) {
			r.Into("key", k[:])
			return k
		})
	}
	if err := p.Check(); r.Err() == nil && err != nil {
		r.Fail(err.Error(), wire.ErrValue)
	}
	return p, r.Done()
}

func readParamsBytes(r *wire.Reader) Params {
	b := r.Bytes("params", maxParamsBytes)
	if r.Err() != nil {
		return Params{}
	}
	p, err := DecodeParams(b)
	if err != nil {
		r.Fail("params: "+err.Error(), wire.ErrValue)
	}
	return p
}

// Charter is what the registry has a chain take over from an epoch on: who agrees on its blocks, and its attributes.
type Charter struct {
	Seats  Committee // of no epoch
	Params Params
}

// Encode is the canonical encoding.
func (c Charter) Encode() []byte {
	return wire.AppendBytes(wire.AppendBytes([]byte{1}, c.Seats.Append(nil)), c.Params.Encode())
}

// DecodeCharter reads what Encode writes.
func DecodeCharter(b []byte) (c Charter, err error) {
	r := wire.NewReader(b)
	r.Version("charter", 1)
	if c.Seats, err = DecodeCommittee(r.Bytes("committee", maxCommitteeBytes)); r.Err() == nil && err != nil {
		r.Fail(err.Error(), wire.ErrValue)
	}
	c.Params = readParamsBytes(r)
	return c, r.Done()
}
