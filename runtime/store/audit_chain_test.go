package store_test

import (
	"iter"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// programs are the common messages, code that does what put does, and "put": every account takes it, keeps its input and
// tells so.
type programs struct{}

func (programs) Program(self chain.Address, account chain.Account, m *chain.Message) (exec.Program, error) {
	if m.Kind == chain.Relay && m.Method == "put" && account.Exists() {
		return put{}, nil
	}
	return native.Programs{Codes: codes{}}.Program(self, account, m)
}

func (programs) View(self chain.Address, account chain.Account) (exec.Program, error) {
	return native.Programs{Codes: codes{}}.View(self, account)
}

func (programs) Group(self chain.Address, account chain.Account, method string) (exec.Program, error) {
	return native.Programs{Codes: codes{}}.Group(self, account, method)
}

type codes struct{}

func (codes) Merges(chain.CodeHash, string) (bool, error) { return false, nil }

func (codes) Validate(code []byte) (uint64, uint64, error) {
	return uint64(len(code)), uint64(len(code)), nil
}

func (codes) Run(env *exec.Env, _ chain.CodeHash, _ string) error { return put{}.Handle(env) }

type put struct{}

func (put) Handle(env *exec.Env) error {
	in := env.Message.Input
	if len(in) == 0 {
		return exec.Fail(chain.StatusRefused, "nothing to put")
	}
	if err := env.Write(string(in[:1]), in[1:]); err != nil {
		return err
	}
	return env.Emit("put", in)
}

// wallet is a key with its account.
type wallet struct {
	key     keys.PrivateKey
	address chain.Address
	nonce   uint64
}

// ledger makes a chain, one account after the other, and commits it to a store.
type ledger struct {
	t       testing.TB
	store   *store.Store
	genesis *chain.Genesis
	network chain.NetworkID
	wallets []*wallet
	rules   block.Rules
	tree    *merkle.Tree
	header  *chain.Header
	hash    chain.BlockHash
	results []*block.Result // by height - 1
}

func newLedger(t testing.TB, s *store.Store, wallets int) *ledger {
	t.Helper()
	l := &ledger{t: t, store: s, rules: block.Rules{Programs: programs{}}, tree: merkle.New()}
	params := chain.DefaultParams()
	params.MinGasPrice, params.DepositPerAccount, params.DepositPerByte = 1, 1000, 3
	l.genesis = &chain.Genesis{Name: "audit", Chain: chain.Main, TimeMillis: 1_700_000_000_000, Params: params}
	for i := range wallets {
		key := keys.FromSeed([32]byte{byte(i), byte(i >> 8), 'a'})
		l.wallets = append(l.wallets, &wallet{key: key, address: chain.KeyAddress(chain.Main, key.Public())})
	}
	slices.SortFunc(l.wallets, func(a, b *wallet) int { return a.address.Compare(b.address) })
	for _, w := range l.wallets {
		l.genesis.Accounts = append(l.genesis.Accounts, chain.GenesisAccount{Address: w.address, Balance: chain.NewAmount(1e12)})
	}
	l.network = l.genesis.Network()
	header, changes, err := block.Genesis(l.genesis, l.tree, nil)
	l.must(err)
	l.must(s.Init(l.genesis, header, writes(changes), nil))
	l.header, l.hash = header, header.Hash()
	return l
}

func writes(changes []exec.Change) iter.Seq[exec.Write] {
	return func(yield func(exec.Write) bool) {
		for _, c := range changes {
			if !yield(exec.Write{Slot: c.Slot, Value: c.After}) {
				return
			}
		}
	}
}

func (l *ledger) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *ledger) before() *block.Before {
	return &block.Before{Header: l.header, Hash: l.hash, State: l.store.State(chain.Main), Tree: l.tree}
}

// external is a signed message of wallet n.
func (l *ledger) external(n int, method string, amount uint64, input []byte) *chain.Message {
	w := l.wallets[n]
	m := &chain.Message{
		Network: l.network, Kind: chain.External, From: w.address, To: w.address, Payer: w.address, Nonce: w.nonce,
		ValidUntil: l.header.Height + 10, GasLimit: 1_000_000, GasPrice: 2, Method: method, Amount: chain.NewAmount(amount), Input: input,
	}
	w.nonce++
	return m.Sign(w.key)
}

// pay, call and toNowhere are the messages of the tests.
func (l *ledger) pay(from, to int, amount uint64) *chain.Message {
	return l.external(from, chain.MethodTransfer, amount, chain.TransferInput{To: l.wallets[to].address}.Encode())
}

func (l *ledger) call(from, to int, method, input string) *chain.Message {
	in := chain.CallInput{To: l.wallets[to].address, Method: method, GasLimit: 100_000, Input: []byte(input)}
	return l.external(from, chain.MethodCall, 7, in.Encode())
}

func (l *ledger) toNowhere(from int, amount uint64) *chain.Message {
	return l.external(from, chain.MethodTransfer, amount, chain.TransferInput{To: chain.Address{3: 9, 4: 1}}.Encode())
}

// all is a bound on events that binds nothing.
const all = 1 << 30

// add makes the next block: what waits, then the messages, then what these send, as long as there were fewer events than
// bound; the rest is carried out.
func (l *ledger) add(bound int, messages ...*chain.Message) *block.Result {
	l.t.Helper()
	before := l.before()
	c, err := before.Context(l.rules, l.header.TimeMillis+1000)
	l.must(err)
	queue, carried, err := before.Queue()
	l.must(err)
	todo := slices.Clone(carried)
	for _, m := range messages {
		todo = append(todo, &exec.Delivery{Message: m})
	}
	accounts := map[chain.Address]*exec.Overlay{}
	did := &block.Run{Context: c, Queue: queue, Carried: carried}
	for events := 0; len(todo) > 0; events++ {
		d := todo[0]
		if todo = todo[1:]; events >= bound && d.Message.Kind == chain.Relay {
			continue
		}
		to := c.Home(d.Message.To)
		o := accounts[to]
		if o == nil {
			record, err := before.State.Account(to)
			l.must(err)
			o = exec.NewOverlay(to, record, before.State)
			accounts[to] = o
			did.Accounts = append(did.Accounts, o)
		}
		h, refusal, err := o.Handle(c, d)
		l.must(err)
		if refusal != nil {
			l.t.Fatal(refusal)
		}
		for i := range h.Outcome.Sent {
			s := &exec.Delivery{Message: h.Outcome.Sent[i].Relay(to, d.Message, uint32(i))}
			h.Sent = append(h.Sent, s)
			todo = append(todo, s)
		}
	}
	res, err := block.Build(before, l.rules, did)
	l.must(err)
	l.commit(res)
	return res
}

func (l *ledger) commit(res *block.Result) {
	l.t.Helper()
	l.must(keep.Of(l.store, chain.Main).Commit(res, nil, func(s exec.Slot) (merkle.StateProof, error) {
		return l.tree.Prove(res.Version, block.SlotPath(s))
	}))
	l.must(l.tree.Commit(res.Version))
	l.header, l.hash = &res.Block.Header, res.Hash
	l.results = append(l.results, res)
}

// result is the block at a height.
func (l *ledger) result(height uint64) *block.Result { return l.results[height-1] }

// lastHeight is that of the chain of story.
const lastHeight = 10

// published is the code of the story; published twice in block 2 and once in block 3, it is given to wallet 5 in block 7.
var published = chain.PublishInput{Immutable: true, Code: make([]byte, 1500)}

func (l *ledger) publish(from int) *chain.Message {
	return l.external(from, chain.MethodPublish, 0, published.Encode())
}

// story is a chain with everything in it: payments, storage and events, code, failures that bounce, a queue over several
// blocks, an empty block. Nothing waits in blocks 1 to 3, something behind 4 to 6 and 10.
func (l *ledger) story() {
	l.add(all, l.pay(0, 1, 5), l.pay(1, 2, 6), l.pay(0, 1, 7), l.pay(2, 0, 1))
	l.add(all, l.call(0, 3, "put", "kvalue"), l.call(1, 3, "put", "lother value"), l.call(2, 3, "unheard", "x"), l.publish(4), l.publish(5))
	l.add(all, l.toNowhere(4, 50), l.pay(4, 0, 1<<60), l.call(0, 3, "put", "k"), l.publish(5))
	l.add(6, l.pay(0, 1, 1), l.pay(0, 1, 2), l.pay(1, 0, 3), l.pay(2, 0, 4), l.pay(3, 0, 5), l.pay(4, 1, 6))
	l.add(2)
	l.add(5, l.call(5, 3, "unheard", "y"), l.call(5, 3, "put", "mmm"), l.pay(5, 3, 9))
	l.add(all, l.pay(5, 3, 10), l.external(5, chain.MethodSetCode, 0, chain.SetCodeInput{Code: published.Hash()}.Encode()))
	l.add(all)
	l.add(all, l.pay(0, 1, 11), l.pay(1, 0, 12), l.pay(0, 1, 13), l.call(2, 5, "keep", "code"))
	l.add(3, l.pay(2, 1, 1), l.pay(2, 1, 2), l.pay(2, 0, 3))
	if n := l.result(lastHeight).Queued; len(l.results) != lastHeight || n != 3 {
		l.t.Fatalf("%d blocks, %d messages wait at the end", len(l.results), n)
	}
}
