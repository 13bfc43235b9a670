//go:build unix

package proc

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// asGroup gives a program a process group of its own, which a cancel kills: what
// it started dies with it. A Ctrl-C at the terminal does not reach it.
func asGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		if errors.Is(err, syscall.ESRCH) {
			return os.ErrProcessDone
		}
		return err
	}
}
