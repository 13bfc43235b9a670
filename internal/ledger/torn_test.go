package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger/ledgertest"
)

// A snapshot is what a state folder holds while a batch is at work, and what had
// been acknowledged by then, in order.
type snapshot struct {
	db, log []byte
	acked   []string // as saidOf
}

// saidOf is an event in a word.
func saidOf(e batch.Event) string { return fmt.Sprintf("%s %d %d", e.Kind, e.Position, e.Attempt) }

// takeSnapshot works on a batch of a few tasks, one commit for each event, and
// copies the files in the middle of it, as a machine that goes down leaves them.
func takeSnapshot(t *testing.T, tasks int) snapshot {
	t.Helper()
	dir := t.TempDir()
	s := openStore(t, dir)
	b := begin(t, s, "main", ledgertest.Tasks(tasks)...)
	var snap snapshot
	for e, err := range b.Events() {
		if err != nil {
			t.Fatal(err)
		}
		snap.acked = append(snap.acked, saidOf(e))
	}
	for i := range tasks {
		for _, e := range wholeWay(i, fmt.Appendf(nil, `{"n": %d, "text": %q}`, i, strings.Repeat("x", 700))) {
			mustAppend(t, b, e)
			snap.acked = append(snap.acked, saidOf(e))
		}
	}
	var err error
	if snap.db, err = os.ReadFile(s.path); err != nil {
		t.Fatal(err)
	}
	if snap.log, err = os.ReadFile(s.path + "-wal"); err != nil {
		t.Fatal(err)
	}
	return snap
}

// lay writes files into a state folder of their own.
func (s snapshot) lay(t *testing.T, dir string) {
	t.Helper()
	for name, text := range map[string][]byte{"": s.db, "-wal": s.log} {
		if err := os.WriteFile(filepath.Join(dir, fileName+name), text, fileMode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(dir, fileName+"-shm")); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
}

// inspectAll opens a state folder and reads everything of its batch. It returns
// what was recorded, and whether rows and events tell the same; an error is the
// ledger's own.
func inspectAll(dir string) (recorded []string, err error) {
	s, err := Open(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	b, ok, err := s.Latest("main")
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, errors.New("no batch")
	}
	for e, err := range b.Events() {
		if err != nil {
			return nil, err
		}
		recorded = append(recorded, saidOf(e))
	}
	folded, err := Fold(b.Events())
	if err != nil {
		return nil, err
	}
	n := 0
	for r, err := range b.Rows(0) {
		if err != nil {
			return nil, err
		}
		if n >= len(folded) || folded[n].State != r.State || folded[n].Attempt != r.Attempt || folded[n].RunID != r.RunID {
			return nil, fmt.Errorf("%w: task %d is %s by its row", errUntrue, r.Position, r.State)
		}
		n++
	}
	if n != len(folded) {
		return nil, fmt.Errorf("%w: %d rows, %d by the events", errUntrue, n, len(folded))
	}
	for _, err := range b.Records(0) {
		if err != nil {
			return nil, err
		}
	}
	return recorded, nil
}

var errUntrue = errors.New("rows and events differ")

// frames returns where each frame of a log begins, and where the last one ends.
// https://sqlite.org/fileformat.html#the_write_ahead_log
func frames(t *testing.T, log []byte) (starts []int, commits map[int]bool) {
	t.Helper()
	const header, frameHeader = 32, 24
	page := int(binary.BigEndian.Uint32(log[8:]))
	salts := log[16:24]
	commits = map[int]bool{}
	at := header
	for at+frameHeader+page <= len(log) && slices.Equal(log[at+8:at+16], salts) {
		starts = append(starts, at)
		at += frameHeader + page
		if binary.BigEndian.Uint32(log[at-page-frameHeader+4:]) != 0 {
			commits[at] = true
		}
	}
	return append(starts, at), commits
}

// A log that was cut anywhere is read up to the last commit that is whole: what
// is there is the beginning of what was acknowledged, and nothing contradicts it.
func TestATornLogIsAPrefix(t *testing.T) {
	tasks := 4
	if testing.Short() {
		tasks = 2
	}
	snap := takeSnapshot(t, tasks)
	starts, commits := frames(t, snap.log)
	if len(starts) < 4*tasks {
		t.Fatalf("the log has %d frames, want one for each event at least", len(starts)-1)
	}
	dir := t.TempDir()
	first, whole := -1, 0 // events in the file alone; commits that are whole
	for _, start := range starts {
		for _, cut := range []int{start - 1, start, start + 1} {
			if cut > len(snap.log) {
				continue
			}
			torn := snap
			torn.log = snap.log[:cut]
			torn.lay(t, dir)
			recorded, err := inspectAll(dir)
			if err != nil {
				t.Fatalf("cut at %d: %v", cut, err)
			}
			if cut >= start && commits[start] && cut == start {
				whole++
			}
			if first < 0 {
				first = len(recorded)
			}
			if want := snap.acked[:first+whole]; !slices.Equal(recorded, want) {
				t.Fatalf("cut at %d, after %d commits: got %d events, want %d, or others", cut, whole, len(recorded), len(want))
			}
		}
	}
	if first+whole != len(snap.acked) {
		t.Errorf("the whole log has %d events, want %d", first+whole, len(snap.acked))
	}
	t.Logf("%d frames, %d commits, %d events in the file alone", len(starts)-1, whole, first)
}

// Flipped bytes are refused, with the file's name and what to do, or SQLite
// can't know of them. A log is read up to the damage; of a file SQLite's own
// structures are checked, and not what the cells hold.
func TestFlippedBytes(t *testing.T) {
	snap := takeSnapshot(t, 8)
	rounds := 200
	if testing.Short() {
		rounds = 60
	}
	// Any seed will do; one that fails comes back.
	seed := uint64(20260101)
	if text := os.Getenv("LEDGER_TEST_SEED"); text != "" {
		if _, err := fmt.Sscan(text, &seed); err != nil {
			t.Fatal(err)
		}
	}
	dice := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	t.Run("log", func(t *testing.T) {
		starts, _ := frames(t, snap.log)
		shorter := 0
		for range rounds {
			damaged := snap
			damaged.log = slices.Clone(snap.log)
			at := dice.IntN(starts[len(starts)-1])
			damaged.log[at] ^= byte(1 + dice.IntN(255))
			damaged.lay(t, dir)
			recorded, err := inspectAll(dir)
			if err != nil {
				t.Errorf("seed %d, byte %d: %v", seed, at, err)
				continue
			}
			if len(recorded) > len(snap.acked) || !slices.Equal(recorded, snap.acked[:len(recorded)]) {
				t.Errorf("seed %d, byte %d: got %d events that are not the beginning of what was acknowledged", seed, at, len(recorded))
			}
			if len(recorded) < len(snap.acked) {
				shorter++
			}
		}
		if shorter == 0 {
			t.Error("nothing was damaged")
		}
		t.Logf("%d of %d lost something", shorter, rounds)
	})
	// A clean file: what the log had is in it.
	snap.lay(t, dir)
	if _, err := inspectAll(dir); err != nil {
		t.Fatal(err)
	}
	var err error
	if snap.db, err = os.ReadFile(filepath.Join(dir, fileName)); err != nil {
		t.Fatal(err)
	}
	snap.log = nil
	t.Run("file", func(t *testing.T) {
		refused, same, unnoticed := 0, 0, 0
		for range rounds {
			damaged := snap
			damaged.db = slices.Clone(snap.db)
			at := dice.IntN(len(snap.db))
			if dice.IntN(2) == 0 {
				damaged.db[at] ^= byte(1 + dice.IntN(255))
			} else { // a sector that was never written
				at -= at % 512
				clear(damaged.db[at : at+512])
			}
			damaged.lay(t, dir)
			recorded, err := inspectAll(dir)
			switch {
			case err == nil && slices.Equal(recorded, snap.acked):
				same++
			case err == nil:
				unnoticed++
			default:
				refused++
				if !strings.Contains(err.Error(), fileName) && !errors.Is(err, errUntrue) && !errors.Is(err, batch.ErrConflict) {
					t.Errorf("seed %d, byte %d: got %v, want the file's name", seed, at, err)
				}
			}
		}
		if refused == 0 {
			t.Error("nothing was refused")
		}
		t.Logf("%d refused, %d with the same events, %d with others", refused, same, unnoticed)
	})
}

// A ledger that was closed in order is checked, too, also where nobody would
// read what is damaged.
func TestDamageThatNobodyReads(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	b := begin(t, s, "main", ledgertest.Tasks(2)...)
	mustAppend(t, b, wholeWay(0, []byte("{}"))...)
	var page int64
	err := s.read(func(c *connection) error {
		_, err := c.one(`SELECT rootpage FROM sqlite_schema WHERE name = 'progress_doubt'`, nil, &page)
		return err
	})
	if err = errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(s.path)
	if err != nil {
		t.Fatal(err)
	}
	clear(text[(page-1)*4096 : page*4096])
	if err := os.WriteFile(s.path, text, fileMode); err != nil {
		t.Fatal(err)
	}
	if _, err := inspectAll(dir); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), s.path) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want %v with the path, in one line", err, ErrDamaged)
	}
}

// An event that lacks what every event of its kind has is refused when it is
// read.
func TestDamagedEvents(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	b := begin(t, s, "main", ledgertest.Tasks(1)...)
	mustAppend(t, b, wholeWay(0, []byte("{}"))...)
	for _, data := range []string{"{}", "", "null", "[", `{"run": 1}`, "\x00"} {
		for _, kind := range []batch.Kind{batch.AttemptStarted, batch.AttemptEnded, batch.TaskJudged} {
			snap := t.TempDir()
			text, err := os.ReadFile(s.path)
			if err != nil {
				t.Fatal(err)
			}
			log, err := os.ReadFile(s.path + "-wal")
			if err != nil {
				t.Fatal(err)
			}
			snapshot{db: text, log: log}.lay(t, snap)
			raw(t, snap, fmt.Sprintf("UPDATE events SET data = CAST(x'%x' AS TEXT) WHERE kind = '%s'", data, kind))
			damaged, ok, err := openStore(t, snap).Latest("main")
			if err != nil || !ok {
				t.Fatal(ok, err)
			}
			if _, err := Fold(damaged.Events()); !errors.Is(err, ErrDamaged) {
				t.Errorf("%s with %q: got %v, want %v", kind, data, err, ErrDamaged)
			}
			if _, err := damaged.TaskEvents(0); !errors.Is(err, ErrDamaged) {
				t.Errorf("%s with %q, alone: got %v, want %v", kind, data, err, ErrDamaged)
			}
		}
	}
}
