package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
)

// sweeper is a shell. It deletes a folder on request, or when this process has
// ended: a panic, go test's time limit and kill -9 run no code of ours, but
// they all close the shell's input.
type sweeper struct {
	shell *exec.Cmd
	pipe  io.Closer
}

// A signal to the whole process group must not take the sweeper as well. It
// tries more than once, since the server may still be writing when it begins.
const sweeping = `trap '' HUP INT QUIT TERM; read -r _
for i in 1 2 3 4 5 6 7 8 9 10; do rm -rf "$1" && exit 0; sleep 1; done; exit 1`

func startSweeper(dir string) (*sweeper, error) {
	shell := exec.CommandContext(context.Background(), "sh", "-c", sweeping, "sh", dir)
	pipe, err := shell.StdinPipe()
	if err != nil {
		return nil, err
	}
	return &sweeper{shell, pipe}, shell.Start()
}

// sweep returns when the folder is gone.
func (s *sweeper) sweep() error {
	if err := errors.Join(s.pipe.Close(), s.shell.Wait()); err != nil {
		return fmt.Errorf("delete the folder of a private PostgreSQL: %w", err)
	}
	return nil
}
