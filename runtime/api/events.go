package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// What one look for events may find, and how much it may read; the rest is for the next one.
const (
	pageFound      = 1000
	pageFoundBytes = 4 << 20 // of topics and bodies; an event more may come
	pageBlocks     = 2000
	pageScan       = 200_000 // messages; a block is read whole
	// scansAtOnce are beside the readers of single blocks, who keep their places (N2): a look through two thousand blocks takes a while.
	scansAtOnce = 4
)

// filter reads ?account= and ?topic=.
func (s *served) filter(q *http.Request) (f client.EventFilter, err error) {
	f.Topic = q.URL.Query().Get("topic")
	if len(f.Topic) > chain.MaxMethodBytes {
		return f, badRequest("topic=%q: a topic has at most %d bytes", clip(f.Topic), chain.MaxMethodBytes)
	}
	if text := q.URL.Query().Get("account"); text != "" {
		if f.Account, err = chain.ParseAddress(text); err != nil {
			return f, badRequest("account: %v", err)
		}
	}
	return f, nil
}

// eventCursor is the cursor behind which to look; one above the head is of another network.
func (s *served) eventCursor(q *http.Request) (after uint64, given bool, err error) {
	after, given, err = cursor(q)
	if err != nil {
		return 0, false, err
	}
	if height, head := client.CursorHeight(after), s.node.Head().Header.Height; height > head {
		return 0, false, unknownBlock(height, head)
	}
	return after, given, nil
}

// getEvents looks for what contracts told, in final blocks behind the cursor.
func (s *served) getEvents(w http.ResponseWriter, q *http.Request) error {
	f, err := s.filter(q)
	if err != nil {
		return err
	}
	after, _, err := s.eventCursor(q)
	if err != nil {
		return err
	}
	l, err := s.look(q.Context(), f, after)
	if err != nil {
		return err
	}
	s.answer(w, http.StatusOK, l.page)
	return nil
}

// look is one look for events.
type look struct {
	page   client.EventPage
	filter client.EventFilter
	after  uint64 // the cursor behind which it began
	bytes  int    // of what was found
}

// look looks behind the cursor.
func (s *served) look(ctx context.Context, f client.EventFilter, after uint64) (*look, error) {
	l := &look{filter: f, after: after}
	return l, s.scans.do(ctx, func() error { return s.scan(ctx, l) })
}

// scan reads blocks behind the cursor until enough was found or read. It always gets on: a page that isn't complete ends
// behind its beginning.
func (s *served) scan(ctx context.Context, l *look) error {
	p := &l.page
	p.Height, p.Next, p.Events = s.node.Head().Header.Height, l.after, []client.Event{}
	first := max(client.CursorHeight(l.after), 1)
	if l.after == client.BehindBlock(first) {
		first++
	}
	read := 0
	for height := first; height <= p.Height; height++ {
		if l.isFull() || read >= pageScan || height-first >= pageBlocks {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		k, err := s.blockAt(height)
		if err != nil {
			return err
		}
		read += len(k.Events)
		if !l.take(k) {
			return nil
		}
		p.Next = client.BehindBlock(height)
	}
	p.Complete = true
	return nil
}

func (l *look) isFull() bool { return len(l.page.Events) >= pageFound || l.bytes >= pageFoundBytes }

// take adds the block's events that the filter chooses, behind the cursor; false if the page is full before its end.
func (l *look) take(k *kept) bool {
	e := client.Event{Height: k.height}
	for i := range k.Events {
		v := &k.Events[i]
		for _, c := range v.Receipt.Events {
			if l.wants(v.Account, c.Topic) && e.Cursor() > l.after {
				if l.isFull() {
					return false
				}
				e.Account, e.Message, e.ContractEvent = v.Account, v.Message.ID(), client.ContractEvent{Topic: c.Topic, Body: c.Body}
				l.page.Events = append(l.page.Events, e)
				l.page.Next = e.Cursor()
				l.bytes += len(c.Topic) + len(c.Body)
			}
			e.Index++
		}
	}
	return true
}

func (l *look) wants(account chain.Address, topic string) bool {
	return (l.filter.Account == chain.Address{} || l.filter.Account == account) && (l.filter.Topic == "" || l.filter.Topic == topic)
}

// streamEvents sends what contracts told behind the cursor, and then what they tell; without a cursor only that.
func (s *served) streamEvents(w http.ResponseWriter, q *http.Request) error {
	f, err := s.filter(q)
	if err != nil {
		return err
	}
	after, given, err := s.eventCursor(q)
	if err != nil {
		return err
	}
	if !given {
		after = client.BehindBlock(s.node.Head().Header.Height)
	}
	st, leave, err := s.stream(w)
	if leave == nil {
		return err
	}
	defer leave()
	for err == nil {
		var l *look
		if l, err = s.look(q.Context(), f, after); err == nil {
			err = st.sendFound(l)
		}
		if err != nil {
			break
		}
		if after = l.page.Next; l.page.Complete {
			height := l.page.Height
			err = st.until(q.Context(), func(ctx context.Context) error { return s.node.AwaitAbove(ctx, height) })
		}
	}
	s.streamEnded(q, err)
	return nil
}

// sendFound sends a page of events. Where it got further than the last of them it sends the cursor alone, which is no event
// to anybody: a stream that is taken up again doesn't look through the same blocks again.
func (st *stream) sendFound(l *look) error {
	at := l.after
	for i := range l.page.Events {
		at = l.page.Events[i].Cursor()
		if err := st.send(client.EventContract, strconv.FormatUint(at, 10), &l.page.Events[i]); err != nil {
			return err
		}
	}
	if l.page.Next == at {
		return nil
	}
	return st.write("id: " + strconv.FormatUint(l.page.Next, 10) + "\n\n")
}
