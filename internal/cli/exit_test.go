package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
)

// cli.md, "Exit codes": of those that can occur, the first of 70, 130, 6, 2, 5,
// 4, 1, 3 wins.
func TestTheWorstExitCodeWins(t *testing.T) {
	order := []int{70, 130, 6, 2, 5, 4, 1, 3, 0}
	for i, a := range order {
		for _, b := range order[i:] {
			if got := worst(a, b); got != a {
				t.Errorf("worst(%d, %d) = %d, want %d", a, b, got, a)
			}
			if got := worst(b, a); got != a {
				t.Errorf("worst(%d, %d) = %d, want %d", b, a, got, a)
			}
		}
	}
}

// The README's table of exit codes and the help of apply say the same.
func TestTheReadmeHasTheExitCodesOfTheHelp(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "\n## Exit codes\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var got []string
	for _, row := range regexp.MustCompile(`(?m)^\| (\d+) \| (.*) \|$`).FindAllStringSubmatch(section, -1) {
		got = append(got, row[1]+" "+row[2])
	}
	var want []string
	for _, line := range strings.Split(exitCodes, "\n")[1:] {
		words := strings.Join(strings.Fields(line), " ")
		if line[2] == ' ' { // it goes on from the line above
			want[len(want)-1] += " " + words
		} else {
			want = append(want, words)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got) < 8 {
		t.Errorf("README.md differs from the help (-help +README):\n%s", diff)
	}
}

func TestCountsHaveAnExitCode(t *testing.T) {
	type counts = map[batch.Outcome]int
	half, err := batch.ParseShare("50%")
	if err != nil {
		t.Fatal(err)
	}
	three, err := batch.ParseShare("3")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		accept  *batch.Share
		counts  counts
		excused counts
		want    int
	}{
		{nil, counts{batch.Passed: 1}, nil, 0},
		{nil, counts{batch.Passed: 1, batch.Skipped: 1}, nil, 0},
		{nil, counts{batch.Passed: 1, batch.Invalid: 1}, nil, 3},
		{nil, counts{batch.Invalid: 1, batch.Failed: 1}, nil, 1},
		{nil, counts{batch.Invalid: 1, batch.Unknown: 1}, nil, 1},
		{nil, counts{batch.Passed: 1, batch.Failed: 1}, counts{batch.Failed: 1}, 0},
		{nil, counts{batch.Invalid: 1, batch.Failed: 1}, counts{batch.Failed: 1}, 3},
		{nil, counts{batch.Invalid: 1, batch.Failed: 2}, counts{batch.Failed: 1}, 1},
		{nil, counts{batch.Invalid: 1, batch.Unknown: 1}, counts{batch.Invalid: 1}, 1},
		{&half, counts{batch.Passed: 2, batch.Failed: 1, batch.Unknown: 1}, nil, 0},
		{&half, counts{batch.Passed: 1, batch.Failed: 1, batch.Invalid: 1}, nil, 1},
		{&half, counts{batch.Passed: 1, batch.Failed: 1, batch.Invalid: 1}, counts{batch.Failed: 1}, 0},
		{&half, counts{batch.Passed: 1, batch.Invalid: 2}, nil, 3},
		{&three, counts{batch.Passed: 2}, nil, 1},
		{&three, counts{batch.Passed: 1, batch.Failed: 1}, counts{batch.Failed: 1}, 1},
		{nil, counts{batch.Passed: 1, batch.NotStarted: 1}, nil, 1},
	} {
		s := batch.Summary{Counts: c.counts, Excused: c.excused}
		s.Info.ClosedAt, s.Info.Policy.Accept = time.Unix(1, 0), c.accept
		for _, n := range c.counts {
			s.Info.Total += n
		}
		if got := codeOfSummary(s); got != c.want {
			t.Errorf("accept %v, %v without %v: exit code %d, want %d", c.accept, c.counts, c.excused, got, c.want)
		}
	}
	// What is still to come does not decide.
	s := batch.Summary{Info: batch.Info{Total: 2}, Counts: counts{batch.Passed: 1, batch.Running: 1}}
	if got := codeOfSummary(s); got != 0 {
		t.Errorf("unfinished: exit code %d, want 0", got)
	}
}

// A ledger that could not be closed well is told, and outweighs how the tasks
// ended.
func TestAnErrorOfClosingOutweighsTheOutcome(t *testing.T) {
	broken := errors.New("disk full")
	for name, before := range map[string]error{
		"none": nil, "told": &failure{exitFailed, errTold, ""}, "interrupted": &failure{exitInterrupted, errTold, ""},
		"usage": usage(errors.New("no such file"), "look"), "engine": fmt.Errorf("x: %w", batch.ErrInterrupted),
	} {
		err := also(before, broken)
		if got := codeOf(err); got != exitInternal {
			t.Errorf("after %s: exit code %d, want %d", name, got, exitInternal)
		}
		var stderr bytes.Buffer
		complain(&stderr, err)
		if !strings.Contains(stderr.String(), "disk full") {
			t.Errorf("after %s: stderr %q, want the error of closing", name, stderr.String())
		}
		if also(before, nil) != before {
			t.Errorf("after %s: changed by nothing", name)
		}
	}
}

func TestAPanicIsAnInternalError(t *testing.T) {
	var stdout, stderr bytes.Buffer
	sys := Sys{Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Getenv: func(string) string { panic("no environment") }}
	sys.Stdin = strings.NewReader("version: 1\nsecrets: [TOKEN]\ntasks:\n  - id: a\n    task: log in\n    variables: {t: '${{ secrets.TOKEN }}'}\n")
	if code := Main([]string{"check", "-"}, sys); code != exitInternal {
		t.Errorf("exit code %d, want %d: %s", code, exitInternal, stderr.String())
	}
	if !strings.Contains(stderr.String(), "no environment") {
		t.Errorf("stderr %q, want the panic", stderr.String())
	}
}

// cli.md, "Streams": a broken pipe ends quietly.
func TestABrokenPipeEndsQuietly(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"schema", "manifest"}, {"check", "-"}} {
		var stderr bytes.Buffer
		sys := Sys{Stdin: strings.NewReader("version: 1\ntasks: [{id: a, task: do a}]\n"), Stdout: closedPipe{}, Stderr: &stderr, Getenv: func(string) string { return "" }}
		if code := Main(args, sys); code != exitOK || stderr.Len() > 0 {
			t.Errorf("%v: exit code %d, stderr %q, want 0 and nothing", args, code, stderr.String())
		}
	}
}

type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}
}

func TestErrorsLeadToTheirExitCodes(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{batch.ErrInterrupted, 130},
		{fmt.Errorf("later: %w", batch.ErrInterrupted), 130},
		{&batch.RefusedError{Status: 401}, 5},
		{&batch.UnreachableError{Err: errors.New("x")}, 5},
		{&batch.ChangedError{}, 2},
		{&batch.HaltedError{}, 4},
		{usage(errors.New("x"), ""), 2},
		{&failure{code: exitHeld, err: errors.New("x")}, 6},
		{errors.New("a broken ledger"), 70},
	} {
		if got := codeOf(c.err); got != c.want {
			t.Errorf("%v: got %d, want %d", c.err, got, c.want)
		}
	}
}

func TestTheCommandThatContinues(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"apply", "tasks.yaml", "-j", "20"}, "bbbatch apply tasks.yaml -j 20"},
		{[]string{"apply", "--new", "my tasks.yaml", "--new=true"}, "bbbatch apply 'my tasks.yaml'"},
		{[]string{"apply", "it's.yaml", ""}, `bbbatch apply 'it'\''s.yaml' ''`},
	} {
		if got := again(c.args); got != c.want {
			t.Errorf("again(%q): got %s, want %s", c.args, got, c.want)
		}
	}
}

// What is expected of a batch as a whole counts also where enough tasks passed,
// and less than a run that failed.
func TestTheCodeOfASummary(t *testing.T) {
	whole := []batch.WholeVerdict{{Holds: true}, {Holds: false}}
	closed := time.Unix(1, 0)
	for _, c := range []struct {
		name string
		sum  batch.Summary
		want int
	}{
		{"all passed", batch.Summary{Info: batch.Info{Total: 1, ClosedAt: closed}, Counts: map[batch.Outcome]int{batch.Passed: 1}}, 0},
		{"and the batch is not as expected", batch.Summary{Info: batch.Info{Total: 1, ClosedAt: closed}, Counts: map[batch.Outcome]int{batch.Passed: 1}, Whole: whole}, 3},
		{"and it is", batch.Summary{Info: batch.Info{Total: 1, ClosedAt: closed}, Counts: map[batch.Outcome]int{batch.Passed: 1}, Whole: whole[:1]}, 0},
		{"one is wrong", batch.Summary{Info: batch.Info{Total: 1, ClosedAt: closed}, Counts: map[batch.Outcome]int{batch.Wrong: 1}}, 3},
		{"one is wrong and excused", batch.Summary{Info: batch.Info{Total: 1, ClosedAt: closed}, Counts: map[batch.Outcome]int{batch.Wrong: 1}, Excused: map[batch.Outcome]int{batch.Wrong: 1}}, 0},
		{"one failed", batch.Summary{Info: batch.Info{Total: 2, ClosedAt: closed}, Counts: map[batch.Outcome]int{batch.Failed: 1, batch.Wrong: 1}, Whole: whole}, 1},
		{"one is skipped", batch.Summary{Info: batch.Info{Total: 2, ClosedAt: closed}, Counts: map[batch.Outcome]int{batch.Passed: 1, batch.Skipped: 1}}, 0},
	} {
		if got := codeOfSummary(c.sum); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

// Of the other ends nobody is told.
func TestTheWordsOfNotifications(t *testing.T) {
	want := map[int]string{
		exitOK: "done", exitFailed: "failure", exitInvalid: "failure", exitStopped: "budget", exitService: "refused",
		exitUsage: "", exitHeld: "", exitInternal: "", exitInterrupted: "",
	}
	for code, word := range want {
		if got := notifyWord(code); got != word {
			t.Errorf("%d: got %q, want %q", code, got, word)
		}
	}
}
