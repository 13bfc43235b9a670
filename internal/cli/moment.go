package cli

import (
	"errors"
	"regexp"
	"strconv"
	"time"

	"github.com/spf13/pflag"
)

// noTime is the zero time: no bound.
var noTime time.Time

// A moment is the value of a flag that takes a time of day, or how long ago it
// was.
type moment struct {
	at  *time.Time
	now func() time.Time
}

// momentVar defines such a flag; at is zero where it is not given.
func momentVar(flags *pflag.FlagSet, at *time.Time, name string, now func() time.Time, usage string) {
	flags.Var(moment{at, now}, name, usage)
}

func (m moment) Type() string { return "string" }

func (m moment) String() string {
	if m.at == nil || m.at.IsZero() {
		return ""
	}
	return m.at.Format(time.RFC3339)
}

var days = regexp.MustCompile(`^([0-9]{1,5})d(.*)$`)

func (m moment) Set(s string) error {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, time.Local); err == nil {
			*m.at = t
			return nil
		}
	}
	rest, ago := s, time.Duration(0)
	if d := days.FindStringSubmatch(s); d != nil {
		n, _ := strconv.Atoi(d[1]) // five digits
		ago, rest = time.Duration(n)*24*time.Hour, d[2]
	}
	if rest != "" {
		d, err := time.ParseDuration(rest)
		if err != nil || d < 0 {
			return errors.New("must be how long ago, such as 30d or 2h, or a time, such as 2026-01-19 or 2026-01-19T15:04:05Z, not " + strconv.Quote(s))
		}
		ago += d
	}
	*m.at = m.now().Add(-ago)
	return nil
}
