package block

import (
	"math/rand/v2"
	"strings"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
)

// codes are native.Codes whose code is text: what it does follows from the first byte of its input.
type codes struct{}

// texts are what random chains publish; the last is not accepted.
var texts = []string{"first", "second", "third", "bad"}

func (codes) Validate(code []byte) (uint64, uint64, error) {
	if strings.HasPrefix(string(code), "bad") {
		return 0, 0, exec.Fail(chain.StatusBadCode, "it is bad")
	}
	if strings.HasPrefix(string(code), "large") {
		return uint64(len(code)), largeLoad, nil
	}
	return uint64(len(code)), uint64(len(code)), nil
}

// largeLoad is what loading code costs whose text begins with "large": six of those are warm at most.
const largeLoad = 100 << 20

// Merges says that "ask" can be handled as one.
func (codes) Merges(_ chain.CodeHash, method string) (bool, error) { return method == "ask", nil }

func (c codes) Run(env *exec.Env, code chain.CodeHash, entry string) error {
	if entry == abi.EntryBounce {
		if code[0]%2 == 0 {
			return exec.Fail(chain.StatusRefused, "no bounces")
		}
		return env.Write("bounced", env.Message.Parent[:])
	}
	if env.Group != nil {
		return c.merge(env)
	}
	if len(env.Input) == 0 {
		return nil
	}
	key := string(env.Input)
	switch env.Input[0] % 7 {
	case 0:
		return env.Write(key, code[:])
	case 1:
		return env.Write(key[:1], nil)
	case 2:
		return c.tell(env)
	case 3:
		_, err := env.Deploy(chain.DeployInput{Code: code, Salt: [32]byte{env.Input[0]}, GasLimit: 60_000, Input: env.Input[1:]}, chain.Amount{})
		return err
	case 4:
		return exec.Fail(chain.StatusRefused, "told to refuse")
	case 5:
		return env.SetCode(chain.PublishInput{Code: []byte(texts[int(env.Input[0])/7%3])}.Hash())
	}
	return env.Send(chain.Sent{To: env.Message.From, Method: "ask", GasLimit: 20_000, Amount: env.Message.Amount})
}

// merge counts what it handles, and sends a part on; five at once are too much.
func (codes) merge(env *exec.Env) error {
	n := len(env.Group)
	if n == 5 {
		return exec.Fail(chain.StatusRefused, "five at once")
	}
	if err := env.Write("merged", []byte{byte(n)}); err != nil {
		return err
	}
	return env.Send(chain.Sent{To: env.Message.From, Method: chain.MethodAdd, GasLimit: gas.Add, Amount: env.Message.Amount})
}

// tell emits all keys in order.
func (codes) tell(env *exec.Env) error {
	for after := ""; ; {
		key, err := env.Next("", after)
		if key == "" || err != nil {
			return err
		}
		if err := env.Emit("key", []byte(key)); err != nil {
			return err
		}
		after = key
	}
}

// codeMessage makes m one that has to do with code: a publication, a deployment, or a setcode.
func codeMessage(rnd *rand.Rand, m *chain.Message) {
	in := chain.PublishInput{Code: []byte(texts[rnd.IntN(len(texts))]), Immutable: rnd.IntN(8) == 0}
	switch rnd.IntN(4) {
	case 0:
		m.Method, m.Input, m.Amount = chain.MethodPublish, in.Encode(), chain.Amount{}
	case 1:
		m.Method, m.Amount = chain.MethodSetCode, chain.Amount{}
		m.Input = chain.SetCodeInput{Code: in.Hash()}.Encode()
	default:
		m.Method = chain.MethodDeploy
		m.Input = chain.DeployInput{Code: in.Hash(), Salt: [32]byte{byte(rnd.IntN(2))}, GasLimit: 200_000, Input: randomInput(rnd)}.Encode()
	}
}

func randomInput(rnd *rand.Rand) []byte {
	in := make([]byte, rnd.IntN(3))
	for i := range in {
		in[i] = byte(rnd.IntN(21))
	}
	return in
}

// deployed is an address that codeMessage may have made for w.
func deployed(rnd *rand.Rand, w wallet) chain.Address {
	in := chain.PublishInput{Code: []byte(texts[rnd.IntN(3)])}
	return chain.MadeAddress(here, w.address, [32]byte{byte(rnd.IntN(2))}, in.Hash())
}

var _ native.Codes = codes{}
