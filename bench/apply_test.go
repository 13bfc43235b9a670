package bench_test

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/internal/cli"
)

// serving marks a test binary that was started to be the server; profiling
// names the file that takes the server's CPU profile, and may be empty.
const (
	serving   = "BBBATCH_BENCH_SERVER"
	profiling = "BBBATCH_BENCH_SERVER_PROFILE"
)

// TestMain lets the test binary be the server as well: the client that is
// measured, or profiled, must not share its process.
func TestMain(m *testing.M) {
	if os.Getenv(serving) != "" {
		os.Exit(serve())
	}
	os.Exit(m.Run())
}

func serve() int {
	if name := os.Getenv(profiling); name != "" {
		f, err := os.Create(name)
		if err == nil {
			err = pprof.StartCPUProfile(f)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { pprof.StopCPUProfile(); _ = f.Close() }()
	}
	return cli.Main([]string{"serve", "--agent", "script", "--rules", "rules.json", "--addr", "127.0.0.1:0"}, cli.System())
}

// startServer starts a server with the runs of rules.json, and returns its
// address.
func startServer(b *testing.B) string {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), serving+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if cmd.Process.Signal(os.Interrupt) != nil { // as on Windows
			_ = cmd.Process.Kill()
		}
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimPrefix(strings.TrimSpace(line), "export BROWSERBASE_BASE_URL=")
}

// writeBatch copies the manifest into a new folder and writes its rows.
func writeBatch(b *testing.B, tasks int) string {
	b.Helper()
	dir := b.TempDir()
	for _, name := range []string{"tasks.yaml", "product.schema.json"} {
		text, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	var rows bytes.Buffer
	rows.WriteString("sku,url\n")
	for i := range tasks {
		fmt.Fprintf(&rows, "%05d,https://shop.example/products/%05d.html\n", i+1, i+1)
	}
	if err := os.WriteFile(filepath.Join(dir, "rows.csv"), rows.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	return filepath.Join(dir, "tasks.yaml")
}

// system is the world of a program that writes to nobody.
func system(url string) cli.Sys {
	s := cli.System()
	s.Stdout, s.Stderr = io.Discard, io.Discard
	s.Terminal = func() (int, bool) { return 0, false }
	s.Getenv = func(name string) string {
		switch name {
		case "BROWSERBASE_API_KEY":
			return "bench"
		case "BROWSERBASE_BASE_URL":
			return url
		}
		return ""
	}
	return s
}

var tasks = flag.Int("tasks", 2000, "tasks of each batch of BenchmarkApply")

// BenchmarkApply is the whole program at -j 20, a batch for each b.N, with the
// server in another process.
func BenchmarkApply(b *testing.B) {
	url := startServer(b)
	file := writeBatch(b, *tasks)
	sys := system(url)
	out := filepath.Join(filepath.Dir(file), "out.jsonl")
	began, cpu := time.Now(), cpuTime()
	b.ResetTimer()
	for b.Loop() {
		if code := cli.Main([]string{"apply", file, "-j", "20", "-o", out, "--new"}, sys); code != 0 {
			b.Fatalf("got exit code %d, want 0", code)
		}
	}
	n := float64(b.N * *tasks)
	b.ReportMetric(n/time.Since(began).Seconds(), "tasks/s")
	b.ReportMetric(float64((cpuTime()-cpu).Microseconds())/n, "cpu-µs/task")
}
