package client

import (
	"encoding/hex"
	"fmt"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// Finality is how final an answer is (SPEC 4.9).
type Finality string

// The levels. What isn't final is never answered as part of the ledger.
const (
	// Final: certified and durable. It is the only level of a chain that is alone.
	Final Finality = "final"
	// Anchored: its digest is recorded on the parent, so that it counts whatever its committee signs later.
	Anchored Finality = "anchored"
	// Rooted: the main chain covers it. The main chain's own blocks are.
	Rooted Finality = "rooted"
)

// The kinds of messages.
const (
	KindExternal = "external" // made outside and signed
	KindRelay    = "relay"    // sent by an actor
)

// State is where a message stands.
type State string

// The states of a message.
const (
	StateAccepted State = "accepted" // taken in: it waits, or was processed already
	StateRefused  State = "refused"  // not taken in
	StateWaiting  State = "waiting"  // external, in the mempool
	StateQueued   State = "queued"   // a relay that was sent and is not handled yet
	StateFinal    State = "final"    // handled in a final block; Status says how that ended
	StateDropped  State = "dropped"  // left the mempool without a block; Dropped says why
)

// IsSettled says whether the state is the last one: the message is final, or will never be.
func (s State) IsSettled() bool { return s == StateFinal || s == StateDropped || s == StateRefused }

// Hex are bytes that are hexadecimal digits in JSON.
type Hex []byte

// String is the digits.
func (h Hex) String() string { return hex.EncodeToString(h) }

// MarshalText is String.
func (h Hex) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (h *Hex) UnmarshalText(b []byte) (err error) {
	*h, err = hex.DecodeString(string(b))
	return err
}

// Params are a chain's parameters (chain.Params) with JSON that keeps every bit.
type Params struct {
	BlockGas          uint64 `json:"block_gas"`
	BlockBytes        uint32 `json:"block_bytes"`
	FreshShare        uint8  `json:"fresh_share"`
	MinGasPrice       uint64 `json:"min_gas_price,string"`
	DepositPerAccount uint64 `json:"deposit_per_account,string"`
	DepositPerByte    uint64 `json:"deposit_per_byte,string"`

	BlockMillis uint32         `json:"block_millis"`
	GasTable    uint8          `json:"gas_table"`
	Election    chain.Election `json:"election,omitempty"`
	Seats       uint32         `json:"seats"`
	Structural  bool           `json:"structural,omitempty"`
	Valve       chain.Valve    `json:"valve,omitzero"`
	// Of each list none is everybody.
	Validators []keys.PublicKey `json:"validators,omitempty"`
	Writers    []keys.PublicKey `json:"writers,omitempty"`
	Readers    []keys.PublicKey `json:"readers,omitempty"`
}

// Chain is a chain of the network, as the node knows it.
type Chain struct {
	Chain  chain.ID `json:"chain"`
	Name   string   `json:"name,omitempty"`
	Parent chain.ID `json:"parent,omitempty"` // none: the main chain
	// Here says that the node runs it; what follows is known of those alone.
	Here       bool            `json:"here"`
	Height     uint64          `json:"height,omitempty"`
	Block      chain.BlockHash `json:"block,omitzero"`
	StateRoot  chain.Hash      `json:"state_root,omitzero"`
	TimeMillis uint64          `json:"time_millis,omitempty"`
	Round      uint32          `json:"round,omitempty"`  // of the height after that; more than 0 if leaders failed
	Silent     bool            `json:"silent,omitempty"` // the node signs nothing until it can't contradict what it may have signed
	// Recorded is its last block that its parent has recorded, if the node runs the parent: anchored up to there (SPEC 4.9).
	Recorded uint64 `json:"recorded,omitempty"`
	// Forked says that its parent was shown two certified blocks of one height, if the node runs the parent: a committee of the chain is
	// rotten, and the block that is recorded counts (SPEC 4.9). It stays so for good.
	Forked bool `json:"forked,omitempty"`
}

// Chains are those of the network. Default is the one that is meant where none is named.
type Chains struct {
	Default chain.ID `json:"default"`
	Chains  []Chain  `json:"chains"`
	// Deposit is what a further chain must bring, as far as the node knows of others.
	Deposit chain.Amount `json:"deposit"`
}

// ChainShown is a chain with what the registry has of it, if the node runs the main chain.
type ChainShown struct {
	Chain
	Registered *Registration `json:"registered,omitempty"`
}

// Delivered says that an envelope was taken from whoever carried it. Its relays come into a block when First is what the chain expects,
// and their proof holds; Expected is what it expected then. Of an acknowledgement it says what Acknowledged has, and no number of relays.
type Delivered struct {
	Chain    chain.ID `json:"chain"`
	Source   chain.ID `json:"source"`
	First    uint64   `json:"first"`
	Messages int      `json:"messages"`
	Expected uint64   `json:"expected"`
	// Acknowledged is of an acknowledgement; nil for an envelope.
	Acknowledged *Acknowledged `json:"acknowledged,omitempty"`
}

// Acknowledged is what an acknowledgement shows the chain of its relays to another one (SPEC 8.6).
type Acknowledged struct {
	Next  uint64 `json:"next"`  // of the relays, so many were taken in
	Known uint64 `json:"known"` // so many were known to be
	Sent  uint64 `json:"sent"`  // so many there are
	Kept  bool   `json:"kept"`  // false if that is too little news to be worth its bytes in a block, or some that is as new waits
}

// Registration is what the registry has of a chain (SPEC 7.1, 7.3).
type Registration struct {
	Owner     chain.Address `json:"owner,omitzero"` // who may change the committee; nobody if there is none
	Params    Params        `json:"params"`
	Height    uint64        `json:"height"`    // of the main chain's block that made it; 0 for the genesis
	Deposit   chain.Amount  `json:"deposit"`   // frozen for it
	Issued    chain.Amount  `json:"issued"`    // by its genesis
	Committee chain.Hash    `json:"committee"` // that was registered last: the chain may have another one still
	Silent    uint32        `json:"silent"`
	Seats     []Seat        `json:"seats"`
}

// Info is what a node says of itself and its chain.
type Info struct {
	Version       string          `json:"version"`
	Name          string          `json:"name"` // of the chain
	Network       chain.NetworkID `json:"network"`
	Chain         chain.ID        `json:"chain"`
	Chains        int             `json:"chains"` // of the network, as far as this one knows
	Height        uint64          `json:"height"`
	Block         chain.BlockHash `json:"block"`
	StateRoot     chain.Hash      `json:"state_root"`
	TimeMillis    uint64          `json:"time_millis"` // of the head
	GenesisMillis uint64          `json:"genesis_millis"`
	Finality      Finality        `json:"finality"`
	Params        Params          `json:"params"`
	Gas           Gas             `json:"gas"`
	Pace          string          `json:"pace"`     // auto, manual or an interval
	Waiting       int             `json:"waiting"`  // external messages in the mempool
	Resident      int             `json:"resident"` // accounts whose actor is in memory
	Entries       int             `json:"entries"`  // accounts and storage entries in the state
	UptimeMillis  int64           `json:"uptime_millis"`
	Dir           string          `json:"dir,omitempty"` // empty: in memory
	// First is the lowest block that the node has: more than 1 if it began with the state of the block before.
	First uint64 `json:"first_block"`
	// CatchUp is set while the node is behind, and fetches blocks.
	CatchUp *CatchUp `json:"catch_up,omitempty"`
	// Dev is set on a development network: its keys are known to everybody.
	Dev *Dev `json:"dev,omitempty"`
}

// CatchUp is how far a node is that fetches blocks.
type CatchUp struct {
	Target uint64  `json:"target"`            // the highest block that it knows of
	Rate   float64 `json:"blocks_per_second"` // since it is behind
}

// Dev is what a development network tells its users.
type Dev struct {
	Seed  string   `json:"seed"`  // of DevKey
	Names []string `json:"names"` // of the accounts that have money from the start
	// Carrier is the account that pays for carrying what goes between chains, where there are several.
	Carrier string `json:"carrier,omitempty"`
	// Founds says that the process has the keys of every chain that is made, and runs it.
	Founds bool `json:"founds,omitempty"`
}

// Peers are the other nodes that a node knows. Self is the node that answers, as it tells others; its key is zero where it has no others.
type Peers struct {
	Self  Peer   `json:"self,omitzero"`
	Peers []Peer `json:"peers"`
}

// Peer is another node as the one that answers sees it.
type Peer struct {
	Node      keys.PublicKey `json:"node"`
	Member    bool           `json:"member"`    // it has, had or will have a seat
	Connected bool           `json:"connected"` // at Address
	Alive     bool           `json:"alive"`     // says gossip, which may be wrong
	Address   string         `json:"address,omitempty"`
	Transport string         `json:"transport,omitempty"` // where other nodes connect, as it says
	API       string         `json:"api,omitempty"`       // where it serves users, as it says
	Software  string         `json:"software,omitempty"`
	// Messages to and from it since it was met; Lost are those that were not sent.
	Sent     uint64 `json:"sent"`
	Received uint64 `json:"received"`
	Lost     uint64 `json:"lost"`
	// Error is why it could not be reached the last time.
	Error string `json:"error,omitempty"`
	// Serves is what it does, as it says.
	Serves []Serves `json:"serves,omitempty"`
	// Conflicts is how often it claimed another address than the one that was known, if it is registered: it has moved, or its key is
	// in two processes.
	Conflicts uint64 `json:"conflicts,omitempty"`
}

// Serves is what a node does for chains from First to Last: data, common, seat (SPEC 6.8).
type Serves struct {
	First chain.ID `json:"first"`
	Last  chain.ID `json:"last"`
	Roles []string `json:"roles"`
}

// Account is an account at the head.
type Account struct {
	Address      chain.Address   `json:"address"`
	Chain        chain.ID        `json:"chain"`
	Exists       bool            `json:"exists"`
	Balance      chain.Amount    `json:"balance"`
	Deposit      chain.Amount    `json:"deposit"`
	Nonce        uint64          `json:"nonce"`
	NextNonce    uint64          `json:"next_nonce"` // behind those that wait
	Waiting      int             `json:"waiting"`    // external messages of this account
	Code         chain.CodeHash  `json:"code,omitzero"`
	Immutable    bool            `json:"immutable,omitempty"`
	StorageBytes uint64          `json:"storage_bytes"`
	Height       uint64          `json:"height"`
	Block        chain.BlockHash `json:"block"`
	Finality     Finality        `json:"finality"`
	Proof        *Proof          `json:"proof,omitempty"`
}

// Place is where a message was handled.
type Place struct {
	Chain   chain.ID        `json:"chain"`
	Height  uint64          `json:"height"`
	Block   chain.BlockHash `json:"block"`
	Account chain.Address   `json:"account"` // whose σ it is in
	Index   int             `json:"index"`   // in that σ
	Event   uint32          `json:"event"`   // in the block
}

// String is short enough for a line.
func (p *Place) String() string {
	return fmt.Sprintf("chain %d block %d event %d", p.Chain, p.Height, p.Event)
}

// Message is a message and where it stands. Of one that waits or was dropped only the id and the state are known; of one that
// is queued there is no place, status, gas or fee yet.
type Message struct {
	ID         chain.MessageID `json:"id"`
	State      State           `json:"state"`
	Finality   Finality        `json:"finality,omitempty"`
	Kind       string          `json:"kind,omitempty"` // KindExternal or KindRelay; empty while only the id is known
	From       chain.Address   `json:"from,omitzero"`
	To         chain.Address   `json:"to,omitzero"`
	Method     string          `json:"method,omitempty"`
	Amount     chain.Amount    `json:"amount"`
	Nonce      uint64          `json:"nonce,string"`                 // external
	ValidUntil uint64          `json:"valid_until,string,omitempty"` // external
	GasLimit   uint64          `json:"gas_limit,string"`
	GasPrice   uint64          `json:"gas_price,string"`
	Payer      chain.Address   `json:"payer,omitzero"`
	// Input is cut where many messages are answered at once; InputBytes is its whole length.
	Input      Hex             `json:"input,omitempty"`
	InputBytes int             `json:"input_bytes,omitempty"`
	Parent     chain.MessageID `json:"parent,omitzero"` // relay
	Index      uint32          `json:"index,omitempty"` // relay: place among what the parent sent
	Origin     chain.MessageID `json:"origin,omitzero"` // root of the tree
	Depth      uint32          `json:"depth,omitempty"`

	Place   *Place          `json:"place,omitempty"`
	Status  chain.Status    `json:"status,omitzero"`
	Reason  string          `json:"reason,omitempty"`
	GasUsed uint64          `json:"gas_used,omitempty"` // of this handling alone
	Fee     chain.Amount    `json:"fee"`                // what it cost: gas used times gas price
	Events  []ContractEvent `json:"events,omitempty"`
	// MoreEvents is how many events an answer about many messages leaves out.
	MoreEvents int `json:"more_events,omitempty"`
	// Logs are lines that the code logged, for who debugs: the node's own memory of what it ran lately, no part of the chain.
	Logs []string          `json:"logs,omitempty"`
	Sent []chain.MessageID `json:"sent,omitempty"`
	// Joined says that it was handled as one with the message before it in the account's σ.
	Joined bool `json:"joined,omitempty"`

	// Confirmed is said of a relay under way that can't fail: who receives it can count on it, since the block that sent it is final
	// (SPEC 8.8). Finality is how final that block is.
	Confirmed bool `json:"confirmed,omitempty"`
	// Waits says what a relay under way waits for.
	Waits *Waits `json:"waits,omitempty"`
	// Elsewhere says that the chain isn't at the node that was asked, and how the message stands is the word of another, for which nothing is shown:
	// that it is final, too.
	Elsewhere bool `json:"elsewhere,omitempty"`

	// Proof shows to who has a chain above the message's that it is final, and what came of it (light.Handled); if it was asked for.
	Proof Hex `json:"proof,omitempty"`

	// Dropped says why the message will not come into a block.
	Dropped *Error `json:"dropped,omitempty"`
}

// What a relay under way waits for.
const (
	WaitsDigest = "digest" // its sender's block, or one that covers that, to be recorded by the parent
	WaitsIntake = "intake" // to be taken in: all that must be recorded is
	WaitsQueue  = "queue"  // to be handled: it is in the queue of its chain
	// WaitsElsewhere: not known, since chain On is at other nodes, and none of them says.
	WaitsElsewhere = "elsewhere"
)

// Waits is what a relay waits for: that chain On records the block of chain Chain at Height, takes the relay in, or handles it.
type Waits struct {
	For    string   `json:"for"`
	Chain  chain.ID `json:"chain,omitempty"`
	Height uint64   `json:"height,omitempty"`
	On     chain.ID `json:"on"`
}

// Words say it; name is what a chain is called.
func (w *Waits) Words(name func(chain.ID) string) string {
	switch w.For {
	case WaitsDigest:
		return fmt.Sprintf("waits for the digest of block %d of chain %s on %s", w.Height, name(w.Chain), name(w.On))
	case WaitsIntake:
		return fmt.Sprintf("waits to be taken in by chain %s", name(w.On))
	case WaitsElsewhere:
		return fmt.Sprintf("unknown: chain %s is at other nodes", name(w.On))
	}
	return fmt.Sprintf("waits in the queue of chain %s", name(w.On))
}

// Waiting is told of a message while it waits, whenever what it waits for changes.
type Waiting struct {
	ID    chain.MessageID `json:"id"`
	Waits Waits           `json:"waits"`
}

// ContractEvent is something a contract told the outside.
type ContractEvent struct {
	Topic string `json:"topic"`
	Body  Hex    `json:"body"`
}

// Submitted is what became of one submitted message.
type Submitted struct {
	ID    chain.MessageID `json:"id,omitzero"` // zero if it didn't decode
	State State           `json:"state"`
	Error *Error          `json:"error,omitempty"` // why it was refused
	// Message is where it stands, if the submission waited for it.
	Message *Message `json:"message,omitempty"`
}

// Submission is the answer to a submission: one for each message, in their order.
type Submission struct {
	Messages []Submitted `json:"messages"`
}

// Trace is the tree of messages that an external message began (SPEC 2.4).
type Trace struct {
	Origin chain.MessageID `json:"origin"`
	Asked  chain.MessageID `json:"asked"`
	Chain  chain.ID        `json:"chain"`
	Height uint64          `json:"height"` // the tree is as this block left it
	// Heights are those of all chains that the node has, where there are several.
	Heights map[chain.ID]uint64 `json:"heights,omitempty"`
	// Complete says that every message of the tree is final, or dropped.
	Complete bool `json:"complete"`
	// Truncated says that the tree has more messages than were answered.
	Truncated bool         `json:"truncated,omitempty"`
	Messages  int          `json:"messages"` // in the tree below
	GasUsed   uint64       `json:"gas_used"` // of all of them
	Fee       chain.Amount `json:"fee"`
	Root      *TraceNode   `json:"root"`
}

// TraceNode is a message of a tree, with those that its handling sent.
type TraceNode struct {
	Message
	Asked    bool         `json:"asked,omitempty"`
	Children []*TraceNode `json:"children,omitempty"`
}

// Walk calls f with every message of the tree, senders first, and how deep it stands.
func (t *Trace) Walk(f func(n *TraceNode, depth int)) {
	var walk func(n *TraceNode, depth int)
	walk = func(n *TraceNode, depth int) {
		f(n, depth)
		for _, c := range n.Children {
			walk(c, depth+1)
		}
	}
	if t.Root != nil {
		walk(t.Root, 0)
	}
}

// Progress is a step of a tree of messages: a message was accepted (sent, or taken in), is final, or was dropped.
type Progress struct {
	// Number counts the steps of a tree from 1. On one chain it is the same whenever the tree is followed. It is 0 for a step that another
	// node tells of, or that is known by its word: after a stream was cut off that comes once more.
	Number  int     `json:"number"`
	Message Message `json:"message"`
}

// Roots are the Merkle roots of a block.
type Roots struct {
	Inputs   chain.Hash `json:"inputs"`
	Order    chain.Hash `json:"order"`
	Receipts chain.Hash `json:"receipts"`
	Outbox   chain.Hash `json:"outbox"`
	State    chain.Hash `json:"state"`
}

// Block is a final block.
type Block struct {
	Chain      chain.ID        `json:"chain"`
	Height     uint64          `json:"height"`
	Hash       chain.BlockHash `json:"hash"`
	Parent     chain.BlockHash `json:"parent"`
	Finality   Finality        `json:"finality"`
	Epoch      uint64          `json:"epoch"`
	Round      uint32          `json:"round"`
	Proposer   uint32          `json:"proposer"`
	TimeMillis uint64          `json:"time_millis"`
	Roots      Roots           `json:"roots"`
	GasUsed    uint64          `json:"gas_used"`
	Load       uint32          `json:"load"` // in 1/65536 of the capacity
	Bytes      int             `json:"bytes"`
	Inputs     int             `json:"inputs"`   // messages that came in with it
	Accounts   int             `json:"accounts"` // that handled something
	Events     int             `json:"events"`   // messages handled
	Failed     int             `json:"failed"`   // of those, with a status other than ok
	Queued     int             `json:"queued"`   // messages left for the next block
	// Certificate is what made it final; none at height 0 and where one validator runs the chain.
	Certificate *Certificate `json:"certificate,omitempty"`
	// Messages are a page of the events, in the order of the block: From is the first's number, Next the one after the
	// last, 0 if there is none. A stream of blocks leaves them out.
	Messages []Message `json:"messages,omitempty"`
	From     int       `json:"from,omitempty"`
	Next     int       `json:"next,omitempty"`
}

// Mined is the answer to a demand for blocks.
type Mined struct {
	Height uint64          `json:"height"`
	Block  chain.BlockHash `json:"block"`
}
