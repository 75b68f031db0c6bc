package auth

import (
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limiter counts tries by key, and forgets idle keys.
type limiter struct {
	tries int
	per   time.Duration
	now   func() time.Time
	lock  sync.Mutex
	keys  map[string]*rate.Limiter
	swept time.Time
}

func newLimiter(o Options) *limiter {
	return &limiter{tries: o.Tries, per: o.Per, now: o.Now, keys: map[string]*rate.Limiter{}}
}

// take counts a try, and refuses it if there were too many.
func (l *limiter) take(key string) *Limited {
	if l.tries == 0 {
		return nil
	}
	l.lock.Lock()
	defer l.lock.Unlock()
	now := l.now()
	l.sweep(now)
	bucket := l.bucket(key)
	if bucket.AllowN(now, 1) {
		return nil
	}
	return l.refusal(bucket, now)
}

// count counts a try without refusing it.
func (l *limiter) count(key string) { _ = l.take(key) }

// full refuses if there were too many tries, and counts nothing.
func (l *limiter) full(key string) *Limited {
	if l.tries == 0 {
		return nil
	}
	l.lock.Lock()
	defer l.lock.Unlock()
	now := l.now()
	if bucket := l.keys[key]; bucket != nil && bucket.TokensAt(now) < 1 {
		return l.refusal(bucket, now)
	}
	return nil
}

func (l *limiter) bucket(key string) *rate.Limiter {
	if l.keys[key] == nil {
		l.keys[key] = rate.NewLimiter(rate.Limit(float64(l.tries)/l.per.Seconds()), l.tries)
	}
	return l.keys[key]
}

func (l *limiter) refusal(bucket *rate.Limiter, now time.Time) *Limited {
	missing := 1 - bucket.TokensAt(now)
	return &Limited{RetryAfter: time.Duration(missing / float64(bucket.Limit()) * float64(time.Second))}
}

// sweep forgets keys with all tries available again: strangers must not fill
// the memory.
func (l *limiter) sweep(now time.Time) {
	if now.Sub(l.swept) < l.per && len(l.keys) < 10_000 {
		return
	}
	l.swept = now
	for key, bucket := range l.keys {
		if bucket.TokensAt(now) >= float64(l.tries) {
			delete(l.keys, key)
		}
	}
}

// addressOf returns the address of a request's sender; for IPv6 its network,
// since one machine has a whole one.
func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	ip := net.ParseIP(host)
	if ip == nil || ip.To4() != nil {
		return host
	}
	return ip.Mask(net.CIDRMask(64, 128)).String()
}
