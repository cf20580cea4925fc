package weather

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"time"
)

// ask is what a command wants of a proxy that runs: to hear how the air is, once it is Air if that is given.
type ask struct {
	Air *[]Over `json:"air,omitempty"`
}

// State is what a proxy says.
type State struct {
	Air    []Over            `json:"air"`
	Counts map[string]uint64 `json:"counts"`
	Error  string            `json:"error,omitempty"`
}

const (
	controlTime = 5 * time.Second
	controlMost = 4 << 20
)

// Control answers commands at l until ctx ends: one for each connection.
func (p *Proxy) Control(ctx context.Context, l net.Listener) error {
	unhook := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer unhook()
	for {
		c, err := l.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("proxy: %w", err)
		}
		p.answer(c) // one after the other: each has a short time
	}
}

func (p *Proxy) answer(c net.Conn) {
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(controlTime))
	var a ask
	s := State{}
	err := json.NewDecoder(io.LimitReader(c, controlMost)).Decode(&a)
	if err == nil && a.Air != nil {
		err = p.Set(*a.Air)
	}
	if err != nil {
		s.Error = err.Error()
	}
	s.Air, s.Counts = p.Air(), p.Counts()
	_ = json.NewEncoder(c).Encode(s) // who has gone doesn't want to know
}

// Ask asks the proxy that is controlled at an address how the air is; if to is not nil, once it is that.
func Ask(ctx context.Context, addr string, to *[]Over) (s State, err error) {
	d := net.Dialer{Timeout: controlTime}
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return s, err
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(controlTime))
	if err = json.NewEncoder(c).Encode(ask{to}); err == nil {
		err = json.NewDecoder(io.LimitReader(c, controlMost)).Decode(&s)
	}
	if err == nil && s.Error != "" {
		err = fmt.Errorf("proxy: %s", s.Error)
	}
	return s, err
}
