package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/schema"
)

// maxQuestionBytes bounds the JSON of a question: the longest input in hexadecimal digits, and the rest.
const maxQuestionBytes = 2*chain.MaxInputBytes + 4<<10

// address reads {address}, which must be of the chain that is asked.
func (s *served) address(q *http.Request) (chain.Address, error) {
	a, err := chain.ParseAddress(q.PathValue("address"))
	if err != nil {
		return a, badRequest("%v", err)
	}
	if a.Chain() != s.node.Chain() {
		return a, &client.Error{
			Code: client.CodeWrongChain, Status: http.StatusNotFound,
			Message: fmt.Sprintf("account %s is on chain %d, and %s", a, a.Chain(), s.runs()), Hint: "ask a node of that chain",
		}
	}
	return a, nil
}

// postQuery runs a view of an account's code (SPEC 3.5). What the code makes of the question is the answer, whether it
// likes it or not; that there is nobody to ask is an error.
func (s *served) postQuery(w http.ResponseWriter, q *http.Request) error {
	address, err := s.address(q)
	if err != nil {
		return err
	}
	ask, err := s.question(q)
	if err != nil {
		w.Header().Set("Connection", "close") // what is left of the body is not worth reading
		return err
	}
	a, head, err := s.node.Query(q.Context(), address, ask)
	switch {
	case errors.Is(err, node.ErrQuestion):
		return badRequest("%v", err)
	case err != nil:
		return err
	case a.Status == chain.StatusNoAccount:
		return notFound(client.CodeUnknownAccount, a.Reason, "check the address; an account is there once its deploy is final")
	case a.Status == chain.StatusNoCode:
		return notFound(client.CodeNoCode, a.Reason, "GET /v1/accounts/{address} tells what it has")
	}
	answer := client.Answer{
		Status: a.Status, Reason: a.Reason, Output: a.Output, GasUsed: a.GasUsed, Height: head.Header.Height, Block: head.Hash, Finality: client.Final,
	}
	for _, line := range a.Logs {
		answer.Logs = append(answer.Logs, string(line))
	}
	s.answer(w, http.StatusOK, answer)
	return nil
}

func notFound(code, words, hint string) *client.Error {
	return &client.Error{Code: code, Status: http.StatusNotFound, Message: words, Hint: hint}
}

// question reads the body, whose bytes are given back before the view runs.
func (s *served) question(q *http.Request) (exec.Question, error) {
	if mediaType(q) != "application/json" {
		return exec.Question{}, &client.Error{
			Code: client.CodeMediaType, Status: http.StatusUnsupportedMediaType,
			Message: fmt.Sprintf("content type %q is not that of a question", clip(q.Header.Get("Content-Type"))),
			Hint:    `send {"method": "…", "input": "hexadecimal digits"} as application/json`,
		}
	}
	body := body{budget: s.bodies, from: fromAddr(q.RemoteAddr)}
	defer body.free()
	if err := body.read(q, maxQuestionBytes); err != nil {
		return exec.Question{}, err
	}
	var ask client.Question
	if err := decodeStrictly(body.bytes, &ask); err != nil {
		return exec.Question{}, badRequest("question: %s", clip(err.Error()))
	}
	return exec.Question{Method: ask.Method, Input: ask.Input, GasLimit: ask.GasLimit}, nil
}

// codeHash reads {hash}.
func codeHash(q *http.Request) (h chain.CodeHash, err error) {
	if err := h.UnmarshalText([]byte(q.PathValue("hash"))); err != nil {
		return h, badRequest("code hash: %v", err)
	}
	return h, nil
}

// code is what is published under {hash}. Few are read at once (N2): a module may have megabytes.
func (s *served) code(q *http.Request, use func(chain.CodeHash, *node.Code)) error {
	hash, err := codeHash(q)
	if err != nil {
		return err
	}
	return s.histories.read(q.Context(), func() error {
		code, err := s.node.Code(hash)
		if errors.Is(err, store.ErrNotFound) {
			return notFound(client.CodeUnknownCode, fmt.Sprintf("code %s is not published on chain %d", hash, s.node.Chain()), "publish it first")
		}
		if err == nil {
			use(hash, &code)
		}
		return err
	})
}

func (s *served) getCode(w http.ResponseWriter, q *http.Request) error {
	var answer client.Code
	err := s.code(q, func(hash chain.CodeHash, c *node.Code) {
		answer = client.Code{
			Hash: hash, Bytes: int(c.Entry.Bytes), Immutable: c.Entry.Immutable, Height: c.Entry.Height, Callable: c.Entry.Callable(),
			LoadGas: c.Entry.Load, Warm: c.Warm,
		}
		answer.Schema, answer.SchemaError = describeModule(c.Module)
	})
	if err != nil {
		return err
	}
	s.answer(w, http.StatusOK, answer)
	return nil
}

// describeModule is the module's schema, or what is wrong with it; neither if it has none. It comes from a stranger.
func describeModule(module []byte) (json.RawMessage, string) {
	contract, err := schema.Read(module)
	switch {
	case errors.Is(err, schema.ErrNone):
		return nil, ""
	case err != nil:
		return nil, clip(err.Error())
	}
	text, err := json.Marshal(contract.Schema())
	if err != nil {
		return nil, clip(err.Error())
	}
	return text, ""
}

func (s *served) getRawCode(w http.ResponseWriter, q *http.Request) error {
	var module []byte
	if err := s.code(q, func(_ chain.CodeHash, c *node.Code) { module = c.Module }); err != nil {
		return err
	}
	s.answerBytes(w, http.StatusOK, "application/wasm", module)
	return nil
}
