package api

import "time"

// KeyWaits sets how long a request waits for the key that another process
// holds, and how often that one says that it is alive.
func KeyWaits(wait, renew time.Duration) (restore func()) {
	was, wasRenew := keyWait, renewEvery
	keyWait, renewEvery = wait, renew
	return func() { keyWait, renewEvery = was, wasRenew }
}
