package batch_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
)

func TestParseMoney(t *testing.T) {
	for _, c := range []struct {
		text string
		want batch.Money
		back string
	}{
		{"0", 0, "0.000000"}, {"25", 25_000_000, "25.000000"}, {"0.002", 2000, "0.002000"}, {"0.000001", 1, "0.000001"},
		{"1.10", 1_100_000, "1.100000"}, {"007", 7_000_000, "7.000000"},
		{"4503599627.370497", 4503599627370497, "4503599627.370497"}, // more than a float32 or a careless float64 keeps
		{"9223372036854.775807", math.MaxInt64, "9223372036854.775807"},
	} {
		got, err := batch.ParseMoney(c.text)
		if err != nil || got != c.want || got.String() != c.back {
			t.Errorf("%s: got %d, %q, %v, want %d, %q", c.text, got, got, err, c.want, c.back)
		}
		var again batch.Money
		if text, err := json.Marshal(got); err != nil || json.Unmarshal(text, &again) != nil || again != got {
			t.Errorf("%s: got %s, %v, which is read as %v", c.text, text, err, again)
		}
	}
	for _, text := range []string{
		"", "-1", "-0", "+1", ".5", "5.", "1e2", "0.0000001", "1.1234567", "$5", "5 ", "1,5", "1_0", "0x1", "NaN", "Inf", "1.2.3", "٣",
		"9223372036854.775808", "99999999999999999999999",
	} {
		if got, err := batch.ParseMoney(text); err == nil || got != 0 {
			t.Errorf("%q: got %v, %v, want an error", text, got, err)
		}
	}
	for m, want := range map[batch.Money]string{-1: "-0.000001", -25_000_000: "-25.000000", math.MinInt64: "-9223372036854.775807"} {
		if got := m.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestPrice(t *testing.T) {
	for _, c := range []struct {
		price  batch.Price
		length time.Duration
		time   time.Duration
		cost   batch.Money
	}{
		{batch.Price{}, time.Hour, time.Hour, 0},
		{batch.Price{PerRun: 20_000}, 0, 0, 20_000},
		{batch.Price{PerRun: 20_000, PerMinute: 2000, RoundUp: time.Minute}, 3*time.Minute + 20*time.Second, 4 * time.Minute, 28_000},
		{batch.Price{PerMinute: 2000, RoundUp: time.Minute}, 4 * time.Minute, 4 * time.Minute, 8000},
		{batch.Price{PerMinute: 2000, RoundUp: time.Minute}, 4*time.Minute + 1, 5 * time.Minute, 10_000},
		{batch.Price{PerMinute: 2000, RoundUp: time.Minute}, 1, time.Minute, 2000},
		{batch.Price{PerMinute: 2000, RoundUp: time.Minute}, 0, 0, 0},
		{batch.Price{PerRun: 1, PerMinute: 2000, RoundUp: time.Minute}, -time.Minute, 0, 1},
		{batch.Price{PerMinute: 2000}, 90 * time.Second, 90 * time.Second, 3000},
		{batch.Price{PerMinute: 30}, time.Second, time.Second, 1},          // half a millionth
		{batch.Price{PerMinute: 29}, time.Second, time.Second, 0},          // less
		{batch.Price{PerMinute: 90}, 7 * time.Second, 7 * time.Second, 11}, // 10.5
		{batch.Price{PerMinute: 1_000_000_000_000}, math.MaxInt64, math.MaxInt64, math.MaxInt64},
		{batch.Price{RoundUp: time.Hour}, math.MaxInt64 - 1, math.MaxInt64, 0},
	} {
		if got := c.price.Time(c.length); got != c.time {
			t.Errorf("%+v, %v: got the time %v, want %v", c.price, c.length, got, c.time)
		}
		if got := c.price.Of(c.length); got != c.cost {
			t.Errorf("%+v, %v: got %v, want %v", c.price, c.length, got, c.cost)
		}
	}
}

// A half is rounded up whatever the length, as by hand.
func TestPriceRoundsAsByHand(t *testing.T) {
	for seconds := range 600 {
		for perMinute := range 200 {
			p := batch.Price{PerMinute: batch.Money(perMinute)}
			want := batch.Money((2*seconds*perMinute + 60) / 120)
			if got := p.Of(time.Duration(seconds) * time.Second); got != want {
				t.Fatalf("%d s at %d: got %d, want %d", seconds, perMinute, got, want)
			}
		}
	}
}

// A policy is stored as JSON; what was not said is not in it.
func TestPolicyIsStored(t *testing.T) {
	share := func(text string) *batch.Share {
		s, err := batch.ParseShare(text)
		if err != nil {
			t.Fatal(err)
		}
		return &s
	}
	for _, c := range []struct {
		policy batch.Policy
		want   string
	}{
		{batch.Policy{}, `{}`},
		{batch.Policy{
			Price:  &batch.Price{PerRun: 20_000, RoundUp: time.Minute},
			Budget: batch.Budget{Runs: 500, Time: time.Hour, USD: 25_000_000},
			Canary: batch.Canary{Tasks: 3, Pass: share("90%")},
			Halt:   batch.Halt{Failures: share("0.5%"), Min: 20, PerGroup: true},
			Accept: share("0"), AllowFail: []string{"flaky"}, FailFast: true, MaxTime: time.Second,
		}, `{"price":{"perRun":"0.020000","roundUp":60000000000},"budget":{"runs":500,"time":3600000000000,"usd":"25.000000"},` +
			`"canary":{"tasks":3,"pass":"90%"},"halt":{"failures":"0.5%","min":20,"perGroup":true},"failFast":true,"maxTime":1000000000,"accept":"0","allowFail":["flaky"]}`},
	} {
		text, err := json.Marshal(c.policy)
		if err != nil || string(text) != c.want {
			t.Errorf("got %s, %v, want %s", text, err, c.want)
		}
		var again batch.Policy
		if err := json.Unmarshal(text, &again); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(c.policy, again, cmp.Comparer(func(a, b batch.Share) bool { return a == b })); diff != "" {
			t.Error(diff)
		}
	}
}
