package batch

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A Share is a part of a number of tasks: a count, or a percentage. Its text is
// "5" or "10%". The zero Share is "0".
type Share struct {
	n       int64 // tasks, or millionths
	percent bool
}

// sharePlaces is how many decimals a percentage may have.
const sharePlaces = 4

// ParseShare reads "5" or "2.5%": a count of 0 or more, or a percentage from 0
// to 100 with four decimals at most.
func ParseShare(text string) (Share, error) {
	digits, percent := strings.CutSuffix(text, "%")
	if !percent {
		n, err := strconv.ParseInt(digits, 10, 32)
		if err != nil || strings.ContainsAny(digits, "+-") {
			return Share{}, errors.New("must be a count of tasks such as 5, or a share of them such as 10%")
		}
		return Share{n: n}, nil
	}
	n, ok := decimal(digits, sharePlaces)
	if !ok {
		return Share{}, fmt.Errorf("must be a share such as 10%% or 2.5%%, with %d decimals at most", sharePlaces)
	}
	if n > 1_000_000 {
		return Share{}, errors.New("must be at most 100%")
	}
	return Share{n: n, percent: true}, nil
}

// Reached reports whether n of so many tasks are the share, or more. Of no tasks
// at all 0 are any percentage.
func (s Share) Reached(n, of int) bool {
	if s.percent {
		return int64(n)*1_000_000 >= s.n*int64(of)
	}
	return int64(n) >= s.n
}

// Percent reports whether the share is a percentage.
func (s Share) Percent() bool { return s.percent }

// String is the share as [ParseShare] reads it.
func (s Share) String() string {
	if !s.percent {
		return strconv.FormatInt(s.n, 10)
	}
	return decimalText(s.n, sharePlaces, 0) + "%"
}

// MarshalText implements [encoding.TextMarshaler].
func (s Share) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (s *Share) UnmarshalText(text []byte) (err error) {
	*s, err = ParseShare(string(text))
	return err
}

// decimal reads a number of 0 or more, without a sign or an exponent, as so many
// of its last place. It is not ok when the number has more places, or is too
// large.
func decimal(text string, places int) (n int64, ok bool) {
	whole, part, point := strings.Cut(text, ".")
	if whole == "" || point && part == "" || len(part) > places {
		return 0, false
	}
	digits := whole + part + strings.Repeat("0", places-len(part))
	if strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, err == nil
}

// decimalText writes what decimal reads, with so many decimals at least.
func decimalText(n int64, places, least int) string {
	digits := fmt.Sprintf("%0*d", places+1, n)
	whole, part := digits[:len(digits)-places], digits[len(digits)-places:]
	part = part[:least] + strings.TrimRight(part[least:], "0")
	if part == "" {
		return whole
	}
	return whole + "." + part
}
