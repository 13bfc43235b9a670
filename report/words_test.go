package report

import (
	"testing"
	"time"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"plain, é, 漢字, 👩‍👧":                "plain, é, 漢字, 👩‍👧",
		"a\r\nb\tc":                        "a  b c",
		"\x1b[31m\a\x7f":                   "\uFFFD[31m\uFFFD\uFFFD",
		"\u009b2J":                         "\uFFFD2J",
		"a\u202eb\u2066\u200f\u061c\u2069": "a\uFFFDb\uFFFD\uFFFD\uFFFD\uFFFD",
		"a\u2028b\u2029":                   "a\uFFFDb\uFFFD",
		"a\xffb":                           "a\uFFFDb",
		"":                                 "",
	} {
		if got := Clean(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.0s", -time.Second: "0.0s", 420 * time.Millisecond: "0.4s", 4200 * time.Millisecond: "4.2s",
		9960 * time.Millisecond: "10s", 42 * time.Second: "42s", 59700 * time.Millisecond: "1m0s",
		250 * time.Second: "4m10s", time.Hour + 5*time.Second: "1h0m5s", 30 * time.Hour: "30h0m0s",
	} {
		if got := Duration(d); got != want {
			t.Errorf("%v: got %s, want %s", d.Nanoseconds(), got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1204: "1,204", 1000000: "1,000,000", -1: "-1", -123456: "-123,456"} {
		if got := Count(n); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestFit(t *testing.T) {
	for _, test := range []struct {
		in    string
		width int
		want  string
	}{
		{"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"漢字漢", 6, "漢字漢"}, {"漢字漢", 5, "漢字…"}, {"漢字漢", 4, "漢…"},
		{"a\xff\xffb", 3, "a\xff…"}, {"abc", 0, ""}, {"", 5, ""},
		{"e\u0301e\u0301", 2, "e\u0301e\u0301"}, {"e\u0301\u0301\u0301\u0301\u0301", 1, "…"},
	} {
		if got := fit(test.in, test.width); got != test.want {
			t.Errorf("%q in %d: got %q, want %q", test.in, test.width, got, test.want)
		}
	}
}
