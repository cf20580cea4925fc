//go:build !linux

package transport

import "net"

// unsentLow lets little wait in the kernel, where it can.
func unsentLow(net.Conn) {}
