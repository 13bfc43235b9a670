//go:build unix

package cli_test

import (
	"slices"
	"syscall"
)

// shortDrill is what every run of the tests does: 300 tasks and 30 blows.
func shortDrill() []phase {
	return []phase{
		{name: "kills", tasks: 120, blows: mix(
			times(3, kill()), times(3, killAtCreate(true)), times(2, killAtCreate(false)), times(1, twice()), times(1, move()),
		)},
		{name: "failpoints", tasks: 100, blows: []blow{
			killAt("before-commit", 1), killAt("after-commit", 1), killAt("before-commit", 3),
			killAt("before-attempt.intended", 9), killAt("after-attempt.intended", 7),
			killAt("after-attempt.unknown", 1), killAt("before-attempt.adopted", 1),
			killAt("before-attempt.started", 5), killAt("after-attempt.adopted", 1), killAt("after-attempt.started", 5),
			killAt("before-task.judged", 9), killAt("after-task.judged", 5), killAt("before-commit", 20), killAt("after-commit", 20),
			killAt("after-attempt.ended", 1),
			killAt("before-batch.closed", 1), killAt("after-batch.closed", 1),
		}},
		{name: "faults", tasks: 80, faults: "429=2@create,500-after=1,lost-create=1,truncate=3@get,dup-pages,retry-after=1s", blows: mix(
			times(1, kill()), times(1, killAtCreate(true)),
			[]blow{freeze("after-attempt.intended", 3), interrupt(syscall.SIGINT), freeze("before-commit", 9), interrupt(syscall.SIGINT, syscall.SIGINT), interrupt(syscall.SIGTERM)},
		)},
	}
}

func longDrill() []phase {
	marked := []string{"plain", "secret", "invalid", "big"}
	return []phase{
		{name: "overtaken", tasks: 40, flags: []string{"-j", "1"}, blows: []blow{overtake(3), overtake(5)}},
		{name: "torn", tasks: 60, kinds: marked, blows: []blow{tear(false, false), tear(true, false)}},
		{name: "torn-looked", tasks: 60, kinds: marked, blows: []blow{tear(false, true), tear(true, true)}},
		{name: "full", tasks: 40, blows: []blow{kill(), full(), full()}},
		{name: "revoked", tasks: 40, blows: []blow{revoke(), kill(), revoke()}},
		{name: "slow", tasks: 10, kinds: []string{"slow"}, blows: []blow{killAt("before-stop.intended", 1), killAt("after-stop.intended", 1)}},
	}
}

func times(n int, b blow) []blow { return slices.Repeat([]blow{b}, n) }

// mix deals the blows out one of each at a time.
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
