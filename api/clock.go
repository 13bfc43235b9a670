package api

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxRetryAfter bounds a wait that the service asks for.
const maxRetryAfter = 10 * time.Minute

// clockOffset returns the service's clock minus ours. The header has whole
// seconds, so on average half of one had passed when it was written.
func clockOffset(date string, began, ended time.Time) (time.Duration, bool) {
	at, err := http.ParseTime(date)
	if err != nil {
		return 0, false
	}
	middle := began.Add(ended.Sub(began) / 2)
	return at.Add(time.Second / 2).Sub(middle), true
}

// retryAfter reads a Retry-After header, in seconds or as a date, into a time
// from 0 to maxRetryAfter. A date counts from the answer's own Date, or from
// now without one. What can't be read is 0.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0
	}
	if strings.Trim(text, "0123456789.") == "" {
		seconds, err := strconv.ParseFloat(text, 64)
		// Out of range is +Inf beside an error: a long wait, not garbage.
		if err != nil && seconds == 0 {
			return 0
		}
		if seconds >= maxRetryAfter.Seconds() {
			return maxRetryAfter
		}
		return time.Duration(seconds * float64(time.Second))
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}
