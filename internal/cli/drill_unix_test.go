//go:build unix

package cli_test

import (
	"encoding/pem"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// engine.md, "Failure drill": whatever happens to the program and to the
// service, no run is bought twice, none is lost, no result is lost or changed,
// and the reports are those of a batch to which nothing happened.
//
// The program is built with failpoints and killed, stopped, interrupted and
// started twice, against a service that misbehaves and lives in this process.
//
//	go test ./internal/cli -run Drill -v
//	DRILL=long go test ./internal/cli -run Drill -v -timeout 1h
//	DRILL_SEED=N go test ./internal/cli -run Drill/PHASE -v
//
// A seed brings the same blows in the same order; when exactly they fall is up
// to the machine.
func TestDrill(t *testing.T) {
	seedOf := func(i int) uint64 { return uint64(time.Now().UnixNano()) + uint64(i) }
	if text := os.Getenv("DRILL_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("DRILL_SEED: %v", err)
		}
		seedOf = func(int) uint64 { return seed }
	}
	phases := shortDrill()
	switch {
	case os.Getenv("DRILL") == "long":
		phases = longDrill()
	case testing.Short():
		phases = phases[:1]
	}
	program := drilledProgram(t)
	rows := drillTable{began: time.Now()}
	t.Cleanup(func() { t.Log(rows.String()) }) // after the phases, which run side by side
	for i, p := range phases {
		seed := seedOf(i)
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			d := newDrill(t, p, program, seed)
			defer func() {
				d.row.time = time.Since(began)
				d.row.failed = t.Failed()
				rows.add(d.row)
				if t.Failed() {
					t.Logf("again with DRILL_SEED=%d; what was done:\n%s", seed, strings.Join(d.diary, "\n"))
				}
			}()
			d.run()
		})
	}
}

// A phase is one batch and what happens to it.
type phase struct {
	name   string
	tasks  int
	kinds  []string      // of tasks, in turn; nil for the usual ones
	limits string        // of the manifest, instead of the drill's own
	more   string        // further keys of the manifest, as lines
	flags  []string      // further flags of apply
	faults string        // of the service
	http2  bool          // the service speaks HTTP/2, behind TLS
	settle time.Duration // the flag --settle; 0 for the drill's own
	blows  []blow

	again   bool  // a task whose run failed, or was stopped by order, gets another
	unknown bool  // tasks may end as unknown
	late    bool  // runs may be listed later than the settle time, and then be bought again
	codes   []int // with which a process may give up before the batch is done
}

// drillSettle is far above what the drill's service takes to list a run.
const drillSettle = time.Second

// A drill is a phase at work.
type drill struct {
	phase
	t       *testing.T
	program string
	seed    uint64
	dice    *rand.Rand
	service *drillService
	dir     string // of the manifest, the reports and what the processes said
	state   string
	left    int // blows still to come, this one included
	memory  map[string]remembered
	row     drillRow
	diary   []string

	// As the last look found it.
	finished bool
	code     int // that the batch ends with, if it is finished
}

func newDrill(t *testing.T, p phase, program string, seed uint64) *drill {
	d := &drill{
		phase: p, t: t, program: program, seed: seed, dice: rand.New(rand.NewPCG(seed, 0)),
		service: newDrillService(t, p.faults, seed, p.http2), dir: t.TempDir(),
		row: drillRow{phase: p.name, seed: seed, tasks: p.tasks},
	}
	d.state = filepath.Join(d.dir, "state")
	if p.http2 {
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: d.service.http.Certificate().Raw})
		if err := os.WriteFile(d.path("ca.pem"), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d.writeManifest()
	return d
}

func (d *drill) run() {
	for i, b := range d.blows {
		if d.finished {
			break // the next apply would be a batch of its own
		}
		d.left = len(d.blows) - i
		d.note("%s", b.name)
		b.strike(d)
		d.row.blows++
	}
	// How fast the machine is decides where the last ones fall.
	if d.row.blows < (len(d.blows)+1)/2 {
		d.t.Errorf("only %d of %d blows fell before the batch was done", d.row.blows, len(d.blows))
	}
	for tries := 0; !d.finished; tries++ {
		if tries == 20 {
			d.t.Fatal("the batch does not come to an end")
		}
		d.ends(d.apply(""), d.codes...)
	}
	d.report()
	d.account()
}

func (d *drill) note(format string, args ...any) {
	d.diary = append(d.diary, fmt.Sprintf("%d of %d bought: ", d.service.Stats().Creates, d.tasks)+fmt.Sprintf(format, args...))
}

// apply starts a process that carries the batch on. point is where it ends.
func (d *drill) apply(point string) *process {
	return startProcess(d.t, d.stderr(), d.env(point), d.applyLine()...)
}

func (d *drill) applyLine() []string {
	settle := drillSettle
	if d.settle > 0 {
		settle = d.settle
	}
	return append([]string{
		d.program, "apply", d.path("tasks.yaml"), "--state", d.state, "-j", "12", "--settle", settle.String(),
		"-q", "-o", d.path("out.csv"), "-o", d.path("out.jsonl"),
	}, d.flags...)
}

func (d *drill) env(point string) []string {
	env := drillEnv(point, "BROWSERBASE_API_KEY="+drillKey, "BROWSERBASE_BASE_URL="+d.service.http.URL, "DRILL_TOKEN="+drillToken)
	if d.http2 {
		env = append(env, "SSL_CERT_FILE="+d.path("ca.pem"))
	}
	return env
}

func (d *drill) path(name string) string { return filepath.Join(d.dir, name) }
func (d *drill) stderr() string          { return d.path("stderr.txt") }

// ends waits for a process, looks at what it left and checks its exit code:
// that of the batch if that is done, else one of those that are given. A process
// that was killed has none.
func (d *drill) ends(p *process, codes ...int) {
	d.t.Helper()
	code := p.wait(d.t)
	d.look()
	d.note("it ended with %d", code)
	switch {
	case slices.Contains(codes, code):
	case d.finished && code == d.code:
	default:
		d.t.Errorf("a process ended with %d (batch finished: %v), want %d at its end, else one of %v; it said:\n%s", code, d.finished, d.code, codes, p.said())
	}
	if code == killed {
		d.row.kills++
	}
}

const killed = -int(syscall.SIGKILL)

// goOn lets a process work until the service has accepted some more creates:
// as many that the blows are spread over the batch. Then it may be anywhere.
func (d *drill) goOn(p *process) {
	bought := d.service.Stats().Creates
	goal := bought + d.some()
	for patience := time.Now().Add(3 * time.Second); d.service.Stats().Creates < goal && time.Now().Before(patience); {
		if !p.alive(time.Millisecond) {
			return
		}
	}
	p.alive(time.Duration(d.dice.IntN(60)) * time.Millisecond)
}

// some is a number of creates that the next blow may wait for.
func (d *drill) some() int {
	todo := d.tasks - d.service.Stats().Creates
	return 1 + d.dice.IntN(max(1, todo/(d.left+1)))
}

// A drillRow is one line of the table at the end.
type drillRow struct {
	phase                                                           string
	seed                                                            uint64
	tasks, blows, kills, created, adopted, unknown, late, duplicate int
	time                                                            time.Duration
	failed                                                          bool
}

type drillTable struct {
	began time.Time
	mu    sync.Mutex
	rows  []drillRow
}

func (t *drillTable) add(r drillRow) {
	t.mu.Lock()
	t.rows = append(t.rows, r)
	t.mu.Unlock()
}

func (t *drillTable) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	slices.SortFunc(t.rows, func(a, b drillRow) int { return strings.Compare(a.phase, b.phase) })
	var b strings.Builder
	fmt.Fprintf(&b, "\n%-28s %20s %6s %6s %6s %8s %8s %8s %5s %11s %8s\n", "phase", "seed", "tasks", "blows", "kills", "accepted", "adopted", "unknown", "late", "duplicates", "time")
	sum := drillRow{phase: fmt.Sprintf("%d phases", len(t.rows)), time: time.Since(t.began)}
	line := func(r drillRow, seed string) {
		fmt.Fprintf(&b, "%-28s %20s %6d %6d %6d %8d %8d %8d %5d %11d %7.1fs", r.phase, seed, r.tasks, r.blows, r.kills, r.created, r.adopted, r.unknown, r.late, r.duplicate, r.time.Seconds())
		if r.failed {
			b.WriteString("  FAILED")
		}
		b.WriteByte('\n')
	}
	for _, r := range t.rows {
		line(r, strconv.FormatUint(r.seed, 10))
		sum.tasks += r.tasks
		sum.blows += r.blows
		sum.kills += r.kills
		sum.created += r.created
		sum.adopted += r.adopted
		sum.unknown += r.unknown
		sum.late += r.late
		sum.duplicate += r.duplicate
		sum.failed = sum.failed || r.failed
	}
	line(sum, "")
	return b.String()
}
