package cli

import (
	"errors"
	"strconv"
	"time"

	"github.com/spf13/pflag"
)

// An age is the value of a flag that takes a length of time, days included.
type age struct{ d *time.Duration }

// ageVar defines such a flag; d is 0 where it is not given.
func ageVar(flags *pflag.FlagSet, d *time.Duration, name, usage string) {
	flags.Var(age{d}, name, usage)
}

func (a age) Type() string { return "string" }

func (a age) String() string {
	if a.d == nil || *a.d == 0 {
		return ""
	}
	return a.d.String()
}

func (a age) Set(s string) error {
	rest, d := s, time.Duration(0)
	if m := days.FindStringSubmatch(s); m != nil {
		n, _ := strconv.Atoi(m[1]) // five digits
		d, rest = time.Duration(n)*24*time.Hour, m[2]
	}
	if rest != "" {
		part, err := time.ParseDuration(rest)
		if err != nil || part < 0 || d+part < d {
			return errors.New("must be a length of time such as 30d, 36h or 1d12h, not " + strconv.Quote(s))
		}
		d += part
	}
	if d == 0 {
		return errors.New("must be more than 0, not " + strconv.Quote(s))
	}
	*a.d = d
	return nil
}
