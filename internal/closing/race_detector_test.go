//go:build race

package closing_test

import "extrato/internal/store/storetest"

func init() { storetest.OnlyConcurrent = true } //nolint:gochecknoinits // before any test opens a database
