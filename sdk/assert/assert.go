package assert

import "fmt"

// Failure is what a failed check panics with: one of our own invariants is broken, and what this process decides from
// here on can't be trusted (A2). It is a distinct type so that who recovers a panic can tell it from any other.
type Failure struct {
	What  string // the invariant that is broken, with the values that show it
	Cause error  // the error that must not have been, nil after That
}

// Error names the invariant, and the cause if there is one.
func (f Failure) Error() string {
	if f.Cause == nil {
		return "invariant broken: " + f.What
	}
	return "invariant broken: " + f.What + ": " + f.Cause.Error()
}

// Unwrap is the error that NoError was given, or nil.
func (f Failure) Unwrap() error { return f.Cause }

// That panics with a Failure unless ok; format and args say what was promised, with the values (A1). The args are
// evaluated and may be allocated even where ok holds: in an inner loop, pass none or only constants.
func That(ok bool, format string, args ...any) {
	if !ok {
		panic(Failure{What: fmt.Sprintf(format, args...)})
	}
}

// NoError panics with a Failure if err is not nil; what says which step can't fail (A1). For errors that only a bug of
// ours can cause, such as decoding what this process has encoded.
func NoError(err error, what string) {
	if err != nil {
		panic(Failure{What: what, Cause: err})
	}
}
