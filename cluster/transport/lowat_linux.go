package transport

import (
	"net"
	"syscall"
)

// notSentLow is TCP_NOTSENT_LOWAT, which package syscall doesn't name.
const notSentLow = 25

// unsentLow lets little wait in the kernel, where what is more urgent can't overtake it. It is a wish: without it all works, later.
func unsentLow(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		if raw, err := t.SyscallConn(); err == nil {
			_ = raw.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, notSentLow, 64<<10) })
		}
	}
}
