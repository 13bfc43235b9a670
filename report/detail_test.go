package report

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// The service's clock is known to the second: only a difference that is surely
// one is told, and once, also for an attempt that was sent again after a 429.
func TestTheClockIsToldWhenItDiffers(t *testing.T) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for offset, want := range map[time.Duration]string{
		0: "", 800 * time.Millisecond: "", -1999 * time.Millisecond: "",
		2 * time.Second: "about 2s", -95400 * time.Millisecond: "about -1m35s",
	} {
		intended := batch.Event{Kind: batch.AttemptIntended, Attempt: 1, At: at, Offset: offset}
		d := Detail{
			Record: batch.Record{ID: "a", Attempts: []batch.Attempt{{Number: 1, IntendedAt: at}}},
			Events: []batch.Event{intended, {Kind: batch.AttemptRejected, Attempt: 1, At: at}, intended},
		}
		var out strings.Builder
		if err := DetailText(&out, d, DetailOptions{}); err != nil {
			t.Fatal(err)
		}
		n := strings.Count(out.String(), "  clock ")
		if want == "" && n != 0 || want != "" && (n != 1 || !strings.Contains(out.String(), "ours: "+want+"\n")) {
			t.Errorf("%v: got %d lines of the clock, want %q in\n%s", offset, n, want, out.String())
		}
	}
}

// Times sort as text.
func TestStampsHaveThreeDecimals(t *testing.T) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.FixedZone("", 3600))
	var got []string
	for _, ms := range []int{0, 5, 50, 500} {
		got = append(got, stamp(at.Add(time.Duration(ms)*time.Millisecond)))
	}
	want := []string{"2026-03-04T04:06:07.000Z", "2026-03-04T04:06:07.005Z", "2026-03-04T04:06:07.050Z", "2026-03-04T04:06:07.500Z"}
	if !slices.Equal(got, want) || stamp(time.Time{}) != "" {
		t.Errorf("got %v, want %v", got, want)
	}
}
