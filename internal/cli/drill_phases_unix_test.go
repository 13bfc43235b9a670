//go:build unix

package cli_test

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
)

// markedKinds all carry a marker; a ledger that lost an intent finds their runs.
var markedKinds = []string{"plain", "secret", "invalid", "plain"}

// The kinds of phases in which a task may have more than one run.
var (
	flakyKinds  = []string{"flaky", "plain", "flaky", "secret"}
	steadyKinds = []string{"steady", "steady", "plain"}
)

// slowly is for batches that must not come to their end while something begins.
const slowly = "{requestsPerSecond: 60}"

// shortDrill is what every run of the tests does: about 400 tasks and 40 blows.
func shortDrill() []phase {
	return []phase{
		{name: "kills", tasks: 100, blows: mix(
			times(3, kill()), times(2, killAtCreate(true)), times(2, killAtCreate(false)),
			[]blow{twice(), move()},
		)},
		{name: "failpoints", tasks: 90, blows: []blow{
			killAt("before-commit", 1), killAt("after-commit", 1), killAt("before-commit", 3),
			killAt("before-attempt.intended", 9), killAt("after-attempt.intended", 7),
			killAt("after-attempt.unknown", 1), killAt("before-attempt.adopted", 1), killAt("after-attempt.adopted", 1),
			killAt("before-attempt.started", 5), killAt("after-attempt.started", 5),
			killAt("before-task.judged", 9), killAt("after-task.judged", 5), killAt("before-commit", 20), killAt("after-commit", 20),
			killAt("after-attempt.ended", 1),
			killAt("before-batch.closed", 1), killAt("after-batch.closed", 1),
		}},
		{
			name: "faults", tasks: 90, faults: "429=2@create,500-after=5%,lost-create=8%,truncate=3@get,dup-pages,retry-after=1s",
			blows: []blow{
				kill(), freeze("after-attempt.intended", 3), killAtCreate(true), interrupt(syscall.SIGINT), revokeKey(), freeze("before-commit", 9),
				interrupt(syscall.SIGINT, syscall.SIGINT), full(), interrupt(syscall.SIGTERM), interrupt(syscall.SIGHUP),
			},
		},
		{name: "torn", tasks: 30, kinds: markedKinds, blows: []blow{tear(false, false), tear(false, true)}},
		{name: "overtaken", tasks: 16, flags: []string{"-j", "1"}, blows: []blow{overtake(3)}},
		{name: "retries", tasks: 40, kinds: flakyKinds, again: true, blows: []blow{
			kill(), killAt("before-task.retried", 2), killAt("after-task.retried", 2), killAtCreate(true), interrupt(syscall.SIGTERM),
		}},
		{name: "ordered stops", tasks: 40, kinds: steadyKinds, again: true, flags: []string{"--on-interrupt", "stop"}, blows: []blow{
			interrupt(syscall.SIGINT), kill(), interrupt(syscall.SIGTERM), killAtCreate(true),
		}},
		{name: "no lock", tasks: 60, limits: slowly, blows: times(2, intrude())},
	}
}

// longDrill is every fault alone and mixed, every failpoint, and many kills.
func longDrill() []phase {
	phases := []phase{
		{name: "kills", tasks: 700, blows: times(30, kill())},
		{name: "creates", tasks: 300, blows: mix(times(12, killAtCreate(true)), times(12, killAtCreate(false)))},
		{name: "pages", tasks: 1100, limits: "{requestsPerSecond: 1000}", faults: "dup-pages", blows: mix(times(8, kill()), times(4, killAtCreate(true)))},
		{name: "bare", tasks: 100, kinds: []string{"bare"}, blows: mix(times(4, kill()), times(4, killAtCreate(true)), times(4, killAtCreate(false)))},
		{name: "two at once", tasks: 400, blows: times(12, twice())},
		{name: "signals", tasks: 150, blows: mix(
			times(3, interrupt(syscall.SIGINT)), times(3, interrupt(syscall.SIGINT, syscall.SIGINT)), times(3, interrupt(syscall.SIGTERM)),
			times(3, interrupt(syscall.SIGHUP)), times(2, interrupt(syscall.SIGINT, syscall.SIGTERM)),
		)},
		{name: "stopped", tasks: 150, blows: mix(times(4, freeze("after-attempt.intended", 4)), times(3, freeze("before-commit", 12)), times(3, freeze("after-commit", 7)))},
		{name: "overtaken", tasks: 60, flags: []string{"-j", "1"}, blows: []blow{kill(), kill(), overtake(3)}}, // the other one finishes the batch
		{name: "retries", tasks: 200, kinds: flakyKinds, again: true, faults: "429=3%,lost-create=3%", blows: mix(
			times(6, kill()), times(3, killAtCreate(true)), times(2, interrupt(syscall.SIGTERM)),
			[]blow{killAt("before-task.retried", 2), killAt("after-task.retried", 2), killAt("before-task.retried", 5), killAt("after-task.retried", 1)},
		)},
		{name: "ordered stops", tasks: 160, kinds: steadyKinds, again: true, flags: []string{"--on-interrupt", "stop"}, faults: "lost-create=2%", blows: mix(
			times(4, interrupt(syscall.SIGINT)), times(4, interrupt(syscall.SIGTERM)), times(4, kill()), times(2, killAtCreate(true)),
		)},
		{name: "no lock", tasks: 200, limits: slowly, blows: mix(times(4, intrude()), times(3, kill()))},
		{name: "torn", tasks: 120, kinds: markedKinds, blows: mix(times(2, tear(false, false)), times(2, tear(true, false)), times(2, tear(false, true)), times(2, tear(true, true)))},
		{name: "no room", tasks: 100, blows: mix(times(3, full()), times(3, kill()))},
		{name: "revoked", tasks: 80, blows: mix(times(3, revokeKey()), times(2, kill()))},
		{name: "moved", tasks: 80, blows: mix(times(4, kill()), times(4, move()))},
		{name: "deadlines", tasks: 12, kinds: []string{"slow"}, blows: []blow{
			kill(), killAt("before-stop.intended", 1), killAt("after-stop.intended", 1), killAt("before-stop.intended", 3),
		}},
		{name: "hostile results", tasks: 12, kinds: []string{"deep", "number", "odd", "traverse", "huge", "plain"}, blows: times(4, kill())},
		{name: "failpoints", tasks: 330, faults: "429=8%@create", blows: everyFailpoint()},
	}
	for name, faults := range map[string]string{
		"429":                  "429=2..6",
		"429 retry-after":      "429=2..6,retry-after=1s",
		"429 retry-after date": "429=2..6@create,retry-after=1s,retry-after-date",
		"500 before":           "500=3..4@create",
		"503 before":           "503=3..4@create",
		"html502":              "html502=3..4@create",
		"reset before":         "reset=3..4@create",
		"redirect":             "redirect=3..4",
		"hang before":          "hang=3@create",
		"500 after":            "500-after=3..5",
		"503 after":            "503-after=3..5",
		"lost answers":         "lost-create=6%",
		"reset after":          "reset-after=3..5",
		"hang after":           "hang-after=3",
		"truncated reads":      "truncate=10%@get,truncate=3@list",
		"stalled create":       "stall=3..3@create",
		"stalled read":         "stall=5..5@get",
		"endless answers":      "endless=3..3@create,endless=4@get",
		"short answers":        "short=3..4@create,short=5..8@get",
		"gzip":                 "gzip=3..4@create,gzip=5..8@get",
		"nul":                  "nul=3..4@create,nul=5..8@get",
		"headers":              "headers=3..4@create",
		"failing reads":        "500=10%@get,reset=5%@get",
		"failing lists":        "500=3..4@list,lost-create=2",
		"clock ahead":          "skew=10m,lost-create=5%",
		"clock behind":         "skew=-10m,lost-create=5%",
		"lag":                  "list-lag=400ms,lost-create=5%",
	} {
		phases = append(phases, phase{name: "fault " + name, tasks: 36, faults: faults, blows: faultBlows()})
	}
	phases = append(phases,
		phase{name: "fault hang to the end", tasks: 12, faults: "hang=2@create,hang-after=1@create,stall=4@get"},
		phase{name: "fault 400", tasks: 36, kinds: markedKinds, faults: "bad-status=3..3", blows: faultBlows()},
		phase{name: "fault h2 reset", tasks: 36, http2: true, faults: "lost-create=3..5", blows: faultBlows()},
		phase{name: "mixed h2", tasks: 60, http2: true, faults: "429=3%,lost-create=4%,500=2%@get,truncate=2%@get", blows: faultBlows()},
		// An answer that is cut short and has its run's id repeats less than was sent.
		phase{name: "fault truncated creates", tasks: 36, faults: "truncate=3..5@create", unknown: true, blows: faultBlows()},
		// What the service no longer repeats can't be known again.
		phase{name: "fault no comment", tasks: 36, faults: "drop-comment,lost-create=5%", unknown: true, blows: faultBlows()},
		phase{name: "fault no schema", tasks: 36, faults: "drop-schema,lost-create=5%", unknown: true, blows: faultBlows()},
		phase{name: "fault other words", tasks: 36, faults: "rewrite-task,lost-create=5%", unknown: true, blows: faultBlows()},
		phase{name: "fault all forgotten", tasks: 36, faults: "rewrite-task,drop-schema,lost-create=5%", unknown: true, blows: faultBlows()},
		phase{name: "fault endless pages", tasks: 36, faults: "endless-pages,lost-create=5%", unknown: true, blows: faultBlows()},
		// Later than the settle time: nothing can be promised then, but to tell.
		phase{name: "lag beyond settling", tasks: 36, faults: "list-lag=4s,lost-create=10%", late: true, unknown: true, blows: faultBlows()},
	)
	for i := range 3 {
		phases = append(phases, phase{
			name: fmt.Sprintf("mixed %d", i), tasks: 100, codes: []int{5}, // ten creates in a row may go without an answer
			faults: "429=2%,500=1%,500-after=1%,lost-create=2%,truncate=2%@get,reset=1%,reset-after=1%,html502=1%,dup-pages,skew=10m,list-lag=200ms,short=1%@get,gzip=1%@get",
			blows: mix(times(4, kill()), times(3, killAtCreate(true)), times(2, killAtCreate(false)),
				[]blow{interrupt(syscall.SIGTERM), interrupt(syscall.SIGINT), freeze("after-attempt.intended", 2), move()}),
		})
	}
	slices.SortStableFunc(phases, func(a, b phase) int { return strings.Compare(a.name, b.name) })
	return phases
}

// faultBlows are few, so that the fault is met with and without them.
func faultBlows() []blow {
	return []blow{kill(), killAtCreate(true), interrupt(syscall.SIGTERM), killAtCreate(false)}
}

// everyFailpoint is a kill at each side of every step that one batch can be
// made to take, after what leads there.
func everyFailpoint() []blow {
	var all []blow
	for n := range 6 {
		all = append(all, killAt("before-commit", n+1), killAt("after-commit", n+1))
		if n == 2 { // the batch is open; the agent's schema is read once
			all = append(all, killAt("before-agent.read", 1), killAt("after-agent.read", 1))
		}
	}
	for _, kind := range []string{
		"attempt.intended", "attempt.started", "attempt.rejected", "run.observed", "attempt.ended", "task.judged",
	} {
		for _, n := range []int{1, 4} {
			if kind == "attempt.rejected" || kind == "attempt.ended" {
				n = 1 // they are rare
			}
			all = append(all, killAt("before-"+kind, n), killAt("after-"+kind, n))
		}
	}
	for _, kind := range []string{"attempt.unknown", "attempt.adopted"} {
		for _, side := range []string{"before-", "after-"} {
			all = append(all, killAtCreate(true), killAt(side+kind, 1))
		}
	}
	all = append(all, revokeAt("before-batch.halted"), revokeAt("after-batch.halted"))
	return append(all, killAt("before-batch.closed", 1), killAt("after-batch.closed", 1))
}

func times(n int, b blow) []blow { return slices.Repeat([]blow{b}, n) }

// mix deals blows out, one of each hand at a time.
func mix(hands ...[]blow) []blow {
	var all []blow
	for i := 0; ; i++ {
		dealt := false
		for _, h := range hands {
			if i < len(h) {
				all = append(all, h[i])
				dealt = true
			}
		}
		if !dealt {
			return all
		}
	}
}
