package batch_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/bbbatch/bbbatch/batch"
)

func TestParseShare(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"0", "0"}, {"5", "5"}, {"007", "7"}, {"2147483647", "2147483647"},
		{"0%", "0%"}, {"10%", "10%"}, {"2.5%", "2.5%"}, {"2.50%", "2.5%"}, {"0.0001%", "0.0001%"}, {"99.9999%", "99.9999%"},
		{"100%", "100%"}, {"100.0000%", "100%"},
	} {
		got, err := batch.ParseShare(c.text)
		if err != nil || got.String() != c.want {
			t.Errorf("%s: got %v, %v, want %s", c.text, got, err, c.want)
		}
		if got.Percent() != (c.text[len(c.text)-1] == '%') {
			t.Errorf("%s: got Percent %v", c.text, got.Percent())
		}
		var again batch.Share
		if text, err := json.Marshal(got); err != nil || json.Unmarshal(text, &again) != nil || again != got {
			t.Errorf("%s: got %s, %v, which is read as %v", c.text, text, err, again)
		}
	}
	const count, share, most = "must be a count of tasks such as 5, or a share of them such as 10%",
		"must be a share such as 10% or 2.5%, with 4 decimals at most", "must be at most 100%"
	for text, want := range map[string]string{
		"": count, "-1": count, "-0": count, "+5": count, "5.0": count, "1e2": count, "1_0": count, " 5": count, "0x5": count,
		"2147483648": count, "ten": count, "٣": count, "5 %": share, "%": share, "-1%": share, "+1%": share, "-0%": share,
		".5%": share, "5.%": share, "1.23456%": share, "1e1%": share, "5%%": share, "1..2%": share,
		"99999999999999999999%": share, "100.0001%": most, "101%": most,
	} {
		if got, err := batch.ParseShare(text); err == nil || err.Error() != want || got != (batch.Share{}) {
			t.Errorf("%q: got %v, %v, want %s", text, got, err, want)
		}
	}
}

func TestShareReached(t *testing.T) {
	for _, c := range []struct {
		share string
		n, of int
		want  bool
	}{
		{"5", 4, 1000, false}, {"5", 5, 5, true}, {"5", 6, 1000, true}, {"5", 4, 4, false}, {"0", 0, 0, true},
		{"10%", 0, 9, false}, {"10%", 1, 10, true}, {"10%", 1, 11, false}, {"10%", 2, 11, true}, {"10%", 0, 0, true},
		{"98%", 4899, 5000, false}, {"98%", 4900, 5000, true},
		{"100%", 2, 3, false}, {"100%", 3, 3, true}, {"0%", 0, 3, true},
		// What a float64 would get wrong, or an int64 could not hold.
		{"33.3333%", 333333, 1_000_000, true}, {"33.3333%", 333332, 1_000_000, false},
		{"0.0001%", 1, 1_000_001, false}, {"0.0001%", 1, 1_000_000, true},
		{"100%", math.MaxInt32, math.MaxInt32, true}, {"99.9999%", math.MaxInt32 - 2148, math.MaxInt32, false},
		{"99.9999%", math.MaxInt32 - 2147, math.MaxInt32, true},
	} {
		s, err := batch.ParseShare(c.share)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Reached(c.n, c.of); got != c.want {
			t.Errorf("%s, %d of %d: got %v, want %v", c.share, c.n, c.of, got, c.want)
		}
	}
}

func FuzzParseShare(f *testing.F) {
	for _, text := range []string{"5", "2.5%", "100%", "-1", "0.00001%"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := batch.ParseShare(text)
		if err != nil {
			return
		}
		if again, err := batch.ParseShare(s.String()); err != nil || again != s {
			t.Errorf("%q: got %v, %v from %v", text, again, err, s)
		}
		if s.Percent() && !s.Reached(7, 7) || !s.Reached(math.MaxInt32, math.MaxInt32) {
			t.Errorf("%q: all are not %v", text, s)
		}
	})
}
