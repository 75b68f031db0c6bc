package places

import (
	"testing"
	"time"
)

// SetHangTimeout limits calls to places until the test ends.
func SetHangTimeout(t *testing.T, d time.Duration) {
	before := hangTimeout
	hangTimeout = d
	t.Cleanup(func() { hangTimeout = before })
}
