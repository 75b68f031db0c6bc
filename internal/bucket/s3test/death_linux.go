package s3test

import (
	"os/exec"
	"syscall"
)

// dieWithParent ends the server with the test, even a killed one.
func dieWithParent(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
