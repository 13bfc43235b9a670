package cli_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bbbatch/bbbatch/internal/server"
)

// smallDisk mounts a file system of its own, of so many bytes, and returns how
// to change its options.
func smallDisk(t *testing.T, dir, options string) (remount func(options string)) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	switch err := unix.Mount("tmpfs", dir, "tmpfs", 0, options); {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		t.Skipf("this user may not mount a file system: %v", err)
	case err != nil:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Errorf("%s: %v", dir, err)
		}
	})
	return func(options string) {
		t.Helper()
		flags := uintptr(unix.MS_REMOUNT)
		if options == "ro" {
			flags, options = flags|unix.MS_RDONLY, ""
		}
		if err := unix.Mount("tmpfs", dir, "tmpfs", flags, options); err != nil {
			t.Fatal(err)
		}
	}
}

// A diskTest is a manifest, a server in this process and a state folder that
// apply, another process, works in.
type diskTest struct {
	t      *testing.T
	server *server.Server
	url    string
	file   string // the manifest
	state  string
	out    string // the JSONL report
}

// newDiskTest makes a manifest of tasks whose runs take a while and have results
// of so many bytes.
func newDiskTest(t *testing.T, state string, tasks, bytes int, delay string) *diskTest {
	t.Helper()
	agent, err := server.Script(strings.NewReader(fmt.Sprintf(`[{"result": {"text": %q}, "delay": %q}]`, strings.Repeat("x", bytes), delay)))
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(server.Config{Agent: agent, Concurrency: 100})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s)
	t.Cleanup(func() { h.CloseClientConnections(); h.Close(); _ = s.Close() })
	dir := t.TempDir()
	var m strings.Builder
	m.WriteString("version: 1\nlimits: {requestsPerSecond: 400}\ndefaults: {resultSchema: {type: object, required: [text]}}\ntasks:\n")
	for i := range tasks {
		fmt.Fprintf(&m, "  - {id: t%d, task: do t%d}\n", i, i)
	}
	d := &diskTest{t: t, server: s, url: h.URL, file: filepath.Join(dir, "tasks.yaml"), state: state, out: filepath.Join(dir, "out.jsonl")}
	if err := os.WriteFile(d.file, []byte(m.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return d
}

// command is bbbatch, behind the words of before, if there are any.
func (d *diskTest) command(before []string, args ...string) *exec.Cmd {
	words := append(append([]string{}, before...), append([]string{os.Args[0]}, args...)...)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "BROWSERBASE_API_KEY=any", "BROWSERBASE_BASE_URL="+d.url)
	return cmd
}

// run runs bbbatch to its end and returns what it said and its exit code.
func (d *diskTest) run(before []string, args ...string) (said string, code int) {
	d.t.Helper()
	cmd := d.command(before, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		d.t.Fatal(err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

func (d *diskTest) apply(before ...string) (said string, code int) {
	d.t.Helper()
	return d.run(before, "apply", d.file, "--state", d.state, "-j", "8", "--settle", "0s", "-o", d.out)
}

// outcomes reads what a report says of the tasks, and their run ids.
func (d *diskTest) outcomes() (outcomes map[string]int, runs map[string]bool) {
	d.t.Helper()
	if said, code := d.run(nil, "report", "--state", d.state, "-o", d.out); code != 0 {
		d.t.Fatalf("report: exit code %d: %s", code, said)
	}
	path := d.out
	if _, err := os.Stat(path); err != nil {
		path = strings.TrimSuffix(path, ".jsonl") + ".partial.jsonl"
	}
	text, err := os.ReadFile(path)
	if err != nil {
		d.t.Fatal(err)
	}
	outcomes, runs = map[string]int{}, map[string]bool{}
	for in := json.NewDecoder(bytes.NewReader(text)); in.More(); {
		var r struct {
			Outcome  string
			Attempts []struct{ RunID string }
		}
		if err := in.Decode(&r); err != nil {
			d.t.Fatal(err)
		}
		outcomes[r.Outcome]++
		for _, a := range r.Attempts {
			if a.RunID != "" {
				runs[a.RunID] = true
			}
		}
	}
	return outcomes, runs
}

// boughtOnce checks that every task was bought once.
func (d *diskTest) boughtOnce(tasks int) {
	d.t.Helper()
	stats := d.server.Stats()
	if stats.Creates != tasks {
		d.t.Errorf("%d creates for %d tasks", stats.Creates, tasks)
	}
	for text, n := range stats.ByTask {
		if n != 1 {
			d.t.Errorf("%q was bought %d times", text, n)
		}
	}
}

// engine.md "Stopping": on a full disk nothing new starts, what is in flight
// finishes within what the ballast gives up, the process ends with 70, and the
// next apply buys nothing twice.
func TestTheDiskIsFull(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ tasks, size int }{
		"results in rows":       {45, 200_000},
		"results in side files": {20, 1_200_000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tasks := c.tasks
			disk := filepath.Join(t.TempDir(), "disk")
			remount := smallDisk(t, disk, "size=16m")
			d := newDiskTest(t, filepath.Join(disk, "state"), tasks, c.size, "100ms")
			ballast := filepath.Join(d.state, "ledger.db-ballast")

			said, code := d.apply()
			bought := d.server.Stats().Creates
			if code != 70 || !strings.Contains(said, "the disk is full: nothing new is started") || !strings.Contains(said, "hint: what was bought is safe; make room") {
				t.Errorf("got exit code %d, want 70 and what to do\n%s", code, said)
			}
			if strings.Contains(said, "is used no more") || strings.Contains(said, "panic") {
				t.Error("the ledger broke, although room was kept")
			}
			if bought < 8 || bought == tasks {
				t.Fatalf("%d creates, want some and not all", bought)
			}
			if _, err := os.Stat(ballast); err == nil {
				t.Error("the ballast is still there")
			}
			// Without room for the ballast nothing is begun.
			if said, code := d.apply(); code != 2 || !strings.Contains(said, "the disk is full") || d.server.Stats().Creates != bought {
				t.Errorf("on the full disk: got exit code %d, %d creates, want 2 and %d\n%s", code, d.server.Stats().Creates, bought, said)
			}
			remount("size=200m")
			outcomes, runs := d.outcomes()
			if len(runs) != bought || outcomes["passed"] != bought {
				t.Errorf("%d creates, %d run ids in the ledger, outcomes %v", bought, len(runs), outcomes)
			}
			said, code = d.apply()
			if code != 0 || !strings.Contains(said, "continuing ") || !strings.Contains(said, fmt.Sprintf("ok: %d of %d passed", tasks, tasks)) {
				t.Errorf("with room: exit code %d\n%s", code, said)
			}
			if info, err := os.Stat(ballast); err != nil || info.Size() != 8<<20 {
				t.Errorf("the ballast was not made again: %v", err)
			}
			d.boughtOnce(tasks)
		})
	}
}

// A disk on which not even the ballast's room is enough breaks the ledger: the
// process ends at once, and the next one collects what was bought.
func TestTheDiskIsFullForGood(t *testing.T) {
	t.Parallel()
	const tasks = 16
	disk := filepath.Join(t.TempDir(), "disk")
	remount := smallDisk(t, disk, "size=16m")
	d := newDiskTest(t, filepath.Join(disk, "state"), tasks, 900_000, "1s")
	cmd := d.command(nil, "apply", d.file, "--state", d.state, "-j", "12", "--settle", "0s", "-q", "-o", d.out)
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for d.server.Stats().Creates < 12 {
		time.Sleep(5 * time.Millisecond)
	}
	hog(t, filepath.Join(disk, "hog"))
	// What the ballast gave up is taken by somebody else as well.
	for _, err := os.Stat(filepath.Join(d.state, "ledger.db-ballast")); err == nil; _, err = os.Stat(filepath.Join(d.state, "ledger.db-ballast")) {
		time.Sleep(time.Millisecond)
	}
	hog(t, filepath.Join(disk, "hog"))
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 70 || !strings.Contains(said.String(), "hint: ") {
		t.Errorf("got exit code %d, want 70 and what to do\n%s", code, said.String())
	}
	if err := os.Remove(filepath.Join(disk, "hog")); err != nil {
		t.Fatal(err)
	}
	remount("size=200m")
	if said, code := d.apply(); code != 0 {
		t.Errorf("with room: exit code %d\n%s", code, said)
	}
	d.boughtOnce(tasks)
}

// hog writes to a file until there is no room.
func hog(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatal(err)
	}
	_ = f.Close()
}

// A state folder on a file system that is read-only, with a ledger and without,
// is refused before anything is sent.
func TestTheDiskIsReadOnly(t *testing.T) {
	t.Parallel()
	disk := filepath.Join(t.TempDir(), "disk")
	remount := smallDisk(t, disk, "size=32m")
	d := newDiskTest(t, filepath.Join(disk, "state"), 1, 10, "0s")
	if said, code := d.apply(); code != 0 {
		t.Fatalf("exit code %d\n%s", code, said)
	}
	before := d.server.Stats()
	remount("ro")
	want := regexp.MustCompile(`^bbbatch: the state folder can't be used: .*` + regexp.QuoteMeta(disk) + `.*\nhint: --state DIR puts it elsewhere\n$`)
	for _, state := range []string{d.state, filepath.Join(disk, "new")} {
		d.state = state
		if said, code := d.apply(); code != 2 || !want.MatchString(said) {
			t.Errorf("%s: got exit code %d: %s", state, code, said)
		}
	}
	if after := d.server.Stats(); fmt.Sprint(after.Requests) != fmt.Sprint(before.Requests) {
		t.Errorf("requests: got %v, want %v", after.Requests, before.Requests)
	}
}
