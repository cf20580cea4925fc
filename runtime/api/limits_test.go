package api

import (
	"fmt"
	"testing"

	"github.com/thinkey/thinkey/runtime/docs"
)

// The table of limits in the docs has the numbers of the code.
func TestLimitsTable(t *testing.T) {
	l := Limits{}.complete()
	for row, want := range map[string]string{
		"nodes asked for what shows a message, by who doesn't wait; pause between them, doubled, of who does; JSON parts of an answer (`runtime/api/handled.go`)": fmt.Sprintf("%d; %d ms to %.0f s; %d", showTurns, showPause.Milliseconds(), mostPause.Seconds(), abroadObjects),
		"a request that is passed on (`runtime/api`): its path; its body; time beside what it is asked to wait":                                                   fmt.Sprintf("%d KiB; %d KiB; %.0f s", maxTarget>>10, maxRouteBody>>10, routeTime.Seconds()),
		"messages handed on whose chain is remembered (`runtime/api`)":                                                                                            fmt.Sprint(maxPosted),
		"questions for a message that was handed on, of nodes that don't know it yet; time":                                                                       fmt.Sprintf("%d; %.0f s", 1+askTimes, spreads.Seconds()),
		"questions for a trace, or for one look of a stream of a tree (`runtime/api/abroad.go`); time of one, of all; bytes of an answer, of all; JSON objects in all": fmt.Sprintf(
			"%d; %.0f s, %.0f s; %d MiB, %d MiB; %d", abroadQuestions, abroadEach.Seconds(), abroadTime.Seconds(), abroadAnswer>>20, abroadBytes>>20, abroadObjects),
		"traces and looks that ask others at once; of one address":              fmt.Sprintf("%d; %d", abroadAtOnce, abroadPerCaller),
		"questions to other nodes at once; of one address":                      fmt.Sprintf("%d; %d", askedAtOnce, l.Address/4),
		"chains on which a message is looked for":                               fmt.Sprint(abroadSearch),
		"pause between looks of a stream":                                       fmt.Sprintf("%.0f s, doubled up to %.0f s while they bring nothing", abroadSoon.Seconds(), abroadLate.Seconds()),
		"connections at once; besides of the machine itself":                    fmt.Sprintf("%d; %d", l.Connections, l.Connections/ownPart),
		"connections of one address (of IPv6 its first 64 bits); streams of it": fmt.Sprintf("%d (`api-per-address`); a quarter of that", l.Address),
		"refused connections that are told why, at once":                        fmt.Sprintf("%d, %.0f s", lingers, lingerTime.Seconds()),
		"streams; requests that wait":                                           fmt.Sprintf("%d; %d", l.Streams, l.Polls),
		"bytes of bodies; of answers that are not taken yet":                    fmt.Sprintf("%d MiB; %d MiB", l.Bodies>>20, l.Answers>>20),
		"headers of a request; time for them; for all of the request":           fmt.Sprintf("%d KiB; %.0f s; %.0f s", maxHeaderBytes>>10, l.Header.Seconds(), l.Request.Seconds()),
		"time for an answer to be taken; of a connection between two requests":  fmt.Sprintf("%.0f s; %.0f s", l.Write.Seconds(), l.Idle.Seconds()),
		"of these, that look at blocks or through many, those of one address":   fmt.Sprintf("%d; %d", newTurns(l.Readers).each, newTurns(scansAtOnce).each),
		"longest wait of one request":                                           fmt.Sprintf("%.0f s", l.Poll.Seconds()),
	} {
		docs.Limit(t, row, want)
	}
}
