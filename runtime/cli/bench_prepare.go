package cli

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

// benchKey is the key of the account with that number.
func benchKey(n uint32) keys.PrivateKey {
	return keys.FromSeed(wire.Sum(wire.TagSeed, []byte("bench"), wire.AppendU32(nil, n)))
}

// pieces runs f(0) to f(n-1) in pieces on all cores.
func pieces(n int, f func(i int)) {
	workers := runtime.GOMAXPROCS(0)
	node.Parallel(workers)(workers, func(w int) {
		for i := w * n / workers; i < (w+1)*n/workers; i++ {
			f(i)
		}
	})
}

// prepareBench writes the genesis and the signed messages. A network without validators has no committee.
func prepareBench(o benchOptions, network *devNetwork) error {
	addresses := make([]chain.Address, o.Accounts)
	pieces(o.Accounts, func(i int) { addresses[i] = chain.KeyAddress(chain.Main, benchKey(uint32(i)).Public()) })
	g := &chain.Genesis{Name: "bench", Chain: chain.Main, TimeMillis: 1, Params: chain.DefaultParams()}
	if network.Validators > 0 {
		network.seat(g)
	}
	g.Params.MinGasPrice = o.GasPrice
	for _, a := range addresses {
		g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: a, Balance: chain.NewAmount(1 << 60)})
	}
	slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return a.Address.Compare(b.Address) })
	if err := os.WriteFile(o.path("genesis"), g.Encode(), 0o600); err != nil {
		return err
	}
	return o.writeMessages(addresses, g.Network())
}

// writeMessages signs payments between random pairs. Their order is random, but each account's nonces ascend.
func (o benchOptions) writeMessages(addresses []chain.Address, network chain.NetworkID) error {
	random := rand.New(rand.NewPCG(uint64(o.Seed), 1))
	nonces := make([]uint32, o.Accounts)
	type pair struct{ from, to, nonce uint32 }
	pairs := make([]pair, o.Messages)
	for i := range pairs {
		from := uint32(random.IntN(o.Accounts))
		to := uint32(random.IntN(o.Accounts))
		if random.Float64() < o.Hot {
			to = 0
		}
		pairs[i] = pair{from, to, nonces[from]}
		nonces[from]++
	}
	messages := make([][]byte, o.Messages)
	pieces(o.Messages, func(i int) {
		p := pairs[i]
		m := &chain.Message{
			Network: network, Kind: chain.External, From: addresses[p.from], To: addresses[p.from], Payer: addresses[p.from],
			Nonce: uint64(p.nonce), ValidUntil: math.MaxUint64, Amount: chain.NewAmount(1), GasPrice: o.GasPrice,
			Method: chain.MethodTransfer, Input: chain.TransferInput{To: addresses[p.to]}.Encode(),
			Proof: make([]byte, 96),
		}
		m.GasLimit = exec.TransferGas(m)
		messages[i] = m.Sign(benchKey(p.from)).Encode()
	})
	file, err := os.Create(o.path("messages"))
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(file, 1<<20)
	for _, m := range messages {
		if err := writeFrame(w, m); err != nil {
			return errors.Join(err, file.Close())
		}
	}
	return errors.Join(w.Flush(), file.Close())
}

func writeFrame(w io.Writer, b []byte) error {
	if _, err := w.Write(binary.BigEndian.AppendUint32(nil, uint32(len(b)))); err != nil {
		return err
	}
	_, err := w.Write(b)
	return err
}

// frames reads length-prefixed byte strings from a file.
type frames struct {
	file *os.File
	r    *bufio.Reader
}

func openFrames(path string) (*frames, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return &frames{file, bufio.NewReaderSize(file, 1<<20)}, nil
}

// next returns up to n frames; none at the end.
func (f *frames) next(n int) ([][]byte, error) {
	var list [][]byte
	for len(list) < n {
		var head [4]byte
		if _, err := io.ReadFull(f.r, head[:]); err != nil {
			if errors.Is(err, io.EOF) {
				break
			}
			return nil, err
		}
		b := make([]byte, binary.BigEndian.Uint32(head[:]))
		if _, err := io.ReadFull(f.r, b); err != nil {
			return nil, err
		}
		list = append(list, b)
	}
	return list, nil
}

func (f *frames) close() error { return f.file.Close() }
