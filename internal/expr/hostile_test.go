package expr

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// hostile is a result as large as one that is judged can be, in the shapes that
// are dear.
func hostile() map[string]any {
	var items, words, deep, same []any
	for i := range 100_000 {
		items = append(items, map[string]any{"price": json.Number(fmt.Sprint(i)), "name": fmt.Sprintf("item %d", i)})
		words = append(words, fmt.Sprintf("word %d", i))
		same = append(same, []any{"x"})
	}
	for range 990 {
		deep = []any{deep, "x"}
	}
	wide := map[string]any{}
	for i := range 100_000 {
		wide[fmt.Sprint(i)] = "x"
	}
	return map[string]any{
		"items": items, "words": words, "deep": deep, "wide": wide, "same": same,
		"text": strings.Repeat("ab ", 10_000_000), "other": strings.Repeat("ab ", 10_000_000), "pattern": "(a|b|c?){1,200}(x+x+)+y",
	}
}

// No expression holds a task for long, whatever the result is.
func TestHostileResults(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	v := NewNamed(nil, map[string]any{"row": hostile()})
	body := "# > 0" + strings.Repeat(" && # != 0.5", 70)
	for _, source := range []string{
		`all(row.items, .price >= 0)`,
		`all(row.items, .price < 99999)`,
		`all(row.items, # in row.items)`,
		`all(row.words, # in row.words)`,
		`all(row.words, {row.words == row.words})`,
		`all(row.items, row.text == row.other)`,
		`all(row.items, row.text < row.other)`,
		`all(row.items, row.text contains "zzzz")`,
		`all(row.items, row.text startsWith row.other)`,
		`all(row.items, len(upper(row.text)) > 0)`,
		`all(row.items, len(row.text) > 0)`,
		`row.text matches "(a|b|c?){1,200}(x+x+)+y"`,
		`row.text matches "^.*x.*y$"`,
		`row.text matches row.pattern`,
		`all(row.items, row.text matches "x$")`,
		`all(1..1000000, "x" matches row.pattern)`,
		`len(uniq(row.items))`, `len(uniq(row.words))`, `len(uniq(row.same))`,
		`len(flatten(row.deep))`, `all(row.items, len(flatten(row.words)) > 0)`,
		`len(split(row.text, ""))`, `len(split(row.text, " "))`,
		`trim(row.text, row.other)`,
		`all(row.items, len(keys(row.wide)) > 0)`,
		`all(row.items, len(values(row.wide)) > 0)`,
		`all(row.items, max(row.deep) == nil)`, `all(row.items, sum(map(row.items, .price)) > 0)`,
		`all(row.items, len(sort(row.words)) > 0)`, `len(sortBy(row.items, .name))`, `all(row.items, len(sortBy(row.items, .name)) > 0)`,
		`contains(row.words, row.words)`, `contains(row.items, row.items)`, `contains(row, row)`, `contains(row.same, row.same)`,
		`row == row`, `all(row.items, row == row)`,
		`len(string(row)) > 0`, `len(toJSON(row.deep)) > 0`, `all(row.items, len(toJSON(row.words)) > 0)`,
		`all(1..900000, ` + body + `)`,
		`count(1..900000, any(1..900000, # < 0))`,
		`len(reduce(1..900000, [#acc], []))`, `toJSON(reduce(1..900000, [#acc], []))`, `reduce(1..900000, [#acc], [])`,
		`reduce(1..900000, [#acc], []) == reduce(1..900000, [#acc], [])`, `string(reduce(1..900000, [#acc], []))`,
		`reduce(1..900000, #acc + "x", "")`, `len(map(1..900000, repeat("x", 100000)))`,
		`len(map(1..900000, row.text[1:len(row.text)]))`,
		`all(1..900000, date("2026-01-01", "2006-01-02", "Europe/Berlin") != nil)`,
		`all(1..900000, date("2026-01-01") != nil)`,
		`all(row.items, fromJSON(row.text) != nil)`, `all(1..900000, fromJSON("[1,2,3]") != nil)`,
		`fromJSON("[" + repeat("[],", 5000000) + "1]")`,
		`len(concat(row.words, row.words))`, `all(row.items, len(reverse(row.words)) > 0)`,
		`groupBy(row.items, .name)`, `len(groupBy(row.items, .name))`,
		`all(row.items, float(row.text) > 0)`, `int(row.text) > 0`,
		`any(row.items, .nope)`,
	} {
		p, err := Compile(source, open)
		if err != nil {
			t.Errorf("%.60s: %v", source, err)
			continue
		}
		began := time.Now()
		got, err := p.Eval(v)
		d := time.Since(began)
		t.Logf("%6d ms  %.60s: %.40v %.90v", d.Milliseconds(), source, got, err)
		if d > 5*time.Second {
			t.Errorf("%s took %s", source, d)
		}
	}
}
