// Package crashtest builds the real program and treats it as the world does:
// it is killed at every step and at any instant, interrupted, and started
// eight times at once, on real databases. It holds nothing but tests.
package crashtest
