package manifest

import (
	"path"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, id string
		want        bool
	}{
		{"*", "", true},
		{"*", "a/b", true},
		{"sku-*", "sku-", true},
		{"sku-*", "sku-1/2", true},
		{"sku-*", "my-sku-1", false},
		{"*-*-*", "a-b-c", true},
		{"*-*-*", "a-b", false},
		{"a**b", "ab", true},
		{"*ab", "aab", true},
		{"*aab*", "aaaab!", true},
		{"?", "ü", true},
		{"?", "", false},
		{"?", "ab", false},
		{"p-[0-9]", "p-7", true},
		{"p-[0-9]", "p-x", false},
		{"p-[0-9]", "p-77", false},
		{"[a-cx]*", "xyz", true},
		{"[a-cx]*", "dyz", false},
		{"[!a-c]", "d", true},
		{"[^a-c]", "b", false},
		{"[!a]", "", false},
		{"[]]", "]", true},
		{"[!]]", "a", true},
		{"[a-]", "-", true},
		{"[ä-ü]", "ö", true},
		{"a[", "a[", true},
		{"a[1", "a[1", true},
		{"a[1*", "a[1x", true},
		{"[*]", "*", true},
		{"[*]", "x", false},
	} {
		if got := parseGlob(c.pattern).matches(c.id); got != c.want {
			t.Errorf("%q fits %q: got %v, want %v", c.pattern, c.id, got, c.want)
		}
	}
	for word, want := range map[string]bool{"a": false, "a[1": false, "a]": false, "a[1]": true, "a*": true, "?": true, "": false} {
		if got := isGlob(word); got != want {
			t.Errorf("%q is a pattern: got %v, want %v", word, got, want)
		}
	}
}

// A pattern of many stars does not take for ever.
func TestGlobIsQuick(t *testing.T) {
	began := time.Now()
	parseGlob(strings.Repeat("a*", 120) + "b").matches(strings.Repeat("a", 256))
	if took := time.Since(began); took > time.Second {
		t.Errorf("took %v", took)
	}
}

// Where the standard library's patterns mean the same, so do ours.
func FuzzGlob(f *testing.F) {
	for _, s := range [][2]string{{"a*b?c", "axbyc"}, {"[a-c]*", "abc"}, {"*a*a*", "banana"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, pattern, id string) {
		got := parseGlob(pattern).matches(id)
		if strings.ContainsAny(pattern+id, `/\!^[]`) || !utf8.ValidString(pattern) || !utf8.ValidString(id) {
			return // where they differ
		}
		if want, err := path.Match(pattern, id); err == nil && got != want {
			t.Errorf("%q fits %q: got %v, want %v", pattern, id, got, want)
		}
	})
}
