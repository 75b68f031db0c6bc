package storetest

import (
	"bytes"
	"net"
	"net/url"
	"sync"
	"testing"
)

// Line is a TCP line to PostgreSQL with faults on demand: cut, or an answer to
// COMMIT lost.
type Line struct {
	URL    string // of the database, by this line
	server string
	lock   sync.Mutex
	loss   *Loss
	dead   bool
	cutAt  string
}

// Loss is the way a line loses the answer to the next COMMIT of a writing
// transaction.
type Loss struct {
	Heard bool // the server hears the COMMIT
	Dead  bool // nobody gets through from then on

	// Before is called before the server hears it, if set; then the line waits
	// until the client has given up.
	Before func()
}

// NewLine returns a line to the database of this URL. It carries everything
// until Lose is called.
func NewLine(t testing.TB, target string) *Line {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	l := &Line{server: u.Host}
	u.Host = listener.Addr().String()
	l.URL = u.String()
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go l.carry(client)
		}
	}()
	return l
}

// Lose loses the answer to the next COMMIT of a writing transaction.
func (l *Line) Lose(how Loss) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.loss = &how
}

// CutAt cuts the line at the next message with this text.
func (l *Line) CutAt(part string) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.cutAt = part
}

// Mend lets everybody and everything through again.
func (l *Line) Mend() {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.loss, l.dead, l.cutAt = nil, false, ""
}

func (l *Line) cuts(said []byte) bool {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.cutAt != "" && bytes.Contains(said, []byte(l.cutAt))
}

// lost returns how the answer to a client's message gets lost, nil if it does
// not.
func (l *Line) lost(said []byte, reads bool) *Loss {
	l.lock.Lock()
	defer l.lock.Unlock()
	how := l.loss
	if how == nil || reads || !bytes.Contains(said, []byte("commit")) {
		return nil
	}
	l.loss, l.dead = nil, how.Dead
	return how
}

func (l *Line) isDead() bool {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.dead
}

func (l *Line) carry(client net.Conn) {
	defer client.Close()
	if l.isDead() {
		return
	}
	server, err := net.Dial("tcp", l.server)
	if err != nil {
		return
	}
	defer server.Close()
	answers := make(chan struct{})
	var deaf sync.Mutex // held while no answer may pass
	go func() {
		defer close(answers)
		defer client.Close()
		buf := make([]byte, 64<<10)
		for {
			n, err := server.Read(buf)
			if err != nil || !deaf.TryLock() {
				return
			}
			_, err = client.Write(buf[:n])
			deaf.Unlock()
			if err != nil {
				return
			}
		}
	}()
	buf, reads := make([]byte, 64<<10), false
	for {
		n, err := client.Read(buf)
		if err != nil || l.isDead() {
			return
		}
		said := bytes.ToLower(buf[:n])
		if bytes.Contains(said, []byte("begin")) {
			reads = bytes.Contains(said, []byte("read only"))
		}
		if l.cuts(said) {
			return
		}
		if how := l.lost(said, reads); how != nil {
			deaf.Lock()
			said := bytes.Clone(buf[:n])
			if how.Before != nil {
				how.Before()
				_, _ = client.Read(buf)
			}
			if how.Heard {
				if _, err := server.Write(said); err == nil {
					<-answers // it has committed and says so, to nobody
				}
			}
			return
		}
		if _, err := server.Write(buf[:n]); err != nil {
			return
		}
	}
}
