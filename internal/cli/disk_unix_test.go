//go:build unix

package cli_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// engine.md "Stopping": an error while the ledger is written is fatal. No create
// follows, the process ends with 70, and the next apply, which may write again,
// buys nothing twice. Here the system refuses to let a file grow beyond 10 MB,
// which no ballast helps against.
func TestAWriteThatIsRefusedIsTheEnd(t *testing.T) {
	t.Parallel()
	notWithRace(t)
	const tasks = 70
	d := newDiskTest(t, filepath.Join(t.TempDir(), "state"), tasks, 200_000, "50ms")
	said, code := d.apply("sh", "-c", `ulimit -f 20000 && exec "$0" "$@"`)
	bought := d.server.Stats().Creates
	if code != 70 || !strings.Contains(said, "is used no more: disk I/O error") || !strings.Contains(said, "\nhint: what was acknowledged is safe; make room or mend the state folder") {
		t.Errorf("got exit code %d, want 70, why, and what to do\n%s", code, said)
	}
	if bought == 0 || bought == tasks {
		t.Fatalf("%d creates, want some and not all", bought)
	}
	if strings.Contains(said, "the disk is full") {
		t.Errorf("it is not full\n%s", said)
	}
	outcomes, _ := d.outcomes()
	if passed := strings.Count(said, "passed  t"); outcomes["passed"] < passed {
		t.Errorf("%d results were acknowledged, and there are %v", passed, outcomes)
	}
	if said, code := d.apply(); code != 0 {
		t.Errorf("without the limit: exit code %d\n%s", code, said)
	}
	d.boughtOnce(tasks)
}
