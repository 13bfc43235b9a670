package cli

import (
	"bytes"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/bbbatch/bbbatch/internal/manifest"
	"github.com/bbbatch/bbbatch/internal/proc"
)

// notifyLimit is how long a program may take that is told of a batch's end, where
// the manifest does not say.
const notifyLimit = 30 * time.Second

// notifyCommand is the program that a manifest names. It runs in the manifest's
// folder, as the paths in a manifest are relative to it, and gets the environment
// without the key and the secrets.
func notifyCommand(sys Sys, m *manifest.Manifest) proc.Command {
	limit := m.Notify.Timeout
	if limit <= 0 {
		limit = notifyLimit
	}
	hidden := append([]string{apiKey}, m.Secrets...)
	if m.KeySecret != "" { // an entry without a name is one of Windows' own, such as =C:=C:\folder
		hidden = append(hidden, m.KeySecret)
	}
	return proc.Command{Args: m.Notify.Command, Dir: m.Dir, Env: without(sys.environ(), hidden), Limit: limit}
}

// without is an environment without some variables. Windows does not tell upper
// case from lower.
func without(environ, names []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return slices.ContainsFunc(names, func(n string) bool {
			return n == name || runtime.GOOS == "windows" && strings.EqualFold(n, name)
		})
	})
}

// warnNotify says before anything is bought that the program can't be run.
func (a *application) warnNotify() {
	if a.manifest.Notify == nil {
		return
	}
	if err := notifyCommand(a.sys, a.manifest).Check(); err != nil {
		a.show.warn("notify: " + a.manifest.Notify.Command[0] + ": " + err.Error())
	}
}

// What is shown of a program's output at most.
const (
	saidMost = 100  // lines
	saidLong = 2000 // bytes of one
)

// A saidLines shows a program's output line by line, so much of it at most.
type saidLines struct {
	say  func(line string)
	rest []byte
	n    int
}

func (l *saidLines) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		room := saidLong - len(l.rest)
		l.rest = append(l.rest, line[:min(len(line), room)]...)
		if ended {
			l.line()
		}
		rest = after
	}
	return len(p), nil
}

// end shows a last line that has no end.
func (l *saidLines) end() {
	if len(l.rest) > 0 {
		l.line()
	}
}

func (l *saidLines) line() {
	switch l.n++; {
	case l.n <= saidMost:
		l.say(strings.TrimSuffix(string(l.rest), "\r"))
	case l.n == saidMost+1:
		l.say("… what else it says is left out")
	}
	l.rest = l.rest[:0]
}
