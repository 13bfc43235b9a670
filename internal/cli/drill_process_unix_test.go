//go:build unix

package cli_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/internal/failpoint"
)

// drillLimit is how long a process of the drill may take before it counts as
// one that hangs.
const drillLimit = 4 * time.Minute

// A process is the program at work, as its parent sees it. It is not an
// exec.Cmd, since that does not tell that a process was stopped.
type process struct {
	stderr  string             // path of the file that it writes
	stopped chan struct{}      // told when a signal has stopped it
	done    chan struct{}      // closed when it has ended
	status  syscall.WaitStatus // how; read only after done is closed

	mu    sync.Mutex
	pid   int
	ended bool // its number may be another's now
}

func startProcess(t *testing.T, stderr string, env []string, argv ...string) *process {
	t.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = null.Close() }()
	out, err := os.OpenFile(stderr, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	started, err := os.StartProcess(argv[0], argv, &os.ProcAttr{Env: env, Files: []*os.File{null, null, out}})
	if err != nil {
		t.Fatal(err)
	}
	p := &process{stderr: stderr, stopped: make(chan struct{}, 8), done: make(chan struct{}), pid: started.Pid}
	_ = started.Release() // it is waited for here
	go p.attend()
	t.Cleanup(func() { p.signal(syscall.SIGKILL); <-p.done })
	return p
}

// attend waits for the process until it has ended.
func (p *process) attend() {
	defer close(p.done)
	for {
		var status syscall.WaitStatus
		_, err := syscall.Wait4(p.pid, &status, syscall.WUNTRACED, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err == nil && status.Stopped():
			select {
			case p.stopped <- struct{}{}:
			default:
			}
		default:
			p.mu.Lock()
			p.ended, p.status = true, status
			p.mu.Unlock()
			return
		}
	}
}

func (p *process) signal(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ended {
		_ = syscall.Kill(p.pid, s)
	}
}

// alive reports whether the process has not ended within d.
func (p *process) alive(d time.Duration) bool {
	select {
	case <-p.done:
		return false
	case <-time.After(d):
		return true
	}
}

// wait returns the process's exit code; it is negative for the signal that
// ended it. One that hangs says where and fails the test.
func (p *process) wait(t *testing.T) int {
	t.Helper()
	if p.alive(drillLimit) {
		p.signal(syscall.SIGQUIT)
		p.signal(syscall.SIGCONT)
		if p.alive(10 * time.Second) {
			p.signal(syscall.SIGKILL)
		}
		<-p.done
		t.Fatalf("a process did not end within %s; it said:\n%s", drillLimit, p.said())
	}
	if p.status.Signaled() {
		return -int(p.status.Signal())
	}
	return p.status.ExitStatus()
}

// said is the end of what the process wrote to stderr.
func (p *process) said() string {
	text, _ := os.ReadFile(p.stderr)
	return strings.ToValidUTF8(string(text[max(0, len(text)-4000):]), "")
}

// drilledProgram builds the program with failpoints.
func drilledProgram(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bbbatch")
	args := []string{"build", "-tags", "failpoints", "-o", path}
	if raceDetector {
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", append(args, "../..")...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// drillEnv is the environment of a process of the drill: the tests' own without
// what would change the program, and a failpoint if one is named.
func drillEnv(point string, more ...string) []string {
	env := slices.DeleteFunc(os.Environ(), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return strings.HasPrefix(name, "BBBATCH_") || strings.HasPrefix(name, "BROWSERBASE_") || name == "CI" ||
			name == "SSL_CERT_FILE" // of two, a program would see the first
	})
	if point != "" {
		env = append(env, failpoint.Variable+"="+point)
	}
	return append(env, more...)
}
