package guest

// Refusal is the error with which a contract refuses a message: nothing that the handling did is kept, and what came with
// the message goes back to its sender, with the reason.
type Refusal struct{ Reason string }

// Error is the reason.
func (r *Refusal) Error() string { return r.Reason }

// Refuse makes a Refusal, its reason written as Format does. Reasons are read by people: say what was wrong, with the
// value, and what is allowed. They are cut to 256 bytes.
func Refuse(format string, args ...any) error { return &Refusal{Format(format, args...)} }
