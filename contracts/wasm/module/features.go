package module

// Features are the additions to WebAssembly 1.0 that a policy may allow. There are no others: what is not here is refused.
type Features uint8

// The additions.
const (
	SignExtension   Features = 1 << iota // i32.extend8_s, …
	BulkMemory                           // memory.copy, …; passive segments
	SaturatingFloat                      // i32.trunc_sat_f32_s, …
)

// AllFeatures is all of them: what stock Go compiles to.
const AllFeatures = SignExtension | BulkMemory | SaturatingFloat

// String names the first of them.
func (f Features) String() string {
	switch {
	case f&SignExtension != 0:
		return "sign extension"
	case f&BulkMemory != 0:
		return "bulk memory"
	case f&SaturatingFloat != 0:
		return "saturating float conversion"
	}
	return "WebAssembly 1.0"
}
