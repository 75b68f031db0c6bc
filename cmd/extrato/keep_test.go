package main

import (
	"bytes"
	"log/slog"
	"strings"
	"syscall"
	"testing"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/closing"
)

func TestA_warning_after_a_command_does_not_say_that_nothing_was_changed(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{backup.NoRoom(syscall.ENOSPC), "done and safe"},
		{backup.ErrUnwritable.WithHint("nothing was changed; check the folder"), "done and safe"},
		{books.Integrityf("studio_corrupt", "it differs").WithHint("see what the system says"), "see what the system says"},
	} {
		var log bytes.Buffer
		warnKept(&closing.Closer{Log: slog.New(slog.NewTextHandler(&log, nil))}, c.err)
		if said := log.String(); strings.Contains(said, "nothing was changed") || !strings.Contains(said, c.want) {
			t.Errorf("%v is told as %s", c.err, said)
		}
	}
}
