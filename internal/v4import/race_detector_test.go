//go:build race

package v4import_test

import "extrato/internal/store/storetest"

func init() { storetest.OnlyConcurrent = true } //nolint:gochecknoinits // before any test opens a database
