package transport

import (
	"errors"
	"fmt"
	"time"

	"github.com/thinkey/thinkey/sdk/keys"
)

// errJunk is what no node that follows the protocol sends.
var errJunk = errors.New("junk")

func junk(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errJunk, fmt.Sprintf(format, args...))
}

const (
	// breach is what breaking the protocol costs: a ban at once. offence is what a channel's owner says of a message that it can't
	// read: five within a short time are a ban. One is forgiven in offence/forgiven seconds.
	breach   = 100
	offence  = 20
	limit    = 100
	forgiven = 0.5 // per second

	// firstBan doubles with every further ban up to longestBan: a node whose operator has mended it is back soon. It is the first again when nothing
	// was held against the node for bansKept: else a ban now and then would add up over a year.
	firstBan   = 10 * time.Second
	longestBan = 10 * time.Minute
	bansKept   = time.Hour

	// maxScores bounds the keys that something is held against: a stranger can have as many as it likes.
	maxScores = 4096
)

// scores is what is held against whom.
type scores map[keys.PublicKey]*score

type score struct {
	member bool
	points float64
	at     time.Time // of points
	bans   int       // since nothing was held against it for bansKept
	until  time.Time // banned
}

// add holds points against a key, a member's or not, and says whether it is banned for them now.
func (s scores) add(key keys.PublicKey, member bool, points float64, now time.Time) (banned bool) {
	x := s[key]
	if x == nil {
		if len(s) >= maxScores {
			s.forget()
		}
		x = &score{at: now}
		s[key] = x
	}
	if now.Sub(x.at) >= bansKept {
		x.bans = 0
	}
	x.points = x.left(now) + points
	x.at, x.member = now, member
	if x.points < limit {
		return false
	}
	x.points = 0
	ban := firstBan << min(x.bans, 16)
	x.bans++
	x.until = now.Add(min(ban, longestBan))
	return true
}

func (x *score) left(now time.Time) float64 {
	return max(0, x.points-forgiven*now.Sub(x.at).Seconds())
}

// banned says until when a key is.
func (s scores) banned(key keys.PublicKey, now time.Time) (until time.Time, is bool) {
	x := s[key]
	if x == nil || !now.Before(x.until) {
		return time.Time{}, false
	}
	return x.until, true
}

// forget drops the one whose last offence is longest ago: a stranger, if there is any, who has other keys anyway.
func (s scores) forget() {
	var oldest keys.PublicKey
	var least *score
	for key, x := range s {
		if least == nil || !x.member && least.member || x.member == least.member && x.at.Before(least.at) {
			oldest, least = key, x
		}
	}
	delete(s, oldest)
}
