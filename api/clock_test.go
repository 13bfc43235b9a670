package api

import (
	"net/http"
	"testing"
	"time"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 19, 12, 0, 0, 0, time.UTC)
	later := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	for _, c := range []struct {
		value, date string
		want        time.Duration
	}{
		{"", "", 0},
		{"7", "", 7 * time.Second},
		{" 7 ", "", 7 * time.Second},
		{"0", "", 0},
		{"1.5", "", 1500 * time.Millisecond},
		{"600", "", 10 * time.Minute},
		{"601", "", 10 * time.Minute},
		{"99999999999999999999999999", "", 10 * time.Minute},
		{"-5", "", 0},
		{"soon", "", 0},
		{"Inf", "", 0},
		{"1e9", "", 0},
		{".", "", 0},
		{"1.2.3", "", 0},
		{later(time.Minute), "", time.Minute},
		{later(-time.Minute), "", 0},
		{later(24 * time.Hour), "", 10 * time.Minute},
		{later(time.Hour + time.Minute), later(time.Hour), time.Minute}, // its clock is an hour ahead
		{later(time.Minute), "garbage", time.Minute},
	} {
		h := http.Header{"Retry-After": {c.value}, "Date": {c.date}}
		if got := retryAfter(h, now); got != c.want {
			t.Errorf("%q with date %q: got %v, want %v", c.value, c.date, got, c.want)
		}
	}
}

func TestClockOffset(t *testing.T) {
	began := time.Date(2026, 1, 19, 12, 0, 0, 0, time.UTC)
	ended := began.Add(4 * time.Second)
	got, ok := clockOffset(began.Add(10*time.Minute).Format(http.TimeFormat), began, ended)
	if want := 10*time.Minute - 1500*time.Millisecond; got != want || !ok {
		t.Errorf("got %v, %v, want %v", got, ok, want)
	}
	if got, ok := clockOffset("yesterday", began, ended); got != 0 || ok {
		t.Errorf("garbage: got %v, %v", got, ok)
	}
}

func TestDoMeasuresTheClock(t *testing.T) {
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(10*time.Minute).UTC().Format(http.TimeFormat))
	})
	a, err := testClient(t, base, nil).Do(t.Context(), get, drain)
	if diff := (a.Offset - 10*time.Minute).Abs(); err != nil || !a.Dated || diff > time.Second {
		t.Errorf("got %v, %v, %v, want 10m", a.Offset, a.Dated, err)
	}
}
