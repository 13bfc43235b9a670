package diff

import (
	"math/big"
	"strconv"
	"strings"
)

// plainNumber is a JSON number's value as text: equal for equal values, however
// they are written (1, 1.0, 10e-1), and no longer than the number. Nothing is
// computed with its exponent, which may be absurd.
func plainNumber(text string) string {
	sign := ""
	if rest, ok := strings.CutPrefix(text, "-"); ok {
		sign, text = "-", rest
	}
	mantissa, power := text, "0"
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa, power = text[:i], strings.TrimPrefix(text[i+1:], "+")
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	if digits == "" {
		return "0"
	}
	short := strings.TrimRight(digits, "0")
	exponent, ok := new(big.Int).SetString(power, 10)
	if !ok {
		return sign + text
	}
	exponent.Add(exponent, big.NewInt(int64(len(digits)-len(short)-len(fraction))))
	return sign + short + "e" + exponent.String()
}

// The numbers that are calculated with; beyond that, as results are judged,
// only their equality is known.
const (
	mostDigits   = 1000
	mostExponent = 1000
)

// rational is a JSON number exactly; ok is false for one that is not to be
// calculated with.
func rational(text string) (r *big.Rat, ok bool) {
	mantissa, power := text, "0"
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa, power = text[:i], text[i+1:]
	}
	exponent, err := strconv.Atoi(power)
	if err != nil || exponent > mostExponent || exponent < -mostExponent || len(mantissa) > mostDigits {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

// near reports whether two JSON numbers differ by no more than a tolerance.
func near(a, b string, tolerance *big.Rat) bool {
	x, ok := rational(a)
	if !ok {
		return false
	}
	y, ok := rational(b)
	if !ok {
		return false
	}
	x.Sub(x, y)
	return x.Abs(x).Cmp(tolerance) <= 0
}
