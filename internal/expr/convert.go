package expr

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

func converting() []function {
	return []function{
		{"int", toInt, []any{new(func(any) int)}},
		{"string", toText, []any{new(func(any) string)}},
		{"toJSON", toJSON, []any{new(func(any) string)}},
		{"fromJSON", fromJSON, []any{new(func(string) any)}},
		{"date", date, []any{new(func(string) time.Time), new(func(string, string) time.Time), new(func(string, string, string) time.Time)}},
	}
}

// toInt cuts off the fraction. A number that no int64 can hold is an error:
// what Go makes of it depends on the machine.
func toInt(_ *meter, args []any) (any, error) {
	switch v := args[0].(type) {
	case int:
		return v, nil
	case int64:
		return v, nil
	case float64:
		if math.Abs(v) < 1<<63 {
			return int64(v), nil
		}
	case string:
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			return n, nil
		}
		return nil, fmt.Errorf("int needs a whole number, not %s", strconv.Quote(brief(v, 60)))
	}
	return nil, fmt.Errorf("int needs a whole number or a string of one, not %s", cmp.Or(tooLarge(args[0]), kind(args[0])))
}

func tooLarge(v any) string {
	if f, ok := v.(float64); ok {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return ""
}

// toText writes a value as text; lists and maps as Go does, keys in order.
func toText(m *meter, args []any) (any, error) {
	switch v := args[0].(type) {
	case string:
		return v, nil
	case nil, bool, int, int64, float64, time.Time, time.Duration:
		return fmt.Sprint(v), nil
	case map[string]any:
	default:
		if _, ok := elements(v); !ok {
			return nil, errors.New("string needs a value, not " + kind(v))
		}
	}
	if err := m.writable(args[0]); err != nil {
		return nil, err
	}
	return fmt.Sprint(args[0]), nil
}

// writable accounts for writing a value, and refuses what would become too
// long before anything is written: a small program can make a list whose parts
// are one and the same list.
func (m *meter) writable(v any) error {
	part := &meter{left: min(m.left, maxText/textStep)}
	err := part.walk(v, 0)
	switch {
	case err == errWork && m.left > maxText/textStep:
		return errTooLong
	case err != nil:
		return err
	}
	return m.spend(min(m.left, maxText/textStep) - part.left)
}

func toJSON(m *meter, args []any) (any, error) {
	if err := m.writable(args[0]); err != nil {
		return nil, err
	}
	b, err := json.MarshalIndent(args[0], "", "  ")
	if err != nil {
		return nil, err
	}
	return string(b), m.text(len(b))
}

func fromJSON(m *meter, args []any) (any, error) {
	s, err := strs("fromJSON", args)
	if err != nil {
		return nil, err
	}
	// No value is shorter than a character and the comma behind it.
	if err := m.spendText(len(s[0])); err != nil {
		return nil, err
	}
	if err := m.made(1 + strings.Count(s[0], ",") + strings.Count(s[0], "[") + strings.Count(s[0], "{") + strings.Count(s[0], ":")); err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader([]byte(s[0])))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, errors.New("fromJSON: the text is not JSON")
	}
	if d.More() {
		return nil, errors.New("fromJSON: there is more text behind the JSON")
	}
	if err := m.walk(v, 0); err != nil {
		return nil, err
	}
	return native(v), nil
}

// dateLayouts are what a date without a layout may look like.
var dateLayouts = []string{
	time.DateOnly, time.TimeOnly, time.DateTime, time.RFC3339, time.RFC822, time.RFC850, time.RFC1123,
}

// zoneSteps is how dear it is to look a time zone up, which is read from a file.
const zoneSteps = 5000

// date reads a time as UTC, or in a zone that is named. The zone of the
// machine, which expr-lang's own falls back on, would decide the result.
func date(m *meter, args []any) (any, error) {
	s, err := strs("date", args)
	if err != nil {
		return nil, err
	}
	for _, text := range s {
		if err := m.spend(20 + len(text)); err != nil {
			return nil, err
		}
	}
	zone := time.UTC
	if len(s) == 3 {
		if machines(s[2]) {
			return nil, fmt.Errorf("the zone %s is not available: it depends on the machine", brief(s[2], 60))
		}
		if err := m.spend(zoneSteps); err != nil {
			return nil, err
		}
		if zone, err = time.LoadLocation(s[2]); err != nil {
			return nil, err
		}
	}
	if len(s) > 1 {
		return time.ParseInLocation(s[1], s[0], zone)
	}
	for _, layout := range dateLayouts {
		// Parse would ask the zone of the machine what an abbreviation means.
		if t, err := time.ParseInLocation(layout, s[0], time.UTC); err == nil {
			return t.UTC(), nil
		}
	}
	return nil, fmt.Errorf("%s is not a date", strconv.Quote(brief(s[0], 60)))
}

// machines reports whether a name stands for the zone of the machine: Go's own,
// or what some systems keep among the zones.
func machines(zone string) bool {
	last := strings.ToLower(zone[strings.LastIndex(zone, "/")+1:])
	return last == "local" || last == "localtime" || last == "posixrules"
}
