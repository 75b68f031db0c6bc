package figures_test

import (
	"testing"

	"extrato/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }
