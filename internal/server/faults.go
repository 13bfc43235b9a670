package server

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Faults are the ways in which a server misbehaves, as [ParseFaults] reads
// them. The zero value behaves.
type Faults struct {
	rules        []rule
	retryAfter   time.Duration // sent with every 429; 0 for no header
	retryDate    bool          // as a date
	listLag      time.Duration
	skew         time.Duration
	dupPages     bool
	dropComment  bool
	dropSchema   bool
	rewriteTask  bool
	endlessPages bool
	refuse       int // 401, 402 or 403; 0 for none
	refuseAfter  int // creates that are accepted first
	refuseOnly   string
}

// A rule is a fault that strikes single requests.
type rule struct {
	fault  string
	scope  string  // the endpoint; "" for all
	chance float64 // of each request
	from   int     // or the requests from to to, counted from 1, that come to this rule
	to     int
}

// faultTable is every fault. Those that strike single requests take a chance
// ("5%"), a number of requests ("2", the first two) or a range of them
// ("3..5"), counted over the requests that the fault applies to; a suffix
// confines it to one endpoint ("truncate=1@get"). They are tried in the order
// of this table; the first that strikes ends the trying, and what comes after
// does not count the request. With a seed and the same order of requests, the
// same ones are struck.
var faultTable = []struct {
	name  string
	value string // events, duration, flag or refusal
	scope string // where it applies when nothing else is said
	does  string
}{
	{"refuse", "refusal", "", "401, 402 or 403 to everything once so many creates were accepted: refuse=401:10"},
	{"429", "events", "", "too many requests; nothing is done"},
	{"500", "events", "", "an internal error; nothing is done"},
	{"503", "events", "", "unavailable; nothing is done"},
	{"html502", "events", "", "a proxy's 502 in HTML; nothing is done"},
	{"bad-status", "events", "create", "a 400; nothing is done"},
	{"redirect", "events", "create", "a 307 to the same address; nothing is done"},
	{"reset", "events", "", "the connection is reset; nothing is done"},
	{"hang", "events", "", "no answer until the client gives up; nothing is done"},
	{"500-after", "events", "create", "done, and then answered 500"},
	{"503-after", "events", "create", "done, and then answered 503"},
	{"lost-create", "events", "create", "done, and the connection closed without an answer (over HTTP/2 the stream is reset)"},
	{"reset-after", "events", "create", "done, and the connection reset"},
	{"hang-after", "events", "create", "done, and no answer until the client gives up"},
	{"truncate", "events", "", "done, and the answer's JSON is cut in half"},
	{faultSlow, "events", "", "done, and the answer comes a byte at a time"},
	{faultStall, "events", "", "done, and half of the answer comes, and then nothing until the client gives up"},
	{faultEndless, "events", "", "done, and the answer does not end"},
	{faultShort, "events", "", "done, and the answer has fewer bytes than its Content-Length"},
	{faultGzip, "events", "", "done, and the answer is gzip, and does not say so"},
	{faultNUL, "events", "", "done, and the answer begins with a NUL"},
	{faultHeaders, "events", "", "done, and the answer has 100 KB of headers"},
	{"retry-after", "duration", "", "a Retry-After with every 429, in whole seconds, rounded up"},
	{"retry-after-date", "flag", "", "Retry-After in its date form"},
	{"list-lag", "duration", "", "a listing shows a run only so long after its creation"},
	{"skew", "duration", "", "the server's clock is ahead by so much; may be negative"},
	{"dup-pages", "flag", "", "a page of runs begins with the last two rows of the one before"},
	{"drop-comment", "flag", "", "a run's resultSchema is echoed without its $comment"},
	{"drop-schema", "flag", "", "a run's resultSchema is not echoed"},
	{"rewrite-task", "flag", "", "a run's task is echoed in other words"},
	{"endless-pages", "flag", "", "a listing of runs never ends: its last row comes again for ever"},
}

var scopes = []string{"create", "get", "list", "stop", "messages", "agents"}

// ParseFaults reads faults as they are written on a command line, such as
// "429=5%,retry-after=2s,truncate=1@get,dup-pages". An empty text is no fault.
func ParseFaults(s string) (Faults, error) {
	var f Faults
	for _, part := range strings.Split(s, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		if err := f.parse(part); err != nil {
			return Faults{}, err
		}
	}
	// The table's order is the order of trying, whatever was written first.
	slices.SortStableFunc(f.rules, func(a, b rule) int { return cmp.Compare(faultIndex(a.fault), faultIndex(b.fault)) })
	return f, nil
}

func faultIndex(name string) int {
	for i, t := range faultTable {
		if t.name == name {
			return i
		}
	}
	return -1
}

func (f *Faults) parse(part string) error {
	name, value, given := strings.Cut(part, "=")
	i := faultIndex(name)
	if i < 0 {
		return unknownFault(name)
	}
	kind := faultTable[i]
	value, scope, scoped := strings.Cut(value, "@")
	if scoped && !slices.Contains(scopes, scope) {
		return fmt.Errorf("fault %s: %q is not an endpoint, must be one of %s", name, scope, strings.Join(scopes, ", "))
	}
	if scoped && kind.value != "events" && kind.value != "refusal" {
		return fmt.Errorf("fault %s: applies to no single endpoint", name)
	}
	switch kind.value {
	case "flag":
		on := true
		if given {
			var err error
			if on, err = strconv.ParseBool(value); err != nil {
				return fmt.Errorf("fault %s: must be true or false, not %q", name, value)
			}
		}
		f.flag(name, on)
		return nil
	case "duration":
		d, err := time.ParseDuration(value)
		if err != nil || d < 0 && name != "skew" {
			return fmt.Errorf("fault %s: must be a duration such as 20s, not %q", name, value)
		}
		f.duration(name, d)
		return nil
	case "refusal":
		status, after, counted := strings.Cut(value, ":")
		n, err := strconv.Atoi(after)
		if !counted {
			n, err = 0, nil
		}
		code, known := map[string]int{"401": 401, "402": 402, "403": 403}[status]
		if !known || err != nil || n < 0 {
			return fmt.Errorf("fault refuse: must be 401, 402 or 403, and a number of creates after a colon, not %q", value)
		}
		f.refuse, f.refuseAfter, f.refuseOnly = code, n, scope
		return nil
	}
	r, ok := events(value)
	if !ok {
		return fmt.Errorf("fault %s: must be a chance such as 5%%, a number of requests or a range such as 2..4, not %q", name, value)
	}
	r.fault, r.scope = name, kind.scope
	if scoped {
		r.scope = scope
	}
	f.rules = append(f.rules, r)
	return nil
}

func (f *Faults) flag(name string, on bool) {
	switch name {
	case "retry-after-date":
		f.retryDate = on
	case "dup-pages":
		f.dupPages = on
	case "drop-comment":
		f.dropComment = on
	case "drop-schema":
		f.dropSchema = on
	case "rewrite-task":
		f.rewriteTask = on
	case "endless-pages":
		f.endlessPages = on
	}
}

func (f *Faults) duration(name string, d time.Duration) {
	switch name {
	case "retry-after":
		f.retryAfter = d
	case "list-lag":
		f.listLag = d
	case "skew":
		f.skew = d
	}
}

// events reads "5%", "2" or "3..5".
func events(s string) (rule, bool) {
	if percent, ok := strings.CutSuffix(s, "%"); ok {
		p, err := strconv.ParseFloat(percent, 64)
		return rule{chance: p / 100}, err == nil && p >= 0 && p <= 100
	}
	first, last, ranged := strings.Cut(s, "..")
	from, err := strconv.Atoi(first)
	if err != nil || from < 0 {
		return rule{}, false
	}
	if !ranged {
		return rule{from: 1, to: from}, true
	}
	to, err := strconv.Atoi(last)
	return rule{from: from, to: to}, err == nil && from >= 1 && to >= from
}

func unknownFault(name string) error {
	names := make([]string, len(faultTable))
	best, distance := "", 4
	for i, t := range faultTable {
		names[i] = t.name
		if d := edits(name, t.name); d < distance {
			best, distance = t.name, d
		}
	}
	hint := ""
	if best != "" {
		hint = fmt.Sprintf(" (did you mean %q?)", best)
	}
	return fmt.Errorf("unknown fault %q%s, must be one of %s", clip(name, 40), hint, strings.Join(names, ", "))
}

// edits is the number of changed, added or left out bytes between two words.
func edits(a, b string) int {
	if len(a) > 40 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := corner
			if a[i] != b[j] {
				cost++
			}
			corner = row[j+1]
			row[j+1] = min(cost, corner+1, row[j]+1)
		}
	}
	return row[len(b)]
}
