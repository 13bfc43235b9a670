package ledger

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger/ledgertest"
)

// A read that goes through everything is given up in its middle, and the
// connection is as good as before.
func TestAReadIsGivenUp(t *testing.T) {
	s := openStore(t, t.TempDir())
	b := begin(t, s, "main", ledgertest.Tasks(3)...)
	mustAppend(t, b, wholeWay(1, []byte("1"))[:2]...)
	brief, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	err := s.readUntil(brief, func(c *connection) error {
		var n int
		_, err := c.one(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) SELECT count(*) FROM n`, nil, &n)
		return err
	})
	if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took > 10*time.Second {
		t.Errorf("got %v after %s, want the end of the time", err, took)
	}
	if _, err := b.SummaryUntil(brief); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the end of the time", err)
	}
	sum, err := b.Summary()
	if err != nil || sum.Counts[batch.Running] != 1 || sum.Counts[batch.Pending] != 2 {
		t.Errorf("got %v, %v, want 1 running and 2 pending", sum.Counts, err)
	}
	if n, err := b.InFlight(); err != nil || n != 1 {
		t.Errorf("in flight: got %d, %v, want 1", n, err)
	}
}
