//go:build unix

package cli_test

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// A blow is what happens to one process, or two, that carry a batch on. When it
// returns they have ended, and what they left was looked at.
type blow struct {
	name   string
	strike func(*drill)
}

// kill is kill -9, at any moment.
func kill() blow {
	return blow{"kill", func(d *drill) {
		p := d.apply("")
		d.goOn(p)
		p.signal(syscall.SIGKILL)
		d.ends(p, killed)
	}}
}

// killAtCreate is kill -9 when a create has been written whole and its answer
// has not: before the service accepts it, or after.
func killAtCreate(accepted bool) blow {
	name := "kill before a create is accepted"
	if accepted {
		name = "kill after a create was accepted"
	}
	return blow{name, func(d *drill) {
		p := d.apply("")
		d.service.set(&trap{left: d.some(), accepted: accepted, victim: p})
		if p.alive(5 * time.Second) {
			p.signal(syscall.SIGKILL)
		}
		d.service.set(nil)
		d.ends(p, killed)
		time.Sleep(drillWire) // the create arrives whatever became of its sender
	}}
}

// killAt is kill -9 at the n-th pass of a step boundary.
func killAt(point string, n int) blow {
	return blow{fmt.Sprintf("kill %s:%d", point, n), func(d *drill) {
		p := d.apply(fmt.Sprintf("%s:%d", point, n))
		if p.alive(time.Minute) {
			p.signal(syscall.SIGKILL)
			d.t.Errorf("no process came to %s within a minute", point)
		}
		d.ends(p, killed)
		if p.status.Exited() {
			d.t.Errorf("no process came to %s before the batch was done", point)
		}
	}}
}

// revokeAt is kill -9 at a step that follows from a refused key.
func revokeAt(point string) blow {
	return blow{"revoked key, kill " + point, func(d *drill) {
		p := d.apply(point)
		d.goOn(p)
		d.service.revoke(true)
		d.ends(p, killed)
		d.service.revoke(false)
	}}
}

// interrupt sends signals, some time apart.
func interrupt(signals ...syscall.Signal) blow {
	return blow{fmt.Sprintf("signals %v", signals), func(d *drill) {
		p := d.apply("")
		d.goOn(p)
		for i, s := range signals {
			if s == syscall.SIGHUP && signal.Ignored(s) {
				s = syscall.SIGTERM // the tests run under nohup, and so does the program
			}
			if i > 0 {
				p.alive(time.Duration(20+d.dice.IntN(150)) * time.Millisecond)
			}
			p.signal(s)
		}
		d.ends(p, 130)
	}}
}

// freeze stops a process, between an intent and its create or in the middle of
// a write. While it is stopped
// nobody else gets in; then it goes on as if nothing had been.
func freeze(point string, n int) blow {
	return blow{fmt.Sprintf("stop %s:%d", point, n), func(d *drill) {
		p := d.apply(fmt.Sprintf("stop@%s:%d", point, n))
		select {
		case <-p.stopped:
		case <-p.done:
			d.ends(p)
			d.t.Errorf("no process came to %s before the batch was done", point)
			return
		}
		q := d.apply("")
		d.ends(q, 6)
		p.signal(syscall.SIGCONT)
		d.goOn(p)
		p.signal(syscall.SIGKILL)
		d.ends(p, killed)
	}}
}

// overtake stops a process between an intent and its create, takes its lock
// away, lets another carry the batch on, and then the first one too.
func overtake(n int) blow {
	return blow{fmt.Sprintf("overtake at intent %d", n), func(d *drill) {
		p := d.apply(fmt.Sprintf("stop@after-attempt.intended:%d", n))
		select {
		case <-p.stopped:
		case <-p.done:
			d.ends(p)
			d.t.Errorf("no process came to intent %d before the batch was done", n)
			return
		}
		if err := os.Remove(filepath.Join(d.state, "drill.lock")); err != nil {
			d.t.Fatal(err)
		}
		q := d.apply("")
		q.wait(d.t)
		p.signal(syscall.SIGCONT)
		p.wait(d.t)
		d.note("the second ended with %d, the first with %d", q.wait(d.t), p.wait(d.t))
		d.ends(q, append(d.codes, 70, 6)...)
	}}
}

// intrude takes a working process's lock away and starts a second one beside
// it. Whoever finds that a task is not where it was left ends.
func intrude() blow {
	return blow{"a second one without the lock", func(d *drill) {
		p := d.apply("")
		d.goOn(p)
		if todo := d.tasks - d.service.Stats().Creates; todo < 30 {
			p.signal(syscall.SIGKILL)
			d.ends(p, killed)
			return
		}
		_ = os.Remove(filepath.Join(d.state, "drill.lock")) // it may not be there yet
		q := d.apply("")
		select {
		case <-p.done:
		case <-q.done:
		case <-time.After(10 * time.Second):
		}
		d.goOn(q)
		p.signal(syscall.SIGKILL)
		q.signal(syscall.SIGKILL)
		first := p.wait(d.t)
		d.ends(q, 70, 6, killed) // 6 where it sees that its lock was taken
		if first != 70 && first != 6 && first != killed && first != d.code {
			d.t.Errorf("the first process ended with %d, want 70, 6, %d or %d", first, killed, d.code)
		}
	}}
}

// twice starts two processes together.
func twice() blow {
	return blow{"two at once", func(d *drill) {
		if todo := d.tasks - d.service.Stats().Creates; todo < 40 {
			d.note("left out: with %d tasks to go the second might come after the end, and be a batch of its own", todo)
			kill().strike(d)
			return
		}
		p, q := d.apply(""), d.apply("")
		select {
		case <-p.done:
			p, q = q, p
		case <-q.done:
		case <-time.After(time.Minute):
			d.t.Error("two processes work on one batch")
		}
		d.ends(q, 6)
		if d.finished {
			d.t.Fatal("the batch is done already: this blow needs a longer one")
		}
		d.goOn(p)
		p.signal(syscall.SIGKILL)
		d.ends(p, killed)
	}}
}

// revokeKey makes the service refuse the key for a while.
func revokeKey() blow {
	return blow{"revoked key", func(d *drill) {
		p := d.apply("")
		d.goOn(p)
		d.service.revoke(true)
		d.ends(p, 5)
		d.service.revoke(false)
	}}
}

// move gives the state folder another name.
func move() blow {
	return blow{"state folder moved", func(d *drill) {
		moved := d.state + "x"
		if err := os.Rename(d.state, moved); err != nil {
			d.t.Fatal(err)
		}
		d.state = moved
		kill().strike(d)
	}}
}

// full lets a process write no file longer than a little more than they are.
func full() blow {
	return blow{"no room", func(d *drill) {
		if _, err := os.Stat(filepath.Join(d.state, "ledger.db-ballast")); err != nil {
			kill().strike(d) // without the ballast nothing is begun
		}
		longest := int64(0)
		_ = filepath.Walk(d.state, func(path string, info os.FileInfo, err error) error {
			if err == nil && !strings.HasSuffix(path, "-ballast") {
				longest = max(longest, info.Size())
			}
			return nil
		})
		line := append([]string{"/bin/sh", "-c", fmt.Sprintf(`ulimit -f %d; exec "$0" "$@"`, longest/512+200)}, d.applyLine()...)
		d.ends(startProcess(d.t, d.stderr(), d.env(""), line...), 70)
	}}
}

// tear loses the newest commits, as a power cut can on a disk that lies: the
// log is cut short, or a byte of it is wrong. looked says that somebody looks
// at the batch before it goes on.
func tear(flip, looked bool) blow {
	return blow{fmt.Sprintf("torn log (flipped %v, looked at %v)", flip, looked), func(d *drill) {
		// Ended in order: the batch itself is out of the log then.
		interrupt(syscall.SIGTERM).strike(d)
		if d.finished {
			return
		}
		p := d.apply("")
		d.goOn(p)
		p.signal(syscall.SIGKILL)
		d.ends(p, killed)
		if d.finished {
			return
		}
		log := filepath.Join(d.state, "ledger.db-wal")
		text, err := os.ReadFile(log)
		if err != nil || len(text) == 0 {
			d.note("there is no log")
			return
		}
		at := d.dice.IntN(len(text))
		if text[at] ^= 0xff; !flip {
			text = text[:at]
		}
		if err := os.WriteFile(log, text, 0o600); err != nil {
			d.t.Fatal(err)
		}
		d.note("%d of the log's bytes are left", at)
		d.memory = nil // what was acknowledged may be gone
		if looked {
			s := startProcess(d.t, d.stderr(), d.env(""), d.program, "status", "--state", d.state)
			if code := s.wait(d.t); code != 0 {
				d.t.Errorf("status ended with %d:\n%s", code, s.said())
			}
		}
		d.look()
	}}
}

// report writes the reports as somebody does who sees them missing, is killed
// while the file is put in its place, and does it again. Each file is whole or
// not there.
func (d *drill) report() {
	line := []string{d.program, "report", d.path("tasks.yaml"), "--state", d.state, "-o", d.path("again.csv"), "-o", d.path("again.jsonl")}
	for _, point := range []string{"before-rename:1", "after-rename:1", "before-rename:2", ""} {
		p := startProcess(d.t, d.stderr(), d.env(point), line...)
		want := killed
		if point == "" {
			want = 0
		}
		if code := p.wait(d.t); code != want {
			d.t.Errorf("report, %s: ended with %d, want %d:\n%s", point, code, want, p.said())
		}
		if text, err := os.ReadFile(d.path("again.jsonl")); err == nil && strings.Count(string(text), "\n") != d.tasks {
			d.t.Errorf("report, %s: a file of %d lines, want %d", point, strings.Count(string(text), "\n"), d.tasks)
		}
	}
	for _, ext := range []string{".csv", ".jsonl"} {
		again, err := os.ReadFile(d.path("again" + ext))
		if err != nil {
			d.t.Fatal(err)
		}
		// A process that was killed after the batch was done wrote none.
		if live, err := os.ReadFile(d.path("out" + ext)); err == nil && string(live) != string(again) {
			d.t.Errorf("out%s as it was written live and again are not the same", ext)
		}
	}
}
