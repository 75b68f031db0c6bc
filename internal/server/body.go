package server

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"sync"

	"extrato/internal/books"
)

// The limits of bodies, in bytes. The largest document of this server, a list
// of jobs on River's page, needs a tenth of maxBody; a sign-in form a tenth of
// maxPublicBody.
const (
	maxBody       = 64 << 10
	maxPublicBody = 8 << 10
	maxInFlight   = 16 << 20 // all bodies in progress
	maxPerSender  = 4 << 20  // those from one address
	firstChunk    = 512
)

var (
	errTooLarge = &books.Error{Kind: books.Invalid, Code: "too_large", Message: "the body is too large", Hint: "send less; no document of this server needs as much"}
	errUnread   = &books.Error{Kind: books.Invalid, Code: "body_unread", Message: "the body did not arrive whole", Hint: "send it again"}
	errBusy     = &books.Error{Kind: books.Internal, Code: "busy", Message: "too many requests at once", Hint: "wait as long as Retry-After says, then send it again"}
)

// bodies bounds the memory for request bodies. Only received bytes count, so
// announcing a large body costs nobody anything.
type bodies struct {
	lock     sync.Mutex
	inFlight int
	bySender map[netip.Addr]int
}

func (b *bodies) take(sender netip.Addr, n int) bool {
	b.lock.Lock()
	defer b.lock.Unlock()
	if b.inFlight+n > maxInFlight || b.bySender[sender]+n > maxPerSender {
		return false
	}
	b.inFlight += n
	b.bySender[sender] += n
	return true
}

func (b *bodies) release(sender netip.Addr, n int) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.inFlight -= n
	if b.bySender[sender] -= n; b.bySender[sender] <= 0 {
		delete(b.bySender, sender)
	}
}

// read reads a body of at most limit bytes. The caller releases held bytes, also
// after an error.
func (b *bodies) read(from io.Reader, sender netip.Addr, limit int) (body []byte, held int, err error) {
	for {
		if len(body) == cap(body) {
			grown := min(max(2*cap(body), firstChunk), limit+1) // one more byte shows an excess
			if !b.take(sender, grown-held) {
				return nil, held, errBusy
			}
			held = grown
			body = append(make([]byte, 0, grown), body...)
		}
		n, err := from.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case len(body) > limit:
			return nil, held, errTooLarge
		case errors.Is(err, io.EOF):
			return body, held, nil
		case err != nil:
			return nil, held, errUnread
		}
	}
}

// senderFrom returns the sender's address; for IPv6 its network, as one machine
// has a whole one. All senders without an address count as one.
func senderFrom(remote string) netip.Addr {
	peer, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Addr{}
	}
	address := peer.Addr().Unmap().WithZone("")
	if address.Is6() {
		return netip.PrefixFrom(address, 64).Masked().Addr()
	}
	return address
}

// readBody reads the body before the request takes a place among those at
// work: a slow sender keeps nobody else out.
func (f Frame) readBody(all *bodies, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limit := maxBody
		if f.Public != nil && f.Public(r) {
			limit = maxPublicBody
		}
		if r.ContentLength > int64(limit) {
			w.Header().Set("Connection", "close")
			f.refuse(w, r, http.StatusRequestEntityTooLarge, errTooLarge)
			return
		}
		if len(r.TransferEncoding) > 0 {
			// If a Content-Length came with it, a proxy in front may see another
			// end of this request, and another request behind it, than we do.
			w.Header().Set("Connection", "close")
		}
		if r.ContentLength == 0 {
			next.ServeHTTP(w, r)
			return
		}
		sender := senderFrom(r.RemoteAddr)
		body, held, err := all.read(r.Body, sender, limit)
		defer func() { all.release(sender, held) }()
		if err != nil {
			f.refuseBody(w, r, err)
			return
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		next.ServeHTTP(w, r)
	})
}

// refuseBody closes the connection: the rest of the body is still in it.
func (f Frame) refuseBody(w http.ResponseWriter, r *http.Request, err error) {
	w.Header().Set("Connection", "close")
	status := http.StatusBadRequest
	switch {
	case errors.Is(err, errTooLarge):
		status = http.StatusRequestEntityTooLarge
	case errors.Is(err, errBusy):
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", retrySeconds)
	}
	f.refuse(w, r, status, books.AsError(err))
}
