package batch

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/bbbatch/bbbatch/schema"
)

// secretLeast is the length from which a secret's value is masked: a shorter
// one would be found in harmless text.
const secretLeast = 6

// Secrets are the values that must not be shown, by name.
type Secrets map[string]string

// Mask replaces every secret's value in s by its name, in each of its forms,
// and also where it was cut short with "…".
func (x Secrets) Mask(s string) string {
	for _, name := range x.names() {
		mask := "***" + name + "***"
		for _, form := range forms(x[name]) {
			s = strings.ReplaceAll(s, form, mask)
			s = maskCut(s, form, mask)
		}
	}
	return s
}

// forms are the ways in which a value is written: as it is, in JSON with and
// without HTML's characters escaped, in Go's quotes, and in a JSON Pointer.
func forms(value string) []string {
	all := []string{value}
	add := func(form string) {
		if !slices.Contains(all, form) {
			all = append(all, form)
		}
	}
	escaped, _ := json.Marshal(value) // a string always encodes
	add(string(escaped[1 : len(escaped)-1]))
	var plain bytes.Buffer
	e := json.NewEncoder(&plain)
	e.SetEscapeHTML(false)
	_ = e.Encode(value)
	add(strings.TrimSuffix(plain.String()[1:], "\"\n"))
	quoted := strconv.Quote(value)
	add(quoted[1 : len(quoted)-1])
	add(strings.NewReplacer("~", "~0", "/", "~1").Replace(value))
	return all
}

// maskCut replaces a beginning of form that stands before a "…".
func maskCut(s, form, mask string) string {
	const cut = "…"
	for from := 0; ; {
		i := strings.Index(s[from:], cut)
		if i < 0 {
			return s
		}
		i += from
		from = i + len(cut)
		for n := min(i, len(form)-1); n >= secretLeast; n-- {
			if s[i-n:i] == form[:n] {
				s = s[:i-n] + mask + s[i:]
				from += len(mask) - n
				break
			}
		}
	}
}

// names lists the secrets that are masked, the longest value first so that one
// inside another is not left half shown.
func (x Secrets) names() []string {
	names := make([]string, 0, len(x))
	for name, value := range x {
		if len(value) >= secretLeast {
			names = append(names, name)
		}
	}
	sort.Slice(names, func(i, j int) bool {
		a, b := x[names[i]], x[names[j]]
		if len(a) != len(b) {
			return len(a) > len(b)
		}
		return names[i] < names[j]
	})
	return names
}

// in lists the secrets whose values stand in a result, as they are or as a
// JSON string would write them.
func (x Secrets) in(result Result) []string {
	if len(x) == 0 || !result.Present() {
		return nil
	}
	var found []string
	for _, name := range x.names() {
		if holds(result, x[name]) {
			found = append(found, name)
		}
	}
	sort.Strings(found)
	return found
}

func holds(result Result, value string) bool {
	var needles [][]byte
	for _, form := range forms(value) {
		needles = append(needles, []byte(form))
	}
	if result.File == "" {
		return containsAny(result.Raw, needles)
	}
	f, err := os.Open(result.File)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // it was only read
	return readerHolds(f, needles)
}

// readerHolds looks through r in pieces that overlap by the longest needle.
func readerHolds(r io.Reader, needles [][]byte) bool {
	keep := 0
	for _, n := range needles {
		keep = max(keep, len(n)-1)
	}
	buf := make([]byte, 0, keep+64<<10)
	for {
		n, err := io.ReadFull(r, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if containsAny(buf, needles) {
			return true
		}
		if err != nil {
			return false
		}
		tail := copy(buf, buf[len(buf)-min(keep, len(buf)):])
		buf = buf[:tail]
	}
}

func containsAny(text []byte, needles [][]byte) bool {
	for _, n := range needles {
		if bytes.Contains(text, n) {
			return true
		}
	}
	return false
}

// maskProblems hides secrets in what is said of a result. The result itself is
// kept as it came.
func (x Secrets) maskProblems(problems []schema.Problem) {
	for i := range problems {
		p := &problems[i]
		p.Message, p.InstancePath = x.Mask(p.Message), x.Mask(p.InstancePath)
		if actual := string(p.Actual); x.Mask(actual) != actual {
			p.Actual = json.RawMessage(`"(hidden: contains a secret)"`)
		}
	}
}

func (r *runner) maskCause(run *Observed) {
	if run.Cause != nil {
		run.Cause = &Cause{Code: r.Secrets.Mask(run.Cause.Code), Message: r.Secrets.Mask(run.Cause.Message)}
	}
}
