//go:build unix

package cli_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A dump of all goroutines, taken while runs are in flight, holds addresses and
// no values; and no child process was started that could be given one.
func TestADumpOfGoroutinesShowsNoSecret(t *testing.T) {
	t.Parallel()
	p := newParrot(t, 0)
	s := newScene(t, p.URL)
	s.manifest("tasks.yaml", map[string]string{"hang": ""}, 1)
	cmd := exec.Command(os.Args[0], "apply", "tasks.yaml")
	cmd.Dir, cmd.Env = s.dir, append(s.env, "GOTRACEBACK=system")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if p.reads() > 0 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if p.reads() == 0 {
		t.Error("no run was looked at within 20 s")
	}
	if lists, _ := filepath.Glob("/proc/" + strconv.Itoa(cmd.Process.Pid) + "/task/*/children"); len(lists) > 0 {
		for _, list := range lists {
			if children, _ := os.ReadFile(list); len(bytes.TrimSpace(children)) > 0 {
				t.Errorf("%s: %s, want none", list, children)
			}
		}
	}
	if err := cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it dies of the signal
	if !strings.Contains(stderr.String(), "SIGQUIT") || !strings.Contains(stderr.String(), "batch.(*") {
		t.Errorf("stderr is no dump: %.500s", stderr.String())
	}
	s.write("stderr", stderr.String())
	s.search(false)
}
