package cli_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// A CSV of a gigabyte, a few rows of eight megabytes and very many of a few hundred bytes, is
// checked in memory that its size says nothing of but for the ids.
func TestGigabyte(t *testing.T) {
	if os.Getenv("BBBATCH_BIG") == "" || runtime.GOOS != "linux" || raceDetector || testing.Short() {
		t.Skip("set BBBATCH_BIG=1: it writes a gigabyte and reads /proc")
	}
	dir := t.TempDir()
	const long, short = 64, 1_200_000
	file, err := os.Create(filepath.Join(dir, "rows.csv"))
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriterSize(file, 1<<20)
	_, _ = io.WriteString(w, "sku,name,note\n")
	for i := range long {
		_, _ = fmt.Fprintf(w, "long-%d,n,", i)
		repeated{`"`, strings.Repeat("x", 63) + "\n", 8 << 14, `"` + "\n"}.writeTo(w)
	}
	note := strings.Repeat("y", 400)
	for i := range short {
		_, _ = fmt.Fprintf(w, "short-%d,Product number %d,%s\n", i, i, note)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	info, err := file.Stat()
	if err != nil || file.Close() != nil || info.Size() < 1<<30-1<<24 {
		t.Fatalf("got %v, %v, want a gigabyte", info, err)
	}
	manifest := filepath.Join(dir, "tasks.yaml")
	text := "version: 1\ntasks:\n  - {id: 'p-${{ row.sku }}', forEach: rows.csv, task: 'Find ${{ row.name }}: ${{ row.note }}'}\n"
	if err := os.WriteFile(manifest, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	peak := filepath.Join(dir, "peak")
	cmd := exec.Command(os.Args[0], "check", manifest)
	cmd.Env = append(os.Environ(), asProgram+"=1", peakFile+"="+peak)
	out, err := cmd.CombinedOutput()
	if want := ": ok: 1,200,064 tasks\n"; err != nil || !strings.HasSuffix(string(out), want) {
		t.Errorf("got %q, %v, want %q", out, err, want)
	}
	said, err := os.ReadFile(peak)
	if err != nil {
		t.Fatal(err)
	}
	kilos, err := strconv.Atoi(string(said))
	if err != nil || kilos > 150<<10 {
		t.Errorf("got a peak of %d KB, %v, want 150 MB at most", kilos, err)
	}
	t.Logf("a peak of %d MB", kilos>>10)
}
