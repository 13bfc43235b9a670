//go:build unix

package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Who is told to end while a large batch is opened ends at once, and the next
// apply removes what there is of it.
func TestOpeningALargeBatchIsInterrupted(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) { openingIsInterrupted(t, signal) })
	}
}

func openingIsInterrupted(t *testing.T, signal syscall.Signal) {
	const rows = 100_000
	s, url := agentsAPI(t, `[{"result": {"ok": true}}]`, 0)
	dir := t.TempDir()
	var data strings.Builder
	data.WriteString("sku\n")
	for i := range rows {
		fmt.Fprintf(&data, "%08d\n", i*7919%rows)
	}
	manifest := "version: 1\ntasks:\n  - {id: \"${{ row.sku }}\", forEach: rows.csv, task: \"Find ${{ row.sku }}.\"}\n"
	for name, text := range map[string]string{"rows.csv": data.String(), "tasks.yaml": manifest} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd, said := background(t, dir, url, "apply", "tasks.yaml", "-o", "out.csv")
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		if info, err := os.Stat(filepath.Join(dir, ".bbbatch", "ledger.db-wal")); err == nil && info.Size() > 2<<20 {
			break
		}
		if time.Since(began) > 30*time.Second {
			t.Fatal("the batch is not being opened")
		}
	}
	began := time.Now()
	if err := cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	code := ended(t, cmd)
	if took := time.Since(began); took > 2*time.Second { // the machine may be busy
		t.Errorf("ending took %s, want a second", took)
	}
	if code != 130 || said.String() != "interrupted before anything was started\n" {
		t.Errorf("exit code %d, want 130, and:\n%s", code, said)
	}
	cmd, said = background(t, dir, url, "apply", "tasks.yaml", "--limit", "1", "-o", "out.csv")
	code = ended(t, cmd)
	if code != 0 {
		t.Errorf("exit code %d, want 0, and:\n%s", code, said)
	}
	if got := s.Stats().Creates; got != 1 {
		t.Errorf("%d creates, want 1", got)
	}
}
