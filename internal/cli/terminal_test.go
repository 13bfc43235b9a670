package cli

import (
	"bytes"
	"testing"
)

// cli.md "Streams": control and bidirectional characters from outside never
// reach a terminal raw, however the writes are cut.
func TestATerminalGetsNoControlCharacters(t *testing.T) {
	const text = "id,name\n1,\x1b[31mred\u202e\r木\n\x07\u2028é"
	const want = "id,name\n1,\ufffd[31mred\ufffd 木\n\ufffd\ufffdé"
	for size := 1; size <= len(text); size++ {
		var out bytes.Buffer
		s := Sys{Stdout: &out, StdoutTerminal: func() bool { return true }}
		w := s.stdout()
		for rest := text; rest != ""; {
			n := min(size, len(rest))
			if _, err := w.Write([]byte(rest[:n])); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if out.String() != want {
			t.Errorf("in pieces of %d: got %q, want %q", size, out.String(), want)
		}
	}
	var raw bytes.Buffer
	if _, err := (Sys{Stdout: &raw}).stdout().Write([]byte(text)); err != nil || raw.String() != text {
		t.Errorf("a pipe: got %q (%v), want the bytes as they are", raw.String(), err)
	}
}
