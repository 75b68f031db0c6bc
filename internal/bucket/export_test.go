package bucket

import "time"

// SetStall replaces the time after which a request without a moved byte is
// given up.
func SetStall(p Place, d time.Duration) { p.(*s3Place).stall = d }
