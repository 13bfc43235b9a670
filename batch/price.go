package batch

import (
	"errors"
	"math"
	"time"
)

// Money is an amount in millionths of a US dollar.
type Money int64

// moneyPlaces is how many decimals an amount in dollars may have.
const moneyPlaces = 6

// ParseMoney reads an amount in US dollars of 0 or more, such as "0.002", with
// six decimals at most.
func ParseMoney(text string) (Money, error) {
	n, ok := decimal(text, moneyPlaces)
	if !ok {
		return 0, errors.New("must be an amount in US dollars such as 25 or 0.002, with six decimals at most")
	}
	return Money(n), nil
}

// String is the amount in dollars with six decimals, such as "0.028000".
func (m Money) String() string {
	if m < 0 {
		return "-" + (-max(m, -math.MaxInt64)).String()
	}
	return decimalText(int64(m), moneyPlaces, moneyPlaces)
}

// MarshalText implements [encoding.TextMarshaler].
func (m Money) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (m *Money) UnmarshalText(text []byte) (err error) {
	*m, err = ParseMoney(string(text))
	return err
}

// A Price is what the user says that runs cost. What is made of it is an
// estimate: the service's bill is not known.
type Price struct {
	PerRun    Money         `json:"perRun,omitempty"`
	PerMinute Money         `json:"perMinute,omitempty"`
	RoundUp   time.Duration `json:"roundUp,omitempty"` // a run's time counts in whole steps of it; 0 counts it as it is
}

// Time is how much of a run's length is paid for.
func (p Price) Time(length time.Duration) time.Duration {
	length = max(length, 0)
	if p.RoundUp <= 0 || length%p.RoundUp == 0 {
		return length
	}
	if length > math.MaxInt64-p.RoundUp {
		return math.MaxInt64
	}
	return length + p.RoundUp - length%p.RoundUp
}

// Of is what a run of this length costs, rounded to the nearest millionth.
func (p Price) Of(length time.Duration) Money {
	// Divided last, since a minute's fraction is rarely exact.
	cost := float64(p.PerRun) + float64(p.Time(length))*float64(p.PerMinute)/float64(time.Minute)
	if cost >= math.MaxInt64 {
		return math.MaxInt64
	}
	return Money(math.Round(cost))
}
