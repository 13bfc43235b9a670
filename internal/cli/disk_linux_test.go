package cli_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// smallDisk mounts a file system of its own, of so many bytes, and returns how
// to change its options.
func smallDisk(t *testing.T, dir, options string) (remount func(options string)) {
	t.Helper()
	notWithRace(t)
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

// engine.md "Stopping": on a full disk nothing new starts, what is in flight
// finishes within what the ballast gives up, the process ends with 70, and the
// next apply buys nothing twice.
func TestTheDiskIsFull(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ tasks, size, concurrency int }{
		"results in rows":       {60, 200_000, 8},
		"results in side files": {20, 1_200_000, 3}, // twice as many may be in flight or being judged
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tasks := c.tasks
			disk := filepath.Join(t.TempDir(), "disk")
			remount := smallDisk(t, disk, "size=16m")
			d := newDiskTest(t, filepath.Join(disk, "state"), tasks, c.size, "100ms")
			d.concurrency = c.concurrency
			ballast := filepath.Join(d.state, "ledger.db-ballast")

			said, code := d.apply()
			bought := d.server.Stats().Creates
			if code != 70 || !strings.Contains(said, "the disk is full: nothing new is started") || !strings.Contains(said, "hint: what was bought is safe; make room") {
				t.Errorf("got exit code %d, want 70 and what to do\n%s", code, said)
			}
			if strings.Contains(said, "is used no more") || strings.Contains(said, "panic") {
				t.Error("the ledger broke, although room was kept")
			}
			if bought == 0 || bought == tasks {
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

// Where not even the ballast's room is enough the process ends at once, and the
// next one collects what was bought.
func TestTheDiskIsFullForGood(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"results in rows": 900_000, "results in side files": 1_200_000} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const tasks = 16
			disk := filepath.Join(t.TempDir(), "disk")
			remount := smallDisk(t, disk, "size=16m")
			d := newDiskTest(t, filepath.Join(disk, "state"), tasks, size, "1s")
			cmd := d.command(nil, "apply", d.file, "--state", d.state, "-j", "12", "--settle", "0s", "-q", "-o", d.out)
			var said bytes.Buffer
			cmd.Stderr = &said
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan struct{})
			go func() { _ = cmd.Wait(); close(ended) }()
			for d.server.Stats().Creates < 12 {
				time.Sleep(5 * time.Millisecond)
			}
			hog(t, filepath.Join(disk, "hog"))
			for left := false; !left; { // what the ballast gives up is taken by somebody else
				_, err := os.Stat(filepath.Join(d.state, "ledger.db-ballast"))
				left = err != nil
			}
			hog(t, filepath.Join(disk, "hog"))
			<-ended
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
		})
	}
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
	want := regexp.MustCompile(`^bbbatch: the state folder can't be used: .*` + regexp.QuoteMeta(disk) + `.*\nhint: --state DIR puts it elsewhere, where nothing is known of what was bought here\n$`)
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

// A flush that the disk refuses is the end: nothing is flushed again as if it
// had not been, nothing is created after it, and the next apply finds what was
// bought. The disk is a file on another one, which fills up unseen.
func TestTheDiskCannotFlush(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"mkfs.ext4", "e2fsck", "mount", "findmnt"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("a disk that refuses to flush needs %s", tool)
		}
	}
	const tasks = 80
	below, disk := filepath.Join(t.TempDir(), "below"), filepath.Join(t.TempDir(), "disk")
	widen := smallDisk(t, below, "size=17m")
	image := filepath.Join(below, "image")
	if err := errors.Join(os.Mkdir(disk, 0o700), os.WriteFile(image, nil, 0o600), os.Truncate(image, 64<<20)); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mkfs.ext4", "-q", "-b", "4096", "-J", "size=4", "-m", "0", image).CombinedOutput(); err != nil {
		t.Fatalf("mkfs.ext4: %v: %s", err, out)
	}
	mount := func() {
		if out, err := exec.Command("mount", "-o", "loop", image, disk).CombinedOutput(); err != nil {
			t.Skipf("no file can be mounted as a disk here: %v: %s", err, out)
		}
		// Linux takes a request to such a disk that was written in part for one
		// that was written. One page is written or not.
		device, err := exec.Command("findmnt", "-n", "-o", "SOURCE", disk).Output()
		if err == nil {
			err = os.WriteFile(filepath.Join("/sys/block", filepath.Base(strings.TrimSpace(string(device))), "queue/max_sectors_kb"), []byte("4"), 0)
		}
		if err != nil {
			t.Skipf("a disk that tells of every failure can't be made here: %v", err)
		}
	}
	unmount := func() {
		if err := unix.Unmount(disk, 0); err != nil {
			t.Fatal(err)
		}
	}
	mount()
	t.Cleanup(func() { _ = unix.Unmount(disk, unix.MNT_DETACH) })
	d := newDiskTest(t, filepath.Join(disk, "state"), tasks, 200_000, "100ms")
	said, code := d.apply()
	bought := d.server.Stats().Creates
	if code != 70 || !strings.Contains(said, "is used no more: disk I/O error") || !strings.Contains(said, "\nhint: what was acknowledged is safe") {
		t.Errorf("got exit code %d, want 70, why, and what to do\n%s", code, said)
	}
	if bought == 0 || bought == tasks {
		t.Fatalf("%d creates, want some and not all", bought)
	}
	passed := strings.Count(said, "passed  t")
	unmount() // what was never flushed is gone
	widen("size=200m")
	if out, err := exec.Command("e2fsck", "-fy", image).CombinedOutput(); err != nil && !strings.Contains(string(out), "FILE SYSTEM WAS MODIFIED") {
		t.Fatalf("e2fsck: %v: %s", err, out)
	}
	mount()
	outcomes, _ := d.outcomes()
	if outcomes["passed"] < passed {
		t.Errorf("%d results were acknowledged, and there are %v", passed, outcomes)
	}
	if said, code := d.apply(); code != 0 {
		t.Errorf("with room: exit code %d\n%s", code, said)
	}
	d.boughtOnce(tasks)
}
