//go:build !wasip1

package guest

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
)

// shop is a contract for the tests.
type shop struct {
	Owner Address
	Sold  uint64
}

type openInput struct{ Owner Address }

type sellInput struct {
	Name  string
	Price Amount
}

type item struct {
	Name  string
	Price Amount
}

type soldBody struct{ Item item }

const (
	sell Method[sellInput] = "sell"
	sold Event[soldBody]   = "sold"
)

func (s *shop) open(ctx Context, in openInput) error {
	s.Owner = in.Owner
	return nil
}

func (s *shop) sell(ctx Context, in sellInput) error {
	if ctx.Amount().Less(in.Price) {
		return Refuse("%s costs %s, and %s came", in.Name, in.Price, ctx.Amount())
	}
	s.Sold++
	sold.Emit(ctx, soldBody{item(in)})
	ctx.Send(Pay(s.Owner, in.Price))
	ctx.Logf("sold %s", in.Name)
	return nil
}

func (s *shop) batch(ctx Context, in struct{ Names []string }) error {
	for _, n := range in.Names {
		ctx.Send(sell.To(ctx.Sender(), sellInput{Name: n}).Carrying(NewAmount(1)).WithGas(7))
	}
	return nil
}

func (s *shop) crash(_ Context, in struct{ At uint64 }) error {
	s.Sold = uint64([]byte("abc")[in.At])
	return nil
}

func (s *shop) bounced(ctx Context, b Bounce) error {
	s.Sold += uint64(len(b.Reason))
	return nil
}

func (s *shop) count(View, None) (uint64, error) { return s.Sold, nil }

func (s *shop) meddle(View, None) (bool, error) {
	(*Map[string, uint8])(stock).Set(Context{}, "a", 1)
	return true, nil
}

func (s *shop) items(_ View, in struct{ From string }) ([]item, error) {
	return []item{{Name: in.From, Price: NewAmount(s.Sold)}}, nil
}

func merge(a, _ sellInput) sellInput { return a }

var (
	stock = NewMap[string, uint8]("stock")
	byWho = NewMap[Address, item]("who")
	seen  = NewMap[uint64, None]("seen")
	count = NewValue[Amount]("count")
)

func init() {
	Serve[shop](
		Init((*shop).open), Handle(sell, (*shop).sell, Mergeable(merge), Doc(`sells "things"`)), Handle("batch", (*shop).batch),
		Handle("crash", (*shop).crash), Handle("entries", (*shop).entries), Query("count", (*shop).count), Query("meddle", (*shop).meddle),
		Query("items", (*shop).items), Bounced((*shop).bounced), Emits(sold),
	)
}

// entries goes through what storage can do.
func (s *shop) entries(ctx Context, _ None) error {
	for i, n := range []string{"b", "a", "ab", ""} {
		stock.Set(ctx, n, uint8(i))
	}
	byWho.Set(ctx, Account(9), item{Name: "nine"})
	seen.Set(ctx, 256, None{})
	seen.Set(ctx, 1, None{})
	count.Set(ctx, NewAmount(3))
	var order []string
	for k, v := range stock.All(ctx) {
		order = append(order, Format("%s%d", k, v))
		stock.Delete(ctx, k)
	}
	var after []string
	for k := range seen.After(ctx, 1) {
		after = append(after, Format("%d", k))
	}
	n, ok := count.Get(ctx)
	ctx.Logf("%s|%s|%v %v|%v %v|%s|%v", strings.Join(order, ","), strings.Join(after, ","), seen.Has(ctx, 1), seen.Has(ctx, 2), n, ok,
		byWho.At(ctx, Account(9)).Name, stock.Has(ctx, "a"))
	count.Delete(ctx)
	for range stock.All(ctx) {
		ctx.Logf("not empty")
	}
	return nil
}

func TestHandling(t *testing.T) {
	w := NewWorld()
	owner := Account(7)
	if err := w.Handle(Method[openInput](abi.MethodInit).To(w.Self, openInput{owner})); err != nil {
		t.Fatal(err)
	}
	err := w.Handle(sell.To(w.Self, sellInput{"hat", NewAmount(5)}).Carrying(NewAmount(4)))
	if err == nil || err.Error() != "hat costs 5, and 4 came" || !w.Balance.IsZero() || len(w.Sent) != 0 {
		t.Fatalf("%v, balance %s, sent %v", err, w.Balance, w.Sent)
	}
	if err := w.Handle(sell.To(w.Self, sellInput{"hat", NewAmount(5)}).Carrying(NewAmount(6))); err != nil {
		t.Fatal(err)
	}
	if w.Balance != NewAmount(1) || len(w.Sent) != 1 || w.Sent[0].To != owner || w.Sent[0].Amount != NewAmount(5) || w.Sent[0].Method != "add" {
		t.Errorf("balance %s, sent %v", w.Balance, w.Sent)
	}
	if body, err := BodyOf(sold, w.Events[0]); err != nil || body.Item.Name != "hat" || len(w.Events) != 1 {
		t.Errorf("events %v, %v", w.Events, err)
	}
	if n, err := Ask[uint64](w, "count", None{}); err != nil || n != 1 {
		t.Errorf("%d sold, %v", n, err)
	}
	if err := w.Bounce(Bounce{Reason: "abc", Method: "m", Input: []byte{1}}, NewAmount(9)); err != nil || w.Balance != NewAmount(10) {
		t.Errorf("bounce: %v, balance %s", err, w.Balance)
	}
	if n, _ := Ask[uint64](w, "count", None{}); n != 4 {
		t.Errorf("%d sold after the bounce", n)
	}
}

// Whatever fails leaves everything as it was (SPEC 1.5).
func TestFailing(t *testing.T) {
	w := NewWorld()
	names := func(n int) Message {
		return Message{Method: "batch", Input: Encode(struct{ Names []string }{make([]string, n)}), Amount: NewAmount(100)}
	}
	for _, c := range []struct {
		message Message
		want    string
	}{
		{Message{Method: "crash", Input: Encode(uint64(5))}, "panic: runtime error: index out of range [5] with length 3"},
		{Message{Method: "lost"}, "no method lost; there are sell batch crash entries"},
		{Message{Method: "count"}, "no method count"},
		{Message{Method: "crash", Input: []byte{1}}, "at ends too early (at byte 0)"},
		{Message{Method: "crash", Input: make([]byte, 9)}, "input has bytes behind its end (at byte 8)"},
		{names(65), "more than 64 messages"},
		{Message{Method: "batch", Input: names(2).Input, Amount: NewAmount(1)}, "1 to send and a balance of 0"},
	} {
		before := *w
		if err := w.Handle(c.message); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q in it", c.message.Method, err, c.want)
		}
		if w.Balance != before.Balance || len(w.Sent) != 0 || len(w.storage) != 0 {
			t.Errorf("%s: something is left of it", c.message.Method)
		}
	}
	if _, err := Ask[bool](w, "meddle", None{}); err == nil || err.Error() != "a view must not write" {
		t.Errorf("a view wrote: %v", err)
	}
	if err := w.Handle(names(64)); err != nil || len(w.Sent) != 64 || w.Sent[63].Gas != 7 || w.Sent[63].Method != "sell" {
		t.Errorf("64 messages: %v", err)
	}
}

func TestStorage(t *testing.T) {
	w := NewWorld()
	if err := w.Handle(Message{Method: "entries"}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"3,a1,ab2,b0|256|true false|3 true|nine|false"}; !slices.Equal(w.Logs, want) {
		t.Errorf("%q, want %q", w.Logs, want)
	}
	var keys []string
	for k := range w.storage {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	want := []string{"seen\x00\x00\x00\x00\x00\x00\x00\x00\x01", "seen\x00\x00\x00\x00\x00\x00\x00\x01\x00", "who\x00" + string(account9())}
	if !slices.Equal(keys, want) {
		t.Errorf("%q, want %q", keys, want)
	}
}

func account9() []byte { a := Account(9); return a[:] }

// The state is written when it changed, and not when it did not: a contract of the zero state has no entry.
func TestStateIsWrittenOnce(t *testing.T) {
	w := NewWorld()
	_ = w.Handle(Message{Method: "batch", Input: make([]byte, 4)})
	if len(w.storage) != 0 {
		t.Errorf("%q", w.storage)
	}
	_ = w.Handle(Message{Method: "crash", Input: make([]byte, 8)})
	if len(w.storage) != 1 || len(w.storage["\x00"]) != 32 {
		t.Errorf("%q", w.storage)
	}
}

func TestContext(t *testing.T) {
	w := NewWorld()
	w.Sender = w.Self
	var got []string
	w.Height, w.Chain, w.Origin, w.MessageID, w.Network, w.Entropy = 5, 3, Hash{1}, Hash{2}, Hash{3}, &Hash{4}
	w.call = call{amount: NewAmount(1)}
	err := w.run(func() {
		begin()
		v := View{&now}
		r, ok := v.Random()
		got = append(got, Format("%v %v %v %v %v %v %v", v.Height(), v.Chain(), v.Origin()[0], v.MessageID()[0], v.Network()[0], r[0], ok),
			Format("%v %v %v %v %v", v.Signed(), v.Sender() == v.Self(), v.Amount(), v.TimeMillis(), v.Gas()))
	})
	if want := []string{"5 3 1 2 3 4 true", "true true 1 1700000000000 100000000"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, error %v, want %q", got, err, want)
	}
}

// fresh runs f as if no contract was registered yet.
func fresh(f func()) func() {
	return func() {
		old, oldNames := served, names
		defer func() { served, names = old, oldNames }()
		served, names = contract{}, nil
		f()
	}
}

type other struct{}

func (*other) act(Context, None) error { return nil }

func (*other) number(Context, uint64) error { return nil }

type soldTwice struct{ A, B []struct{ X uint8 } }

func (*other) unnamed(Context, soldTwice) error { return nil }

func TestRefusedContracts(t *testing.T) {
	for _, c := range []struct {
		serve func()
		want  string
	}{
		{func() { Serve[other](); Serve[other]() }, "Serve is called twice"},
		{func() { Serve[uint64]() }, "is not a struct"},
		{func() { Serve[other](Handle("add", (*other).act)) }, "never reaches a contract"},
		{func() { Serve[other](Handle("", (*other).act)) }, "a name has 1 to 64 bytes"},
		{func() { Serve[other](Handle("a", (*other).act), Handle("a", (*other).act)) }, "two methods are called a"},
		{func() { Serve[other](Handle("a", (*other).number)) }, "make it a struct"},
		{func() { Serve[other](Handle("a", (*shop).crash)) }, "of another type than other"},
		{func() { Serve[other](Handle("a", (*other).act, Mergeable(merge))) }, "takes another type"},
		{func() { Serve[other](Emits(Event[uint64]("e"))) }, "make it a struct"},
		{func() { NewMap[string, uint8]("") }, "has 1 to 64 bytes"},
		{func() { NewMap[string, uint8]("a\x00b") }, "no zero byte"},
		{func() { NewMap[string, uint8]("a"); NewValue[uint8]("a") }, "two Maps or Values are called a"},
		{func() { describe(&served) }, "holds no contract"},
		{func() { Serve[other](Handle("a", (*other).unnamed)); describe(&served) }, "needs a name of its own"},
	} {
		if got := panicOf(fresh(c.serve)); !strings.Contains(got, c.want) {
			t.Errorf("panics with %q, want %q in it", got, c.want)
		}
	}
}

// No method that every account has without code is offered for one of a contract's: nothing would ever reach it.
func TestReserved(t *testing.T) {
	all := []string{
		chain.MethodAdd, chain.MethodBounce, chain.MethodCall, chain.MethodDeploy, chain.MethodPublish, chain.MethodRefund, chain.MethodSetCode,
		chain.MethodTransfer,
	}
	if !slices.Equal(reserved, all) {
		t.Errorf("%v are reserved, and every account has %v", reserved, all)
	}
}

// The schema says what was registered, and is JSON that tools read.
func TestSchema(t *testing.T) {
	var s abi.Schema
	b := NewWorld().Schema()
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	if s.ABI != 1 || s.Name != "shop" || len(s.Methods) != 8 || len(s.Events) != 1 {
		t.Fatalf("%+v", s)
	}
	m := s.Methods[1]
	if m.Name != "sell" || !m.Merge || m.Doc != `sells "things"` || !slices.Equal(m.Input, []abi.Field{{Name: "name", Type: "string"}, {Name: "price", Type: "u128"}}) {
		t.Errorf("%+v", m)
	}
	if q := s.Methods[7]; q.Kind != abi.MethodQuery || !slices.Equal(q.Output, []abi.Field{{Name: "value", Type: "[]item"}}) {
		t.Errorf("%+v", q)
	}
	if !slices.Equal(s.Types["item"], []abi.Field{{Name: "name", Type: "string"}, {Name: "price", Type: "u128"}}) || len(s.Types) != 1 {
		t.Errorf("%+v", s.Types)
	}
	if hooks := describe(&served)[0]; hooks != abi.HookBounce|abi.HookQuery|abi.HookMerge {
		t.Errorf("hooks %b", hooks)
	}
}

// The text forms are those of the chain.
func TestText(t *testing.T) {
	a := chain.Address{0, 0, 0, 9, 1, 2, 255}
	if got := Address(a).String(); got != a.String() {
		t.Errorf("%s, want %s", got, a)
	}
	if Address(a).Chain() != 9 || Address(a).IsZero() {
		t.Error("chain of an address")
	}
}

// A bounce arrives as the chain encodes it.
func TestBounceEncoding(t *testing.T) {
	in := chain.BounceInput{Message: chain.MessageID{1}, Method: "m", Status: chain.StatusOutOfGas, Reason: "why", Input: []byte{1, 2}}
	b, err := decodeBounce(in.Encode())
	if err != nil || b.Message != (Hash{1}) || b.Method != "m" || b.Status != uint8(in.Status) || b.Reason != "why" || string(b.Input) != "\x01\x02" {
		t.Errorf("%+v, %v", b, err)
	}
}

// Several messages of one method as one: one handling, with the input that the contract makes of theirs and all amounts.
func TestHandleAsOne(t *testing.T) {
	w := NewWorld()
	if err := w.Handle(Message{Method: abi.MethodInit, Input: Encode(openInput{Owner: Account(3)})}); err != nil {
		t.Fatal(err)
	}
	lamp := sell.To(w.Self, sellInput{Name: "lamp", Price: NewAmount(5)}).Carrying(NewAmount(2)) // three of them pay it
	if err := w.HandleAsOne(lamp, lamp, lamp); err != nil {
		t.Fatal(err)
	}
	if len(w.Events) != 1 {
		t.Errorf("%d events", len(w.Events))
	}
	broken := lamp
	broken.Input = broken.Input[1:]
	if err := w.HandleAsOne(lamp, lamp, broken); err == nil || !strings.Contains(err.Error(), "ends too early") {
		t.Errorf("a broken part: %v", err)
	}
	if err := w.HandleAsOne(Message{Method: "batch"}, Message{Method: "batch"}); err == nil || !strings.Contains(err.Error(), "one by one") {
		t.Errorf("a method that is not mergeable: %v", err)
	}
}

// Made is what the chain makes of the same (sdk/chain), which a contract can't import.
func TestMade(t *testing.T) {
	creator, salt, code := Account(7), Hash{1}, Hash{2}
	if got, want := Made(1, creator, salt, code), chain.MadeAddress(1, chain.Address(creator), salt, chain.CodeHash(code)); got != Address(want) {
		t.Errorf("%s, want %s", got, want)
	}
}
