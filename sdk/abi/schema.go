package abi

// Schema is what a module says about itself in SchemaSection, as JSON: how to call its methods by name. It is for tools and
// people; the chain doesn't read it.
type Schema struct {
	ABI     int                `json:"abi"` // 1
	Name    string             `json:"name"`
	Methods []MethodSchema     `json:"methods"`
	Events  []EventSchema      `json:"events,omitempty"`
	Types   map[string][]Field `json:"types,omitempty"` // structs by name
}

// MethodSchema is one method.
type MethodSchema struct {
	Name   string  `json:"name"`
	Kind   string  `json:"kind"` // MethodHandle, MethodQuery
	Merge  bool    `json:"merge,omitempty"`
	Input  []Field `json:"input,omitempty"`
	Output []Field `json:"output,omitempty"` // of a query
	Doc    string  `json:"doc,omitempty"`
}

// Kinds of methods.
const (
	MethodHandle = "handle"
	MethodQuery  = "query"
)

// EventSchema is an event's topic and what its body holds.
type EventSchema struct {
	Topic string  `json:"topic"`
	Body  []Field `json:"body,omitempty"`
}

// Field is a named value. Its type is one of
//
//	u8 u16 u32 u64 i64   big-endian
//	u128                 an amount, 16 bytes, big-endian
//	bool                 a byte, 0 or 1
//	address hash         24 and 32 bytes
//	bytes string         u32 length, bytes (UTF-8)
//	[]T                  u32 count, values
//	?T                   a byte, 0 for none, or 1 and the value
//	Name                 a struct of Types: its fields, one after the other
//
// A method's input is its fields, one after the other, with nothing behind them: every value has one encoding.
type Field struct {
	Name string `json:"name"`
	Type string `json:"type"`
}
