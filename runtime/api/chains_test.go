package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thinkey/thinkey/runtime/api"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/keys"
)

// grove is a process that runs a tree of chains, a validator each, with a server for those of it that are asked for.
type grove struct {
	testing.TB
	process *node.Process
	server  *api.Server
	client  *client.Client
	url     string
}

// startTree runs chains 1, 2 and 3, called main, a and b, and 4 under 2, called a1; the accounts are on all of them.
func startTree(t testing.TB, carried bool) *grove {
	t.Helper()
	root := growing(1, 0, "main")
	root.Chains = []chain.Genesis{*growing(2, 1, "a"), *growing(3, 1, "b"), *growing(4, 2, "a1")}
	c := node.Defaults()
	c.Log, c.Workers, c.Heartbeat = slog.New(slog.DiscardHandler), 1, time.Hour
	c.Fatal = func(err error) { t.Errorf("a node failed: %v", err) }
	config := node.ProcessConfig{Config: c, Network: root, Seat: func(id chain.ID) *node.Member {
		public, secret := seatOf(id)
		s := node.NewSwitch()
		t.Cleanup(s.Close)
		return &node.Member{Node: public, Secret: secret, Net: s.Port(public), Founding: true}
	}}
	if carried {
		carrier := key("carrier")
		config.Carrier = &carrier
	}
	process, err := node.OpenProcess(config)
	if err != nil {
		t.Fatal(err)
	}
	g := &grove{TB: t, process: process}
	t.Cleanup(func() {
		if err := process.Close(); err != nil {
			t.Error(err)
		}
	})
	g.serve(api.Config{Node: process.Node(2), Others: []*node.Node{process.Node(1), process.Node(3), process.Node(4)}})
	return g
}

// serve starts a server of some of the chains.
func (g *grove) serve(c api.Config) {
	t := g.TB
	t.Helper()
	c.Listen, c.Version = "127.0.0.1:0", "test"
	s, err := api.New(c)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
		<-served
	})
	g.server, g.url = s, "http://"+s.Addr()
	g.client = client.New(g.url, client.WithTries(1))
}

func seatOf(id chain.ID) (keys.PublicKey, keys.BLSSecret) {
	return key(fmt.Sprint("validator ", id)).Public(), keys.BLSFromSeed([32]byte{byte(id)})
}

func growing(id, under chain.ID, name string) *chain.Genesis {
	g := &chain.Genesis{Name: name, Chain: id, Under: under, TimeMillis: 1_700_000_000_000, Params: chain.DefaultParams()}
	g.Committee = chain.Committee{Chain: id, Seed: chain.Hash{1}}
	g.AddSeat(seatOf(id))
	for _, name := range append(client.DevNames(), "carrier") {
		g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: address(name).On(id), Balance: chain.NewAmount(balance)})
	}
	slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return a.Address.Compare(b.Address) })
	return g
}

// pay submits a transfer between chains.
func (g *grove) pay(from chain.ID, sender string, to chain.ID, receiver string, amount uint64) *chain.Message {
	g.Helper()
	signer := client.NewSigner(g.client.On(fmt.Sprint(from)), key(sender))
	m, err := signer.Transfer(g.Context(), address(receiver).On(to), chain.NewAmount(amount))
	if err != nil {
		g.Fatal(err)
	}
	if _, err := g.client.Submit(g.Context(), m); err != nil {
		g.Fatal(err)
	}
	return m
}

// get asks for a path, and what in the answer stands under a field.
func (g *grove) get(path string, status int) map[string]any {
	g.Helper()
	a, err := http.Get(g.url + path)
	if err != nil {
		g.Fatal(err)
	}
	defer a.Body.Close()
	var body map[string]any
	if err := json.NewDecoder(a.Body).Decode(&body); err != nil || a.StatusCode != status {
		g.Fatalf("%s: %v, status %d: %v", path, err, a.StatusCode, body)
	}
	return body
}

// Every route of a chain answers for the chain that it names, by number and by name; without one, for that of the address or the
// message, else for the default one.
func TestChainsOfRoutes(t *testing.T) {
	g := startTree(t, true)
	list, err := g.client.Chains(t.Context())
	if err != nil || list.Default != 2 || len(list.Chains) != 4 || list.Chains[3].Name != "a1" || list.Chains[3].Parent != 2 || !list.Chains[3].Here {
		t.Fatalf("%v: %+v", err, list)
	}
	sent := map[chain.ID]*chain.Message{}
	for id := chain.ID(1); id <= 4; id++ {
		sent[id] = g.pay(id, "alice", id, "bob", uint64(id))
	}
	for id, m := range sent {
		if is, err := g.client.Wait(t.Context(), m.ID()); err != nil || is.Place.Chain != id {
			t.Fatalf("chain %d: %v: %+v", id, err, is)
		}
		if a, err := g.client.ProvenAccount(t.Context(), address("bob").On(id)); err != nil || a.Chain != id || a.Balance != chain.NewAmount(balance+uint64(id)) {
			t.Errorf("chain %d: %v: %+v", id, err, a)
		}
		if tree, err := g.client.Trace(t.Context(), m.ID()); err != nil || tree.Chain != id || tree.Messages != 2 {
			t.Errorf("chain %d: %v: %+v", id, err, tree)
		}
		for _, name := range []string{fmt.Sprint(id), list.Chains[id-1].Name} {
			if in, err := g.client.On(name).Info(t.Context()); err != nil || in.Chain != id || in.Chains != 4 {
				t.Errorf("chain %s: %v: %+v", name, err, in)
			}
			if b, err := g.client.On(name).Latest(t.Context()); err != nil || b.Chain != id {
				t.Errorf("chain %s: %v: %+v", name, err, b)
			}
			if c, err := g.client.On(name).Committee(t.Context()); err != nil || c.Chain != id {
				t.Errorf("chain %s: %v: %+v", name, err, c)
			}
		}
	}
	if in, err := g.client.Info(t.Context()); err != nil || in.Chain != 2 {
		t.Errorf("%v: %+v", err, in)
	}
	for path, code := range map[string]string{
		"/v1/chains/5/info": client.CodeWrongChain, "/v1/chains/2/accounts/" + address("bob").On(3).String(): client.CodeWrongChain,
		"/v1/accounts/" + address("bob").On(9).String():        client.CodeWrongChain,
		"/v1/chains/3/messages/" + sent[2].ID().String():       client.CodeUnknownMessage,
		"/v1/chains/" + strings.Repeat("x", 200) + "/blocks/1": client.CodeUnknownChain,
		"/v1/chains/x":      client.CodeUnknownChain,
		"/v1/chains/77":     client.CodeUnknownChain,
		"/v1/chains/0/info": client.CodeBadRequest,
		"/v1/messages/" + chain.MessageID{1}.String():              client.CodeUnknownMessage,
		"/v1/chains/b/blocks/99":                                   client.CodeUnknownBlock,
		"/v1/codes/" + strings.Repeat("0", 63) + "1":               client.CodeUnknownCode,
		"/v1/chains/a1/evidence/" + strings.Repeat("0", 64) + "/x": client.CodeUnknownRoute,
	} {
		status := http.StatusNotFound
		if code == client.CodeBadRequest {
			status = http.StatusBadRequest
		}
		if e := g.get(path, status)["error"].(map[string]any); e["code"] != code {
			t.Errorf("%s: %v", path, e)
		}
	}
}

// The list of chains is as new as the blocks of those that are here, though what is in it is read once a block.
func TestChainsAreNew(t *testing.T) {
	g := startTree(t, true)
	for range 3 {
		before, err := g.client.Chains(t.Context())
		if err != nil || before.Deposit != chain.NewAmount(chain.ChainDeposit) {
			t.Fatalf("%v: %+v", err, before)
		}
		m := g.pay(4, "alice", 3, "bob", 1)
		for {
			tree, err := g.client.Trace(t.Context(), m.ID())
			if err != nil {
				t.Fatal(err)
			}
			if tree.Complete {
				break
			}
		}
		after, err := g.client.Chains(t.Context())
		if err != nil || after.Chains[3].Recorded <= before.Chains[3].Recorded || after.Chains[1].Recorded <= before.Chains[1].Recorded {
			t.Errorf("%v: %+v became %+v", err, before, after)
		}
		if id := g.get("/v1/chains/a1", http.StatusOK)["chain"]; id != 4.0 {
			t.Errorf("a1 is chain %v", id)
		}
	}
}

// Messages of several chains may come in one submission; each goes to its own.
func TestSubmitToSeveralChains(t *testing.T) {
	g := startTree(t, true)
	var list []*chain.Message
	for id := chain.ID(1); id <= 4; id++ {
		signer := client.NewSigner(g.client.On(fmt.Sprint(id)), key("erin"))
		m, err := signer.Transfer(t.Context(), address("bob").On(id), chain.NewAmount(1))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, m)
	}
	stray := list[0].Clone()
	stray.From, stray.To, stray.Payer = stray.From.On(9), stray.To.On(9), stray.Payer.On(9)
	list = append(list, stray.Sign(key("erin")))
	answers, err := g.client.SubmitFinal(t.Context(), list...)
	if err != nil || len(answers) != 5 {
		t.Fatalf("%v: %+v", err, answers)
	}
	for i, a := range answers[:4] {
		if a.ID != list[i].ID() || a.State != client.StateFinal || a.Message.Place.Chain != chain.ID(i+1) {
			t.Errorf("message %d: %+v", i, a)
		}
	}
	if a := answers[4]; a.State != client.StateRefused || a.Error.Code != client.CodeWrongChain {
		t.Errorf("%+v", a)
	}
}

// Metrics of all chains of a process are served together, each with the number of its chain.
func TestMetricsOfChains(t *testing.T) {
	g := startTree(t, false)
	r, err := http.Get(g.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%s, %v: %s", r.Status, err, body)
	}
	for _, name := range []string{"thinkey_block_height", "thinkey_consensus_rejected_total", "thinkey_spread_full_total"} {
		for id := 1; id <= 4; id++ {
			if line := fmt.Sprintf("\n%s{chain=\"%d\"} ", name, id); !strings.Contains(string(body), line) {
				t.Errorf("there is no %s", strings.TrimSpace(line))
			}
		}
	}
}
