package weather

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"time"
)

const (
	// pieceBytes is how much of a stream goes through at once, and maxPieces how many of them may be under way.
	pieceBytes = 32 << 10
	maxPieces  = 256
)

// piece is a part of a stream, or its end.
type piece struct {
	bytes []byte
	err   error // io.EOF if the sender said all that it had to say
	due   time.Time
}

// stream is a connection from one node to another.
type stream struct {
	sky      *sky
	ctx      context.Context // ends with the connection
	stop     context.CancelFunc
	there    direction // what the node that dialed sends
	back     direction
	from, to *net.TCPConn
}

// carry serves a connection that a node made, until it ends; dial makes the other half of it.
func (s *stream) carry(dial func(context.Context) (*net.TCPConn, error)) {
	sent := make(chan piece, maxPieces)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.read(s.from, s.there, sent)
	}()
	s.connect(ended, dial)
	if s.to != nil {
		answered := make(chan piece, maxPieces)
		done := make(chan struct{}, 3)
		go func() { s.read(s.to, s.back, answered); done <- struct{}{} }()
		go func() { s.write(s.to, s.there, sent); done <- struct{}{} }()
		go func() { s.write(s.from, s.back, answered); done <- struct{}{} }()
		for range 3 {
			<-done
		}
		_ = s.to.Close()
	}
	s.stop()
	_ = s.from.Close()
	<-ended
}

// connect makes the other half when the air lets it: both ways, since a connection needs an answer. It doesn't if the node that
// dialed gives up before.
func (s *stream) connect(ended <-chan struct{}, dial func(context.Context) (*net.TCPConn, error)) {
	for {
		there, changed := s.sky.at(s.there)
		back, _ := s.sky.at(s.back)
		if !there.Cut && !back.Cut {
			break
		}
		select {
		case <-changed:
		case <-ended:
			return
		case <-s.ctx.Done():
			return
		}
	}
	to, err := dial(s.ctx)
	if err != nil {
		s.reset()
		return
	}
	s.to = to
}

// read takes what an end sends, and says when it is due at the other.
func (s *stream) read(from *net.TCPConn, d direction, to chan<- piece) {
	buf := make([]byte, pieceBytes)
	for {
		n, err := from.Read(buf)
		air, _ := s.sky.at(d)
		p := piece{slices.Clone(buf[:n]), err, time.Now().Add(air.late(s.sky.draw))}
		if air.Loss > 0 && s.sky.draw() < air.Loss {
			p.due = p.due.Add(resend)
			s.sky.count("lost on streams")
		}
		if air.Reset > 0 && s.sky.draw() < air.Reset {
			s.sky.count("reset")
			p.err = errReset
		}
		select {
		case to <- p:
		case <-s.ctx.Done():
			return
		}
		if p.err != nil {
			return
		}
	}
}

var errReset = errors.New("reset")

// write hands on what is due, until the stream ends.
func (s *stream) write(to *net.TCPConn, d direction, from <-chan piece) {
	for {
		var p piece
		select {
		case p = <-from:
		case <-s.ctx.Done():
			return
		}
		if !s.await(d, p.due) {
			return
		}
		if len(p.bytes) > 0 {
			if _, err := to.Write(p.bytes); err != nil {
				s.reset()
				return
			}
		}
		switch {
		case errors.Is(p.err, io.EOF):
			_ = to.CloseWrite() // if it is gone already there is nobody to tell
			return
		case p.err != nil:
			s.reset()
			return
		}
	}
}

// await waits until an instant, and until the air isn't cut; false when the connection has ended.
func (s *stream) await(d direction, due time.Time) bool {
	if wait := time.Until(due); wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-s.ctx.Done():
			return false
		}
	}
	for {
		air, changed := s.sky.at(d)
		if !air.Cut {
			return s.ctx.Err() == nil
		}
		select {
		case <-changed:
		case <-s.ctx.Done():
			return false
		}
	}
}

// reset ends the connection as one that broke.
func (s *stream) reset() {
	for _, c := range []*net.TCPConn{s.from, s.to} {
		if c != nil {
			_ = c.SetLinger(0)
			_ = c.Close()
		}
	}
	s.stop()
}
