package auth_test

import (
	"strings"
	"testing"
	"time"

	"extrato/internal/auth"
)

func TestCheckKey_makes_a_token_and_reads_it_back(t *testing.T) {
	for _, key := range []string{strings.Repeat("k", 32), "chave ✂️ com acentos ãõ e espaços ...", strings.Repeat("x", 4096)} {
		if err := auth.CheckKey(key, time.Now()); err != nil {
			t.Errorf("%.40q: %v", key, err)
		}
	}
}
