package schema

import (
	"strings"
	"testing"
)

func TestTooDeep(t *testing.T) {
	deep := strings.Repeat("[", 1001) + strings.Repeat("]", 1001)
	for text, want := range map[string]bool{
		deep:                            true,
		deep[1 : len(deep)-1]:           false,
		`"` + strings.Repeat("[", 2000): false,
		`{"a\"":"` + strings.Repeat("{", 2000) + `"}`:            false,
		`["\\",` + deep + `]`:                                    true,
		strings.Repeat("[],", 3000):                              false,
		`{"k":` + strings.Repeat(`{"a":`, 1000) + `1` + `}}}}}}`: true,
	} {
		if got := TooDeep([]byte(text)); got != want {
			t.Errorf("TooDeep(%.30s…): got %v, want %v", text, got, want)
		}
	}
}
