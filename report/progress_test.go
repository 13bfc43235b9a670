package report

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/report/terminaltest"
)

// screen is a terminal on which nothing of ours may wrap.
func screen(t *testing.T, width int) *terminaltest.Screen {
	s := terminaltest.New(width, t.Errorf)
	s.Whole = true
	return s
}

var sequences = regexp.MustCompile("\x1b\\[[0-9?;]*[a-zA-Z]")

func intended(position int) batch.Event {
	return batch.Event{Kind: batch.AttemptIntended, Position: position, Attempt: 1, At: time.Now()}
}

func judged(position int, v batch.Verdict) batch.Event {
	return batch.Event{Kind: batch.TaskJudged, Position: position, At: time.Now(), Verdict: &v}
}

func passed(position int) batch.Event { return judged(position, batch.Verdict{Outcome: batch.Passed}) }

func retried(position int, v batch.Verdict) batch.Event {
	return batch.Event{Kind: batch.TaskRetried, Position: position, Attempt: 1, At: time.Now(), Verdict: &v, Retries: 1, Of: 2, After: time.Now().Add(30 * time.Second)}
}

func skipped(position int) batch.Event {
	return batch.Event{Kind: batch.TaskSkipped, Position: position, At: time.Now(), Verdict: &batch.Verdict{Outcome: batch.Skipped, Message: "decided"}}
}

func skus(position int) string { return fmt.Sprint("sku-", position) }

func TestBar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := screen(t, 100)
		p := NewProgress(s, ProgressOptions{Mode: Bar, Width: 100, Total: 1204, Name: skus,
			Started: map[batch.Outcome]int{batch.Passed: 300, batch.Running: 1, batch.Pending: 903}})
		p.Event(intended(0))
		p.Event(intended(1))
		p.Event(intended(2))
		time.Sleep(10 * time.Second)
		p.Event(passed(0))
		p.Event(judged(1, batch.Verdict{Outcome: batch.Invalid, Message: "/price: must be above 0"}))
		time.Sleep(time.Second)
		synctest.Wait()
		if !strings.Contains(s.Text(), "  ~1h22m41s left") { // 902 to go at 2 in 11 seconds
			t.Errorf("got %q, want what is left", s.Text())
		}
		p.Line("draining: %d runs", 2)
		p.Drain()
		synctest.Wait()
		want := "invalid  sku-1  10s  /price: must be above 0\n" +
			"draining: 2 runs\n" +
			" 25% [========>                              ]  302/1,204  301 passed  1 invalid  2 running  11s"
		if diff := cmp.Diff(want, s.Text()); diff != "" {
			t.Error(diff)
		}
		p.Close()
		want = want[:strings.LastIndex(want, "\n")+1]
		if diff := cmp.Diff(want, s.Text()); diff != "" {
			t.Errorf("after Close: %s", diff)
		}
		p.Line("later")
		p.Close()
		if diff := cmp.Diff(want+"later\n", s.Text()); diff != "" {
			t.Errorf("a line after Close: %s", diff)
		}
	})
}

// Nothing wraps at any width, whatever ids and messages say.
func TestBarNeverWraps(t *testing.T) {
	nasty := []string{
		"plain", strings.Repeat("long ", 100), strings.Repeat("漢字", 100), "\x1b[2J\x1b]0;title\a\r\nnext",
		"a\u202eb\u2066c", strings.Repeat("e\u0301\u0302", 2000), strings.Repeat("👩\u200d👩\u200d👧", 40), "\xff\xfe",
	}
	for width := 1; width <= 130; width++ {
		synctest.Test(t, func(t *testing.T) {
			s := screen(t, max(width, 2))
			p := NewProgress(s, ProgressOptions{Mode: Bar, Width: width, Total: 1_000_000, Color: true,
				Name: func(position int) string { return nasty[position%len(nasty)] }})
			for i := range 2 * len(nasty) {
				p.Event(intended(i))
				time.Sleep(time.Second)
				p.Event(judged(i, batch.Verdict{Outcome: batch.Failed, Reason: batch.RunFailed, Message: nasty[(i/2)%len(nasty)]}))
			}
			time.Sleep(time.Second)
			p.Close()
			if got, want := strings.Count(s.Text(), "\n"), 2*len(nasty); got != want {
				t.Errorf("width %d: got %d lines, want %d", width, got, want)
			}
		})
	}
}

func TestBarAtNarrowWidths(t *testing.T) {
	started := map[batch.Outcome]int{batch.Passed: 320, batch.Failed: 8, batch.Invalid: 12, batch.Running: 20}
	for width, want := range map[int]string{
		130: " 34% [============>                          ]  340/1,000  320 passed  12 invalid  8 failed  20 running  1m0s",
		80:  " 34% [==>      ]  340/1,000  320 passed  12 invalid  8 failed  20 running  1m0s",
		60:  "340/1,000  320 passed  12 invalid  8 failed  20 running",
		45:  "340/1,000  320 passed  12 invalid  8 failed",
		40:  "340/1,000  320 passed  12 invalid",
		30:  "340/1,000  320 passed",
		10:  "340/1,000",
		9:   "",
	} {
		synctest.Test(t, func(t *testing.T) {
			s := screen(t, width)
			p := NewProgress(s, ProgressOptions{Mode: Bar, Width: width, Total: 1000, Started: started})
			time.Sleep(time.Minute + 100*time.Millisecond)
			synctest.Wait()
			if got := s.Text(); got != want {
				t.Errorf("width %d: got %q, want %q", width, got, want)
			}
			p.Close()
			if got := s.Text(); got != "" {
				t.Errorf("width %d: after Close: got %q, want nothing", width, got)
			}
		})
	}
}

func TestBarFollowsTheTerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		width := 100
		s := screen(t, 0)
		p := NewProgress(s, ProgressOptions{Mode: Bar, Total: 10, Measure: func() int {
			mu.Lock()
			defer mu.Unlock()
			return width
		}})
		time.Sleep(time.Second + redraw/2) // between two drawings
		wide, mark := columnsOf(s.Text()), len(s.Raw())
		mu.Lock()
		width = 30
		mu.Unlock()
		time.Sleep(2 * time.Second)
		p.Line("x")
		p.Close()
		if wide <= 30 {
			t.Errorf("got %d columns at first, want more than 30", wide)
		}
		for part := range strings.FieldsFuncSeq(sequences.ReplaceAllString(s.Raw()[mark:], ""), func(r rune) bool { return r == '\r' || r == '\n' }) {
			if got := columnsOf(part); got >= 30 {
				t.Errorf("got %q, %d columns, want less than 30", part, got)
			}
		}
	})
}

func TestPlain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := screen(t, 0)
		p := NewProgress(s, ProgressOptions{Mode: Plain, Total: 6, Name: skus})
		p.Event(intended(0))
		p.Event(intended(1))
		p.Event(intended(2))
		time.Sleep(4200 * time.Millisecond)
		p.Event(passed(0))
		// The service's own times count where it gives them.
		p.Event(batch.Event{Kind: batch.AttemptEnded, Position: 1, At: time.Now(),
			Run: &batch.Observed{StartedAt: noon, EndedAt: noon.Add(250 * time.Second)}})
		p.Event(judged(1, batch.Verdict{Outcome: batch.Failed, Reason: batch.TimedOut, Message: "a\nb\x1b[2J"}))
		p.Event(judged(3, batch.Verdict{Outcome: batch.NotStarted}))
		time.Sleep(61 * time.Second)
		p.Event(batch.Event{Kind: batch.BatchHalted, Position: -1, Message: "no quota"})
		p.Event(passed(2))
		p.Close()
		want := `passed  sku-0  4.2s
failed  sku-1  4m10s  timed_out: a b` + "\uFFFD" + `[2J
3 of 6 done, 1 passed, 1 failed, 1 not_started, 1 running, 34s elapsed, about 34s left
3 of 6 done, 1 passed, 1 failed, 1 not_started, 1 running, 1m4s elapsed, about 1m4s left
halted, nothing new starts: no quota
passed  sku-2  1m5s
`
		if diff := cmp.Diff(want, s.Text()); diff != "" {
			t.Error(diff)
		}
	})
}

// A run that did not pass and is followed by another is told, and is no end of
// its task; what runs have cost is told as far as it is known.
func TestRetriesAndCost(t *testing.T) {
	for mode, want := range map[Mode]string{
		Plain: `pending  sku-0  4m10s  retry 1 of 2 in 30s: run_failed: E: gone
skipped  sku-1  decided
passed  sku-2  the result of batch 0123abcd
pending  task 8  pending again: stopped: told to
2 of 6 done, 1 passed, 1 skipped, 1 running, 30s elapsed, $1.53 so far, about 1m0s left
`,
		Bar: `pending  sku-0  4m10s  retry 1 of 2 in 30s: run_failed: E: gone
pending  task 8  pending again: stopped: told to
`,
	} {
		synctest.Test(t, func(t *testing.T) {
			s := screen(t, 0)
			p := NewProgress(s, ProgressOptions{Mode: mode, Total: 6, Cost: 1_500_000, Price: &batch.Price{PerRun: 20_000, PerMinute: 2_000, RoundUp: time.Minute},
				Name: func(position int) string { return map[int]string{0: "sku-0", 1: "sku-1", 2: "sku-2"}[position] }})
			p.Event(intended(0))
			p.Event(batch.Event{Kind: batch.AttemptEnded, Position: 0, At: time.Now(), Run: &batch.Observed{StartedAt: noon, EndedAt: noon.Add(250 * time.Second)}})
			p.Event(retried(0, runFailed))
			p.Event(skipped(1))
			p.Event(batch.Event{Kind: batch.TaskReused, Position: 2, Verdict: &batch.Verdict{Outcome: batch.Passed}, Reuse: &batch.Reuse{Batch: "0123abcd"}})
			p.Event(batch.Event{Kind: batch.TaskRetried, Position: 7, Verdict: &batch.Verdict{Outcome: batch.Failed, Reason: batch.Stopped, Message: "told to"}})
			p.Event(intended(0))
			time.Sleep(30*time.Second + time.Millisecond)
			p.Close()
			if diff := cmp.Diff(want, s.Text()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNoneShowsOnlyLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := screen(t, 0)
		p := NewProgress(s, ProgressOptions{Total: 2})
		p.Event(intended(0))
		p.Event(judged(0, batch.Verdict{Outcome: batch.Failed}))
		time.Sleep(5 * time.Minute)
		p.Line("for people")
		p.Close()
		if got, want := s.Text(), "for people\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// 2,000 messages of 20 goroutines all arrive, whole and once, among events and
// across Close.
func TestNoLineIsLost(t *testing.T) {
	for _, mode := range []Mode{None, Bar, Plain} {
		s := screen(t, 80)
		p := NewProgress(s, ProgressOptions{Mode: mode, Width: 80, Total: 2000, Name: skus})
		var wg sync.WaitGroup
		for worker := range 20 {
			wg.Go(func() {
				for i := range 100 {
					n := worker*100 + i
					p.Event(intended(n))
					p.Line("message %04d of many", n)
					p.Event(passed(n))
					if n == 1050 {
						go p.Close()
					}
				}
			})
		}
		wg.Wait()
		p.Close()
		got := map[string]int{}
		for line := range strings.SplitSeq(s.Text(), "\n") {
			got[line]++
		}
		for n := range 2000 {
			if line := fmt.Sprintf("message %04d of many", n); got[line] != 1 {
				t.Fatalf("mode %v: %q came %d times, want once", mode, line, got[line])
			}
		}
	}
}

// A terminal that has stopped delays nobody, and costs bounded memory.
func TestStoppedTerminal(t *testing.T) {
	s := screen(t, 0)
	s.Paused.Lock()
	p := NewProgress(s, ProgressOptions{Mode: Plain, Total: 1_000_000})
	for i := range 3 * maxTaskLines {
		p.Event(passed(i))
	}
	p.Line("the end")
	s.Paused.Unlock()
	p.Close()
	text := s.Text()
	lines, shown := strings.Count(text, "\n"), strings.Count(text, "passed")
	if shown < maxTaskLines || shown > 2*maxTaskLines+1 || lines <= shown+1 {
		t.Errorf("got %d lines about %d tasks, want the tasks, the last line, and a count of the rest", lines, shown)
	}
	missed := 0
	for _, m := range regexp.MustCompile(`\.\.\. ([0-9,]+) lines not shown`).FindAllStringSubmatch(text, -1) {
		n, _ := strconv.Atoi(strings.ReplaceAll(m[1], ",", ""))
		missed += n
	}
	if !strings.Contains(text, "the end\n") || missed+shown != 3*maxTaskLines {
		t.Errorf("got %q at the end", text[max(0, len(text)-200):])
	}
}

func TestTally(t *testing.T) {
	at := func(k batch.Kind, position int) batch.Event { return batch.Event{Kind: k, Position: position} }
	rejected := judged(5, batch.Verdict{Outcome: batch.Failed, Reason: batch.Rejected})
	for _, test := range []struct {
		name    string
		started map[batch.Outcome]int
		events  []batch.Event
		running int
		done    int
	}{
		{"a run", nil, []batch.Event{intended(0), at(batch.AttemptStarted, 0), at(batch.RunObserved, 0)}, 1, 0},
		{"its end", nil, []batch.Event{intended(0), at(batch.AttemptStarted, 0), at(batch.AttemptEnded, 0), passed(0)}, 0, 1},
		{"sent again", nil, []batch.Event{intended(0), at(batch.AttemptRejected, 0), intended(0)}, 1, 0},
		{"adopted", nil, []batch.Event{intended(0), at(batch.AttemptUnknown, 0), at(batch.AttemptAdopted, 0)}, 1, 0},
		{"surely not created", nil, []batch.Event{intended(0), at(batch.AttemptUnknown, 0), at(batch.AttemptRejected, 0)}, 0, 0},
		{"rejected", nil, []batch.Event{intended(5), at(batch.AttemptRejected, 5), rejected}, 0, 1},
		{"rejected beside another's", map[batch.Outcome]int{batch.Running: 1}, []batch.Event{intended(5), at(batch.AttemptRejected, 5), rejected}, 1, 1},
		{"unknown", nil, []batch.Event{intended(0), at(batch.AttemptUnknown, 0)}, 1, 0},
		{"unknown settled", nil, []batch.Event{intended(0), at(batch.AttemptUnknown, 0), judged(0, batch.Verdict{Outcome: batch.Unknown})}, 0, 1},
		{"unknown found", nil, []batch.Event{intended(0), at(batch.AttemptUnknown, 0), at(batch.AttemptStarted, 0)}, 1, 0},
		{"inherited", map[batch.Outcome]int{batch.Running: 2, batch.Passed: 7}, []batch.Event{at(batch.RunObserved, 3), at(batch.AttemptEnded, 4), passed(4)}, 1, 8},
		{"to be tried again", nil, []batch.Event{intended(0), at(batch.AttemptStarted, 0), at(batch.AttemptEnded, 0), retried(0, runFailed)}, 0, 0},
		{"tried again", nil, []batch.Event{intended(0), retried(0, runFailed), intended(0)}, 1, 0},
		{"tried again, passed", nil, []batch.Event{intended(0), retried(0, runFailed), intended(0), passed(0)}, 0, 1},
		{"rejected, to be tried again", map[batch.Outcome]int{batch.Running: 1}, []batch.Event{intended(5), at(batch.AttemptRejected, 5), retried(5, *rejected.Verdict)}, 1, 0},
		{"inherited, to be tried again", map[batch.Outcome]int{batch.Running: 2}, []batch.Event{retried(4, runFailed)}, 1, 0},
		{"ordered to be tried again", map[batch.Outcome]int{batch.Running: 2, batch.Failed: 1}, []batch.Event{at(batch.TaskRetried, 4)}, 2, 1},
		{"skipped", map[batch.Outcome]int{batch.Running: 1}, []batch.Event{skipped(4)}, 1, 1},
		{"inherited, judged at once", map[batch.Outcome]int{batch.Running: 2}, []batch.Event{passed(4)}, 1, 1},
	} {
		tally := newTally(10, test.started)
		for _, e := range test.events {
			tally.add(e)
		}
		if tally.running() != test.running || tally.finished() != test.done {
			t.Errorf("%s: got %d running, %d done, want %d, %d", test.name, tally.running(), tally.finished(), test.running, test.done)
		}
	}

	tally := newTally(100_000, nil)
	for i := range 100_000 {
		tally.add(intended(i))
		if i%2 == 0 {
			tally.add(at(batch.AttemptUnknown, i))
		} else {
			tally.add(passed(i))
		}
	}
	if len(tally.flight) != 0 || tally.nameless != 50_000 {
		t.Errorf("got %d tasks remembered, %d nameless, want 0, 50,000", len(tally.flight), tally.nameless)
	}
}
