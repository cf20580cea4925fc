package api

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// streamTree sends every step of the tree that a message is part of: each message when it is accepted, and when it is
// final.
func (s *served) streamTree(w http.ResponseWriter, q *http.Request) error {
	id, err := messageID(q)
	if err != nil {
		return err
	}
	after, err := s.treeCursor(q)
	if err != nil {
		return err
	}
	a := s.abroad(q)
	o, err := s.seek(q.Context(), a, s.node.Chain(), id)
	a.end()
	if err != nil {
		return err
	}
	st, leave, err := s.stream(w)
	if leave == nil {
		return err
	}
	defer leave()
	if err == nil {
		p := &progress{stream: st, resume: after, waits: map[chain.MessageID]client.Waits{}, abroad: func() *abroad { return s.abroad(q) }}
		err = p.follow(q.Context(), o)
	}
	s.streamEnded(q, err)
	return nil
}

// mostWaits bounds the messages of a tree of which is told what they wait for.
const mostWaits = 100

// tellWaits sends what messages under way wait for, where that has changed. It is no step, and has no number: whoever comes back is
// told what is so then.
func (p *progress) tellWaits(ctx context.Context, t *tree) error {
	var told []client.Waiting
	err := p.server.histories.read(ctx, func() error {
		levels := p.server.levels()
		for _, b := range t.open[:min(len(t.open), mostWaits)] {
			if b.sentIn.chain == 0 { // the root
				continue
			}
			w, err := levels.waits(b)
			if err != nil {
				return err
			}
			if w != nil && p.waits[b.id] != *w {
				p.waits[b.id] = *w
				told = append(told, client.Waiting{ID: b.id, Waits: *w})
			}
		}
		return nil
	})
	for _, w := range told {
		if err == nil {
			err = p.send(client.EventWaiting, "", w)
		}
	}
	return err
}

// progress sends the steps of a tree, numbered from 1, those that the cursor is behind left out (N5).
type progress struct {
	*stream
	resume treeCursor
	number uint64
	ready  []client.Progress                // steps found while blocks were read, sent afterwards
	batch  treeCursor                       // how far the tree is followed
	waits  map[chain.MessageID]client.Waits // told last

	abroad func() *abroad // for one look at other nodes
	next   time.Time      // not before
	pause  time.Duration  // between looks; 0 while there is nothing to ask for
}

// step is one of a branch. What the chains here don't show, or only with another node's word, has no number: nobody could count it again.
func (p *progress) step(b *branch, m client.Message) {
	if b.far || m.Elsewhere {
		p.ready = append(p.ready, client.Progress{Message: m})
		return
	}
	if p.number++; p.number > p.resume.number {
		p.ready = append(p.ready, client.Progress{Number: int(p.number), Message: m})
	}
}

// flush sends what is ready.
func (p *progress) flush() error {
	for _, r := range p.ready {
		id := ""
		if r.Number > 0 {
			p.batch.number = uint64(r.Number)
			id = p.batch.String()
		}
		if err := p.send(client.EventProgress, id, r); err != nil {
			return err
		}
	}
	p.ready = nil
	return nil
}

// follow sends the tree until all of it is final.
func (p *progress) follow(ctx context.Context, o *origin) error {
	t, root := o.plant(p.server.Server)
	t.final = p.step
	t.sent = func(_, b *branch) { p.step(b, b.describe(client.StateAccepted)) }
	p.step(root, client.Message{ID: root.id, State: client.StateAccepted})
	if err := p.flush(); err != nil {
		return err
	}
	if o.f != nil && o.f.in == nil && o.f.queued == nil {
		m, err := p.settled(ctx, o.at, o.f)
		if err != nil {
			return err
		}
		if m.State == client.StateDropped {
			p.step(root, m)
			return p.end(client.EventComplete)
		}
	}
	o.sprout(t, root)
	if err := p.again(ctx, t); err != nil {
		return err
	}
	return p.grow(ctx, t)
}

// settled waits for the root.
func (p *progress) settled(ctx context.Context, at *served, f *found) (m client.Message, err error) {
	err = p.until(ctx, func(ctx context.Context) error {
		if m, err = at.await(ctx, f.id); err == nil && !m.State.IsSettled() {
			return ctx.Err()
		}
		return err
	})
	return m, err
}

// again goes to where the cursor is: it comes upon the same steps in the same order as the stream that was cut off.
func (p *progress) again(ctx context.Context, t *tree) error {
	for _, upto := range []heads{p.resume.from, p.resume.to} {
		if upto == nil {
			continue
		}
		if err := p.server.histories.read(ctx, func() error { return t.advance(upto) }); err != nil {
			return err
		}
	}
	p.batch = p.resume
	return p.flush()
}

// grow follows the tree from block to block.
func (p *progress) grow(ctx context.Context, t *tree) error {
	for {
		upto := p.server.heads()
		if len(upto) > 1 {
			p.batch.from, p.batch.to = p.batch.to, upto
		}
		err := p.server.histories.read(ctx, func() error { return t.advance(upto) })
		if err != nil {
			return err
		}
		if err := p.flush(); err != nil {
			return err
		}
		if more, err := p.look(ctx, t); err != nil {
			return err
		} else if more {
			continue
		}
		if len(t.open) == 0 {
			if t.truncated {
				return p.end(client.EventTruncated)
			}
			return p.end(client.EventComplete)
		}
		if err := p.tellWaits(ctx, t); err != nil {
			return err
		}
		if err := p.until(ctx, func(ctx context.Context) error { return p.await(ctx, upto) }); err != nil {
			return err
		}
	}
}

// look asks other nodes, at a pace, about what is on chains that aren't here, and says whether the tree grew.
func (p *progress) look(ctx context.Context, t *tree) (more bool, err error) {
	if p.pause > 0 && time.Now().Before(p.next) {
		return false, nil
	}
	var list []*branch
	err = p.server.histories.read(ctx, func() error {
		list, err = t.unasked(p.server.levels())
		return err
	})
	a := p.abroad()
	defer a.end()
	if err != nil || len(list) == 0 || a.left == 0 {
		p.pause = 0
		return false, err
	}
	more = a.inquire(ctx, t, list)
	if p.pause = min(2*p.pause, abroadLate); more || p.pause == 0 {
		p.pause = abroadSoon
	}
	p.next = time.Now().Add(p.pause)
	return more, ctx.Err()
}

// await returns when a chain here has a further block, or it is time to look elsewhere.
func (p *progress) await(ctx context.Context, upto heads) error {
	if p.pause == 0 {
		return p.server.awaitAbove(ctx, upto)
	}
	looks, cancel := context.WithDeadline(ctx, p.next)
	defer cancel()
	err := p.server.awaitAbove(looks, upto)
	if looks.Err() != nil && ctx.Err() == nil {
		return nil
	}
	return err
}

// end sends what is ready and the last event.
func (p *progress) end(name string) error {
	if err := p.flush(); err != nil {
		return err
	}
	return p.send(name, "", struct{}{})
}

// treeCursor is how far somebody has followed a tree: to step number, which was come upon when the tree was followed from some heads
// on to others. On a server of one chain the number says it all.
type treeCursor struct {
	number   uint64
	from, to heads
}

// String is such as 7~1.20-2.14~1.21-2.14.
func (c treeCursor) String() string {
	text := strconv.FormatUint(c.number, 10)
	if c.to != nil {
		text += "~" + c.from.String() + "~" + c.to.String()
	}
	return text
}

// String is each chain with its height, by chain.
func (h heads) String() string {
	var list []string
	for _, id := range slices.Sorted(maps.Keys(h)) {
		list = append(list, fmt.Sprintf("%d.%d", id, h[id]))
	}
	return strings.Join(list, "-")
}

// treeCursor reads Last-Event-ID or ?after=.
func (s *Server) treeCursor(q *http.Request) (c treeCursor, err error) {
	text := q.Header.Get("Last-Event-ID")
	if text == "" {
		text = q.URL.Query().Get("after")
	}
	if text == "" {
		return c, nil
	}
	number, rest, several := strings.Cut(text, "~")
	c.number, err = strconv.ParseUint(number, 10, 64)
	if err == nil && several {
		from, to, _ := strings.Cut(rest, "~")
		if c.from, err = s.readHeads(from); err == nil {
			c.to, err = s.readHeads(to)
		}
	}
	if err != nil || several && c.to == nil || !several && c.number > 2 && len(s.all()) > 1 {
		return treeCursor{}, &client.Error{
			Code: client.CodeBadCursor, Status: http.StatusBadRequest, Message: fmt.Sprintf("cursor %q: it must be the id of an event", clip(text)),
			Hint: "leave it out to begin anew",
		}
	}
	return c, nil
}

// readHeads reads heights that chains here have reached; nil for none.
func (s *Server) readHeads(text string) (heads, error) {
	if text == "" {
		return nil, nil
	}
	h := heads{}
	for part := range strings.SplitSeq(text, "-") {
		chainText, heightText, _ := strings.Cut(part, ".")
		id, err := strconv.ParseUint(chainText, 10, 32)
		height, err2 := strconv.ParseUint(heightText, 10, 64)
		if err = errors.Join(err, err2); err != nil {
			return nil, err
		}
		one := s.get(chain.ID(id))
		if one == nil || height > one.node.Head().Header.Height {
			return nil, fmt.Errorf("chain %d has no block %d here", id, height)
		}
		h[chain.ID(id)] = height
	}
	return h, nil
}
