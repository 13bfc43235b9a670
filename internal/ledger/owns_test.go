package ledger

import "testing"

func TestTheLedgerOwnsItsFiles(t *testing.T) {
	for path, want := range map[string]bool{
		"ledger.db": true, "LEDGER.DB-wal": true, "prices.lock": true, "results": true, "results/7f3a/0-1.json": true,
		"result-123.json": true, "result-1.csv": false, "prices.csv": false, "out/prices.lock": false, "out/results/a.csv": false,
	} {
		if got := Owns(path); got != want {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
}
