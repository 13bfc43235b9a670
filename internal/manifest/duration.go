package manifest

import (
	"errors"
	"math"
	"regexp"
	"strconv"
	"time"
)

var durationPart = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)(ns|us|µs|ms|s|m|h|d)`)

// parseDuration reads Go's durations, and days of 24 hours as d. The text has
// the form that manifest.schema.json asks for.
func parseDuration(s string) (time.Duration, error) {
	var total float64
	for s != "" {
		m := durationPart.FindStringSubmatch(s)
		if m == nil {
			return 0, errors.New("must be a duration such as 90s, 15m, 1h30m or 1d")
		}
		s = s[len(m[0]):]
		n, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			return 0, errors.New("is too long")
		}
		total += n * float64(unit(m[2]))
	}
	switch {
	case total >= math.MaxInt64:
		return 0, errors.New("is too long")
	case total < 1:
		return 0, errors.New("must be more than 0")
	}
	return time.Duration(math.Round(total)), nil
}

func unit(name string) time.Duration {
	switch name {
	case "ns":
		return time.Nanosecond
	case "us", "µs":
		return time.Microsecond
	case "ms":
		return time.Millisecond
	case "s":
		return time.Second
	case "m":
		return time.Minute
	case "h":
		return time.Hour
	}
	return 24 * time.Hour
}
