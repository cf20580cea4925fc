package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
)

// symbols name the tokens that every holder has an account of. All are issued by the first holder.
var symbols = [...]string{"BENA", "BENB"}

const (
	benchSupply = 1 << 50
	benchShare  = 1 << 30 // of each token, for each holder
	callGas     = 400_000 // for a message to an account of a token, and what follows from it
	tokenWave   = 1536    // messages that are submitted before a block is made, which has room for them
)

// bank is a node with tokens on it, and what it must come to.
type bank struct {
	node    *node.Node
	stages  *stages
	network chain.NetworkID
	code    chain.CodeHash
	holders []chain.Address
	nonces  []uint64
	ids     [len(symbols)][32]byte
	owned   [][len(symbols)]uint64 // by holder
}

// benchTransfer measures signed transfers of tokens, from submission to durable blocks.
func benchTransfer(o wasmOptions) (map[string]float64, error) {
	b, err := openBank(o)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(b.prepare(o), b.openAccounts(), b.share()); err != nil {
		return nil, err
	}
	messages := b.transfers(o)
	begin := cpu()
	b.stages.begin()
	if err := b.run(messages); err != nil {
		return nil, err
	}
	used := cpu() - begin
	result := map[string]float64{"signed_token_transfer_cpu_us": microsPer(used, o.Transfers)}
	for _, stage := range []block.Stage{block.StageSignature, block.StageExecution, block.StageOrder, block.StageState, block.StageStore} {
		result["transfer_cpu_us_"+string(stage)] = microsPer(b.stages.sum[stage], o.Transfers)
	}
	return result, errors.Join(b.checkBalances(), b.node.Close())
}

func openBank(o wasmOptions) (*bank, error) {
	b := &bank{stages: &stages{sum: map[block.Stage]time.Duration{}}}
	g := &chain.Genesis{Name: "bench", Chain: chain.Main, TimeMillis: 1, Params: chain.DefaultParams()}
	g.Params.MinGasPrice = 1
	b.holders = make([]chain.Address, o.Holders)
	pieces(o.Holders, func(i int) { b.holders[i] = benchAddress(i) })
	for _, a := range b.holders {
		g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: a, Balance: chain.NewAmount(1 << 60)})
	}
	slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return a.Address.Compare(b.Address) })
	b.network, b.nonces, b.owned = g.Network(), make([]uint64, o.Holders), make([][len(symbols)]uint64, o.Holders)
	for i, symbol := range symbols {
		b.ids[i] = tokenID(b.holders[0], symbol)
	}
	c := node.Defaults()
	c.Dir, c.Genesis, c.Pace, c.Log = o.path("ledger"), g, node.Pace{Manual: true}, slog.New(slog.DiscardHandler)
	c.Heartbeat, c.BlockTime, c.Mark = time.Hour, time.Minute, b.stages.mark
	c.Lane = account.Limits{Ahead: tokenWave, Messages: tokenWave, Total: 2 * tokenWave} // one holder shares out all tokens
	c.Fatal = func(err error) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	var err error
	b.node, err = openTuned(c, o.path("code-cache"))
	return b, err
}

// sign is the next message of a holder. sends is what it makes the holder's account send.
func (b *bank) sign(holder int, m chain.Message, sends *chain.Sent) []byte {
	from := b.holders[holder]
	m.Network, m.Kind, m.From, m.To, m.Payer = b.network, chain.External, from, from, from
	m.Nonce, m.ValidUntil, m.GasPrice, m.Proof = b.nonces[holder], math.MaxUint64, 1, make([]byte, chain.SignedBytes)
	b.nonces[holder]++
	m.GasLimit = chain.MaxMessageGas
	if sends != nil {
		m.GasLimit = exec.ExternalGas(&m) + exec.SendGas(sends) + sends.GasLimit + gas.Bounce
	}
	return m.Sign(benchKey(uint32(holder))).Encode()
}

// run submits messages and makes blocks until everything that follows from them is final.
func (b *bank) run(messages [][]byte) error {
	for wave := range slices.Chunk(messages, tokenWave) {
		if err := submitAll(b.node, wave); err != nil {
			return err
		}
		if err := b.node.Mine(1); err != nil {
			return err
		}
		for b.node.Waiting() > tokenWave/2 {
			if err := b.node.Mine(1); err != nil {
				return err
			}
		}
	}
	for b.node.Waiting() > 0 {
		if err := b.node.Mine(1); err != nil {
			return err
		}
	}
	return b.node.Mine(1) // what the last one carries on
}

// prepare publishes the token.
func (b *bank) prepare(o wasmOptions) error {
	code, err := o.module(tokenCode)
	if err != nil {
		return err
	}
	in := chain.PublishInput{Code: code}
	b.code = in.Hash()
	if err := b.run([][]byte{b.sign(0, chain.Message{Method: chain.MethodPublish, Input: in.Encode()}, nil)}); err != nil {
		return err
	}
	return b.node.Mine(chain.CodeDelay)
}

// openAccounts deploys an account of every token for every holder.
func (b *bank) openAccounts() error {
	var messages [][]byte
	for holder := range b.holders {
		for i, symbol := range symbols {
			supply := uint64(0)
			if holder == 0 {
				supply, b.owned[0][i] = benchSupply, benchSupply
			}
			in := chain.DeployInput{Code: b.code, Salt: b.ids[i], GasLimit: callGas, Input: tokenInit(b.holders[0], symbol, supply)}
			init := chain.InitInput{Code: in.Code, Salt: in.Salt, Input: in.Input}
			sends := &chain.Sent{Method: chain.MethodInit, Input: init.Encode(), GasLimit: in.GasLimit}
			messages = append(messages, b.sign(holder, chain.Message{Method: chain.MethodDeploy, Input: in.Encode()}, sends))
		}
	}
	return b.run(messages)
}

// at is a holder's account of a token.
func (b *bank) at(holder, token int) chain.Address {
	return chain.MadeAddress(chain.Main, b.holders[holder], b.ids[token], b.code)
}

// payment is what somebody pays to somebody else.
type payment struct {
	from, to, token int
	amount          uint64
}

// pay is the message of a payment that will succeed.
func (b *bank) pay(p payment) []byte {
	b.owned[p.from][p.token] -= p.amount
	b.owned[p.to][p.token] += p.amount
	in := chain.CallInput{To: b.at(p.from, p.token), Method: "pay", GasLimit: callGas, Input: payInput(b.holders[p.to], p.amount)}
	sends := &chain.Sent{Method: in.Method, Input: in.Input, GasLimit: in.GasLimit}
	return b.sign(p.from, chain.Message{Method: chain.MethodCall, Input: in.Encode()}, sends)
}

// share lets the issuer give everybody a share of every token.
func (b *bank) share() error {
	var messages [][]byte
	for holder := 1; holder < len(b.holders); holder++ {
		for token := range symbols {
			messages = append(messages, b.pay(payment{0, holder, token, benchShare}))
		}
	}
	return b.run(messages)
}

// transfers are payments between random holders.
func (b *bank) transfers(o wasmOptions) [][]byte {
	random := rand.New(rand.NewPCG(1, 1))
	messages := make([][]byte, o.Transfers)
	for i := range messages {
		from := random.IntN(o.Holders)
		to := (from + 1 + random.IntN(o.Holders-1)) % o.Holders
		messages[i] = b.pay(payment{from, to, random.IntN(len(symbols)), 1})
	}
	return messages
}

// checkBalances asks every account: each payment must have been handled at both ends.
func (b *bank) checkBalances() error {
	for holder := range b.holders {
		for token := range symbols {
			a, _, err := b.node.Query(context.Background(), b.at(holder, token), exec.Question{Method: "balance"})
			if err != nil {
				return err
			}
			if want := amountBytes(b.owned[holder][token]); string(a.Output) != string(want) {
				return fmt.Errorf("holder %d has %x of token %d, not %x: %s %s", holder, a.Output, token, want, a.Status, a.Reason)
			}
		}
	}
	return nil
}
