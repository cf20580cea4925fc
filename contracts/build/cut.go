package build

import (
	"regexp"

	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// cuts are functions of the Go runtime that can't run once the start-up code is done, or only to tell people what went wrong
// on a machine, which on a chain nobody would read: a module without them is half as large. Where one is called all the
// same, in a case that this list didn't foresee, the handling traps, on every node alike (B2).
var cuts = regexp.MustCompile(`^(?:` +
	// Start-up: done when the image was taken.
	`[^()]*\.(?:init|map\.init)(?:\.\d+)?|` +
	`runtime\.(?:rt0_go|main|main\.func\d+|schedinit|doInit1?|mallocinit|modulesinit|typelinksinit|itabsinit|goenvs|parsedebugvars|` +
	`parsegodebug|gcenable|check|moduledataverify1?|mstart\d?|godebugNotify|godebug_.*|initMetrics|readTimeRandom)|internal/cpu\..*|` +
	// The last words of a throw: its reason is out before, the stacks of all goroutines would follow.
	`runtime\.(?:dopanic_m|traceback\d?|tracebackothers|tracebacksomeothers|tracebackPCs|tracebackHexdump|goroutineheader|printAncestorTraceback.*|` +
	`printCgoTraceback.*|printcreatedby\d?|printArgs|hexdumpWords|schedtrace|printScavTrace|badPointer|printfloat\w*|printcomplex\w*|printanycustomtype|dumpgstatus|printDebugLog.*)(?:\..*)?|` +
	`runtime\.\(\*hexdumper\)\..*|` +
	// runtime/trace, which no contract can turn on.
	`runtime\.(?:trace[A-Z].*|unsafeTrace.*)|runtime\.\(\*?trace[A-Z]\w*(?:\[.*\])?\)\..*|runtime\.trace[A-Z]\w*\..*|` +
	// Profiles and the runtime's checks of itself: off.
	`runtime\.(?:mProf_(?:Malloc|Free)|stkbucket|profilealloc|doRecordGoroutineProfile|goroutineProfile.*|blockevent|mutexevent|saveblockevent|` +
	`tryRecordGoroutineProfile.*|checkFinalizersAndCleanups|startCheckmarks|endCheckmarks|setCheckmark|sigprof|dump\w+|gcDumpObject|dumpScanStats|printSpanInfo)(?:\..*)?|` +
	`runtime\.\(\*(?:profBuf|mLockProfile|bucket|profAtomic)\)\..*|` +
	// Other threads: there is one.
	`runtime\.(?:startm|newm\d?|allocm|handoffp|exitsyscall\w*|entersyscall\w*|reentersyscall|cgocall\w*|asmcgocall\w*|oneNewExtraM|needm|dropm|` +
	`retake|sysmon|startTemplateThread|templateThread)(?:\..*)?|` +
	// What describes the contract while it is built: sdk/guest, G2.
	`github\.com/thinkey/thinkey/sdk/guest\.(?:makeCodec|structCodec|sliceCodec|pointerCodec|fixedCodec|codecFor|fieldName|refuseType|describe|claim|Serve\[.*\]|prepare\[.*\]|` +
	`\(\*contract\)\.(?:register|add)|\(\*description\)\..*)` +
	`)$`)

// spared are functions that cuts names but that run where tracing is off, to find that out.
var spared = regexp.MustCompile(`(?:Enabled|ShuttingDown|traceAcquire)$`)

// skipped are functions without parameters and results that do nothing, rather than trap: on the way to the last words they
// would wait for other threads.
var skipped = regexp.MustCompile(`^runtime\.freezetheworld$`)

// stubs gives the functions that are cut, and those that are skipped, their new bodies, and says which were cut.
func (t *goTables) stubs(bodies []module.Body) []bool {
	cut := t.findCuts()
	for i, f := range t.funcs {
		switch {
		case cut[i]:
			bodies[i] = module.Body{Code: *new(module.Code).Op(module.OpUnreachable, module.OpEnd)}
		case skipped.MatchString(f.name): // takes its return address from the stack, and says that nobody is to be resumed
			c := new(module.Code).With(module.OpGlobalGet, stackPointer).I32(8).Op(module.OpI32Add).With(module.OpGlobalSet, stackPointer)
			bodies[i] = module.Body{Code: *c.I32(0).Op(module.OpEnd)}
		}
	}
	return cut
}

// stackPointer is the global in which Go keeps it.
const stackPointer = 0

// findCuts says which functions are cut.
func (t *goTables) findCuts() []bool {
	cut := make([]bool, len(t.funcs))
	for i, f := range t.funcs {
		cut[i] = cuts.MatchString(f.name) && !spared.MatchString(f.name)
	}
	return cut
}
