package server

import (
	"net/http"
	"net/netip"
)

// The limits, for tests.
const (
	MaxBody       = maxBody
	MaxPublicBody = maxPublicBody
	MaxInFlight   = maxInFlight
)

// NewBodies is a bound of its own.
func NewBodies() *bodies { return &bodies{bySender: map[netip.Addr]int{}} }

// Take takes bytes for a sender.
func (b *bodies) Take(address string, n int) bool { return b.take(senderFrom(address), n) }

// Sender is how an address is counted.
func Sender(address string) string { return senderFrom(address).String() }

// Watched is the frame around a handler, and how many bytes are in flight.
func Watched(f Frame, handler http.Handler) (http.Handler, func() int) {
	all := NewBodies()
	return f.wrap(handler, all, make(chan struct{}, maxAtOnce)), func() int {
		all.lock.Lock()
		defer all.lock.Unlock()
		return all.inFlight
	}
}

// BusyFrame is a frame in which no request gets a place.
func BusyFrame(f Frame) http.Handler {
	return f.wrap(http.NotFoundHandler(), NewBodies(), make(chan struct{}))
}

// FullFrame is a frame in which no body gets a byte.
func FullFrame(f Frame) http.Handler {
	all := NewBodies()
	all.inFlight = maxInFlight
	return f.wrap(http.NotFoundHandler(), all, make(chan struct{}, maxAtOnce))
}
