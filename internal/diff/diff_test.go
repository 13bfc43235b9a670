package diff

import (
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// report writes a report of passed tasks with these results, and opens it.
func report(t *testing.T, results ...string) *File {
	t.Helper()
	var b strings.Builder
	for i, r := range results {
		fmt.Fprintf(&b, `{"id":"t%d","outcome":"passed","result":%s,"template":"tasks[0]"}`+"\n", i, r)
	}
	path := filepath.Join(t.TempDir(), "r.jsonl")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func compare(t *testing.T, before, now Source, o Options) *Result {
	t.Helper()
	r, err := Compare(before, now, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func many(n int, result func(i int) string) (all []string) {
	for i := range n {
		all = append(all, result(i))
	}
	return all
}

// shifts are what was flagged, as "path aspect".
func shifts(r *Result) (all []string) {
	for _, s := range r.Shapes {
		for _, shift := range s.Shifts {
			all = append(all, s.Path+" "+shift.Aspect)
		}
	}
	return all
}

func TestShapes(t *testing.T) {
	named := func(i int) string { return fmt.Sprintf(`{"name":"product %d"}`, i) }
	wide := func(int) string {
		return "{" + strings.Join(many(600, func(k int) string { return fmt.Sprintf(`"k%d":1`, k) }), ",") + "}"
	}
	beside := func(i int, price string) string {
		return "{" + strings.Join(many(300, func(k int) string { return fmt.Sprintf(`"k%d":"v%d"`, k, 100+i) }), ",") + `,"price":` + price + "}"
	}
	for _, test := range []struct {
		name        string
		before, now []string
		want        string
	}{
		{"absent", many(20, named), many(20, func(i int) string {
			if i%2 == 0 {
				return `{}`
			}
			return named(i)
		}), "name absent"},
		{"a type", many(20, func(i int) string { return fmt.Sprintf(`{"x":%d}`, i) }), many(20, func(i int) string { return fmt.Sprintf(`{"x":"%d"}`, i) }), "x type"},
		{"one value of thousands", many(3000, func(i int) string { return fmt.Sprintf(`{"x":"%d"}`, 1000000+i) }),
			many(100, func(int) string { return `{"x":"blocked"}` }), "x value"},
		{"larger", many(20, func(i int) string { return fmt.Sprintf(`{"x":%d}`, i+1) }), many(20, func(i int) string { return fmt.Sprintf(`{"x":%d}`, 100+i) }), "x size"},
		{"shorter lists", many(20, func(int) string { return `{"x":[{"a":1},{"a":2}]}` }), many(20, func(int) string { return `{"x":[]}` }), "x size"},
		{"some elements lack it", many(20, func(int) string { return `{"x":[{"a":1},{"a":2}]}` }), many(20, func(int) string { return `{"x":[{"a":1},{}]}` }), "x[].a absent"},
		{"gone with all below", many(20, func(int) string { return `{"x":{"y":{"z":1}}}` }), many(20, func(int) string { return `{}` }), "x absent"},
		{"seven are too few", many(7, named), many(7, func(int) string { return `{}` }), ""},
		{"the same in another order", many(20, named), many(20, func(i int) string { return named(19 - i) }), ""},
		{"more keys than are counted", many(20, wide), many(20, wide), ""},
		{"beside much that shows nothing", many(12, func(i int) string { return beside(i, "1") }), many(12, func(i int) string {
			if i < 8 {
				return beside(100+i, "null")
			}
			return beside(100+i, "1")
		}), "price null"},
		{"an open map", many(600, func(i int) string { return fmt.Sprintf(`{"k%d":1}`, i) }), many(600, func(i int) string { return fmt.Sprintf(`{"l%d":1}`, i) }), ""},
	} {
		r := compare(t, report(t, test.before...), report(t, test.now...), Options{})
		var got []string
		for _, s := range shifts(r) {
			if s != "x size" || !strings.HasPrefix(test.want, "x value") && !strings.HasPrefix(test.want, "x type") { // lengths shift with them
				got = append(got, s)
			}
		}
		if strings.Join(got, ", ") != test.want {
			t.Errorf("%s: got %q, want %q", test.name, strings.Join(got, ", "), test.want)
		}
	}
}

// Counts of common values are too small by no more than they say, and no shift is
// told of values that may come equally often.
func TestCommonValuesSayHowFarTheyAreOff(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	var c common
	often := 0
	for range 20_000 {
		text := fmt.Sprint(random.IntN(5000))
		if random.IntN(50) == 0 {
			text = "often"
			often++
		}
		c.add(isString, text)
	}
	got := 0
	for _, known := range c.counts {
		if known.text == `"often"` {
			got = known.n
		}
	}
	if got > often || got+c.lost < often || c.lost == 0 || len(c.counts) > mostCounted {
		t.Errorf("got %d, at most %d too small, of %d, in %d", got, c.lost, often, len(c.counts))
	}
	for lost, want := range map[int]int{0: 1, 100: 0} {
		s := shapes{all: []Shape{{}}}
		s.value(0, &common{n: 1000, lost: lost}, &common{n: 1000, counts: map[uint64]*counted{1: {n: 100}}})
		if len(s.tests) != want {
			t.Errorf("with %d lost: got %d tests, want %d", lost, len(s.tests), want)
		}
	}
	s := shapes{all: []Shape{{}}}
	s.value(0, &common{n: 1000, lost: 10}, &common{n: 1000, counts: map[uint64]*counted{1: {n: 100}}})
	if len(s.tests) != 1 || s.tests[0].shift.Was.N != 10 {
		t.Errorf("got %+v, want 10 of before, which may be there", s.tests)
	}
}

// Of comparisons in which both sides come from one distribution, no more than a
// hundredth flags anything: here 150 with eight paths each.
func TestChanceIsRarelyFlagged(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	side := func(n int) []string {
		return many(n, func(int) string {
			b := fmt.Sprintf(`{"a":%d,"b":"%s"`, random.IntN(1000), strings.Repeat("x", random.IntN(9)))
			for _, name := range []string{"c", "d", "e", "f", "g"} {
				switch random.IntN(4) {
				case 0:
					b += `,"` + name + `":null`
				case 1:
					b += `,"` + name + `":` + fmt.Sprint(random.IntN(3))
				case 2:
					b += `,"` + name + `":"s"`
				}
			}
			return b + "}"
		})
	}
	flagged := 0
	const rounds = 150
	for range rounds {
		if len(shifts(compare(t, report(t, side(25)...), report(t, side(40)...), Options{}))) > 0 {
			flagged++
		}
	}
	if flagged > rounds/30 {
		t.Errorf("%d of %d comparisons were flagged, want about a hundredth at most", flagged, rounds)
	}
}

func TestPaths(t *testing.T) {
	for text, want := range map[string]string{
		"a": "a", "a.b": "a|b", "items[].sku": "items|[]|sku", `["a.b"].c`: "a.b|c", `a["x]"]`: "a|x]", ".": "", "a[][]": "a|[]|[]", "[].a": "[]|a", `[]`: "[]", "[0].a": "error",
		"a..b": "error", "a.": "error", "": "error", ".a": "a", "a[0]": "error", `a["x`: "error", "a[]b": "error",
	} {
		steps, err := parsePath(text)
		var words []string
		for _, s := range steps {
			if s.elem {
				s.name = "[]"
			}
			words = append(words, s.name)
		}
		got := strings.Join(words, "|")
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%q: got %q (%v), want %q", text, got, err, want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, same := range [][2]string{{"1", "1.0"}, {"10", "1e1"}, {"0", "-0.00e7"}, {"1e1000000000000", "10e999999999999"}, {"0.0120", "12E-3"}, {"-5", "-5.000"}} {
		if plainNumber(same[0]) != plainNumber(same[1]) {
			t.Errorf("%s and %s: got %s and %s, want the same", same[0], same[1], plainNumber(same[0]), plainNumber(same[1]))
		}
	}
	for _, other := range [][2]string{{"1", "-1"}, {"1", "10"}, {"12345678901234567890123", "12345678901234567890124"}, {"1e5", "1e-5"}} {
		if plainNumber(other[0]) == plainNumber(other[1]) {
			t.Errorf("%s and %s: got the same, want not", other[0], other[1])
		}
	}
	r, err := Options{Tolerance: map[string]float64{"x": 0.1}}.rules()
	if err != nil {
		t.Fatal(err)
	}
	by := r.members["x"].tolerance
	for pair, want := range map[[2]string]bool{{"1.1", "1.0"}: true, {"1.0", "1.1"}: true, {"1.1000000001", "1.0"}: false, {"1e99999999999", "1e99999999999"}: false} {
		if got := near(pair[0], pair[1], by); got != want {
			t.Errorf("%v within 0.1: got %v, want %v", pair, got, want)
		}
	}
}

func TestBucketsAreInOrder(t *testing.T) {
	sizes := []float64{math.Inf(-1), -1e300, -100, -99.5, -1, -0.001, 0, 1e-300, 0.5, 1, 1.01, 1.5, 2, 3, 64, 65, 1e9, math.Inf(1)}
	for i, size := range sizes {
		b := bucketOf(size)
		if i > 0 && b < bucketOf(sizes[i-1]) {
			t.Errorf("the bucket of %v comes before that of %v", size, sizes[i-1])
		}
		if low := lowest(b); !math.IsInf(size, 0) && low > size {
			t.Errorf("the bucket of %v begins at %v", size, low)
		}
	}
}

// pages is a batch that counts what is read of it.
type pages struct {
	records []batch.Record
	read    int
}

func (p *pages) Records(int) iter.Seq2[batch.Record, error] {
	return func(yield func(batch.Record, error) bool) {
		for _, r := range p.records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (p *pages) Page(from, most int) ([]batch.Record, error) {
	page := p.records[from:min(from+most, len(p.records))]
	p.read += len(page)
	return slices.Clone(page), nil
}

// Another order on one side costs one read for each task, not a page.
func TestAnotherOrderIsReadOnce(t *testing.T) {
	const n = 2000
	before, now := &pages{}, &pages{}
	order := rand.New(rand.NewPCG(3, 4)).Perm(n)
	for i := range n {
		record := func(id int, result string) batch.Record {
			return batch.Record{Place: i, ID: fmt.Sprint(id), Outcome: batch.Passed, Result: batch.Result{Raw: []byte(result), Size: int64(len(result))}}
		}
		before.records = append(before.records, record(order[i], fmt.Sprintf(`{"n":%d}`, order[i])))
		now.records = append(now.records, record(i, fmt.Sprintf(`{"n":%d}`, i)))
	}
	r := compare(t, FromBatch(before), FromBatch(now), Options{})
	if r.Compared != n || !r.Same() {
		t.Errorf("got %d compared, %v, want %d and nothing changed", r.Compared, r.Counts, n)
	}
	if before.read > 2*n+pageAhead || now.read > n+pageAhead {
		t.Errorf("read %d and %d records again, want about %d", before.read, now.read, n)
	}
}

// A result that was wrapped is compared by what was judged, also from a report.
func TestWhatWasJudgedIsCompared(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.jsonl")
	text := `{"id":"t0","outcome":"passed","unwrapped":true,"result":{"output":{"x":1},"cost":5}}` + "\r\n" +
		`{"id":"t1","outcome":"passed","resultPath":"a.b","result":{"a":{"b":{"x":1}},"c":2}}` + "\n" +
		`{"id":"t2","outcome":"passed","resultFile":"results/x","resultBytes":2000000}`
	if err := os.WriteFile(path, []byte("\xef\xbb\xbf"+text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	r := compare(t, f, report(t, `{"x":1}`, `{"x":1}`, `{"x":1}`), Options{})
	if !r.Same() || r.Unread != 1 || r.Compared != 3 {
		t.Errorf("got %v, %d unread, %d compared, want nothing changed, 1 and 3", r.Counts, r.Unread, r.Compared)
	}
}

// However many schemas and entries there are, the profiles have a bound, and what
// lies beyond it is told.
func TestKindsAreBounded(t *testing.T) {
	open := func() *File {
		var b strings.Builder
		for i := range 2000 {
			fmt.Fprintf(&b, `{"id":"t%d","outcome":"passed","result":{"x":1},"template":"tasks[%d]"}`+"\n", i, i)
		}
		path := filepath.Join(t.TempDir(), "r.jsonl")
		if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := OpenFile(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		return f
	}
	r := compare(t, open(), open(), Options{})
	if want := 2 * (2000 - mostKinds); r.Beyond != want || len(r.Shapes) != 2*mostKinds || !r.Same() {
		t.Errorf("got %d beyond, %d shapes, %v, want %d, %d and nothing changed", r.Beyond, len(r.Shapes), r.Counts, want, 2*mostKinds)
	}
}

// A repetition of many members, all of them different, is compared in a time that
// grows with their number and not with its square.
func TestManyMembersAreComparedQuickly(t *testing.T) {
	side := func(from int) (values []any) {
		for i := range 200_000 {
			values = append(values, json.Number(fmt.Sprint(from+i)))
		}
		return values
	}
	found := 0
	c := comparer{func(string, any, any) { found++ }}
	start := time.Now()
	c.values("x", nil, side(0), side(1_000_000))
	c.values("x", nil, append(side(0), json.Number("2e6")), append(side(1_000_000), json.Number("2000000.0")))
	if found != 1 {
		t.Errorf("got %d findings, want 1: the second has a value that is the same", found)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("took %s", took)
	}
}

func TestMarkdownHasNoLinks(t *testing.T) {
	for text, want := range map[string]string{
		"www.evil.example": "www&#46;evil.example", "see WWW.evil.example": "see WWW&#46;evil.example", "https://a.b": `https\://a.b`, "1.5 and w.w": "1.5 and w.w",
	} {
		if got := cell(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}
