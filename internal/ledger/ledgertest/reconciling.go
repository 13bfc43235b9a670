package ledgertest

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
)

func wantEchoes(t *testing.T, l batch.Ledger, want batch.Echoes) {
	t.Helper()
	got, err := l.Echoes()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func echoes(t *testing.T, open Opener) {
	l := open(t, Tasks(5)...)
	wantEchoes(t, l, batch.Echoes{Text: true, Agent: true, Schema: true, Marker: true}) // nothing was seen
	begin := func(position int, marker string, e *batch.Echo) {
		in, out := intended(position, 1), started(position, 1, string(rune('a'+position)))
		in.Marker, out.Echo = marker, e
		appendAll(t, l, in, out)
	}
	all := batch.Echo{Text: true, Agent: true, Schema: true}
	begin(0, "", &all)
	wantEchoes(t, l, batch.Echoes{Seen: 1, Text: true, Agent: true, Schema: true, Marker: true})
	begin(1, "m", nil) // not compared
	all.Marker = true
	begin(2, "m", &all)
	wantEchoes(t, l, batch.Echoes{Seen: 2, Text: true, Agent: true, Schema: true, Marked: 1, Marker: true})
	if got := row(t, l, 2); got.Marker != "m" || got.Digest != "d" {
		t.Errorf("got marker %q, digest %q, want those of the intent", got.Marker, got.Digest)
	}
	begin(3, "m", &batch.Echo{Text: true, Agent: true})
	wantEchoes(t, l, batch.Echoes{Seen: 3, Text: true, Agent: true, Marked: 2})

	// A request that was refused with its marker and accepted without it.
	marked := intended(4, 1)
	marked.Marker = "m"
	appendAll(t, l, marked, of(batch.AttemptRejected, 4, 1), intended(4, 2))
	wantEchoes(t, l, batch.Echoes{Seen: 3, Text: true, Agent: true, Marked: 2})
	appendAll(t, l, started(4, 2, "e"))
	wantEchoes(t, l, batch.Echoes{Seen: 3, Text: true, Agent: true, Marked: 2, Unmarked: true})
}

func doubts(t *testing.T, open Opener) {
	l := open(t, Tasks(5)...)
	for i := range 5 {
		appendAll(t, l, intended(i, 1))
	}
	appendAll(t, l,
		started(0, 1, "r"),
		of(batch.AttemptUnknown, 1, 1),
		of(batch.AttemptUnknown, 2, 1), judged(2, 1, batch.Unknown),
		of(batch.AttemptUnknown, 3, 1), adopted(3, 1, "s"),
		of(batch.AttemptUnknown, 4, 1), of(batch.AttemptRejected, 4, 1))
	read := func(since time.Time) []batch.Doubt {
		t.Helper()
		var got []batch.Doubt
		for d, err := range l.Doubts(since) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, d)
		}
		return got
	}
	tasks := Tasks(5)
	want := []batch.Doubt{{Text: tasks[1].Spec.Task, Digest: "d"}, {Text: tasks[2].Spec.Task, Digest: "d"}}
	if diff := cmp.Diff(want, read(at(0))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := read(at(2)); len(got) > 0 {
		t.Errorf("after the intents: got %v, want none", got)
	}
	if got := row(t, l, 4); !got.Absent || got.State != batch.StatePending {
		t.Errorf("got %+v, want a pending task whose create surely made no run", got)
	}
	appendAll(t, l, intended(4, 2))
	if got := row(t, l, 4); got.Absent {
		t.Error("the next attempt is absent too")
	}
	if got := row(t, l, 3); got.RunID != "s" || !got.StartedAt.Equal(at(1)) {
		t.Errorf("got run %q since %v, want the adopted one since its intent", got.RunID, got.StartedAt)
	}
	var runs []string
	for _, id := range []string{"r", "s"} {
		if owned, err := l.Owns(id); err == nil && owned {
			runs = append(runs, id)
		}
	}
	if !slices.Equal(runs, []string{"r", "s"}) {
		t.Errorf("got %v owned, want both runs", runs)
	}
}
