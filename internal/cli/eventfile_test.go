package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Another process may append to the same file: opening it, and a write that
// fails, cut none of its lines.
func TestAFileOfEventsLosesNoLineOfAnotherWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	other, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	line := []byte(`{"seq":1,"other":"` + strings.Repeat("x", 200) + `"}` + "\n")
	stop, begun := make(chan struct{}), make(chan struct{})
	var writing sync.WaitGroup
	written := 0
	writing.Go(func() {
		for {
			if _, err := other.Write(line); err != nil {
				t.Error(err)
				return
			}
			if written++; written == 1 {
				close(begun)
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	<-begun
	for range 500 {
		f, err := openEvents(path, &console{})
		if err != nil {
			t.Fatal(err)
		}
		f.w = refusing{}
		if err := f.write([]byte("never\n")); !errors.Is(err, errFull) {
			t.Errorf("got %v, want %v", err, errFull)
		}
		f.err = nil
		if err := f.close(); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	writing.Wait()
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Repeat(string(line), written); string(text) != want {
		t.Errorf("the file has %d bytes, want the %d lines of %d bytes that were written", len(text), written, len(line))
	}
}

var errFull = errors.New("full")

type refusing struct{}

func (refusing) Write([]byte) (int, error) { return 0, errFull }

// What a disk that is full cut short is removed; whole lines stay, and are known
// when the rest is written again.
func TestAWriteThatIsCutShortLeavesWholeLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	if err := os.WriteFile(path, []byte(eventLine(1)+eventLine(2)[:9]), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := openEvents(path, &console{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.close() }()
	f.w = short{f.file}
	if err := f.write([]byte(eventLine(2) + eventLine(3))); !errors.Is(err, errFull) {
		t.Errorf("got %v, want %v", err, errFull)
	}
	text, err := os.ReadFile(path)
	if want := eventLine(1) + eventLine(2); err != nil || string(text) != want {
		t.Errorf("the file has %q, %v, want %q", text, err, want)
	}
	if last, err := f.last("b"); err != nil || last != 2 {
		t.Errorf("the last is %d, %v, want 2", last, err)
	}
}

func eventLine(seq int) string {
	return fmt.Sprintf(`{"seq":%d,"time":"2026-01-19T08:30:00Z","batch":"b","event":"task.added"}`+"\n", seq)
}

// A short writer has no room for the last ten bytes.
type short struct{ file *os.File }

func (s short) Write(b []byte) (int, error) {
	n, err := s.file.Write(b[:len(b)-10])
	return n, errors.Join(err, errFull)
}
