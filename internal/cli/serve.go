package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/internal/server"
)

type serveFlags struct {
	addr, agent, rules, fault  string
	sites                      []string
	seed                       int64
	concurrency, perMinute     int
	runTime                    time.Duration
	allowPrivate, ignoreRobots bool
	verbose                    bool
}

func newServe(sys Sys) *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the agents API on this machine",
		Long: `Serve the agents API on this machine: the paths, bodies, statuses, errors and
paging of Browserbase's agent runs, in memory, so that the vendor's own SDK
works against it unchanged. It needs no account. The lines that a shell needs
to use it are printed on standard output; requests are logged on standard
error with --verbose.

The agent "page" opens the addresses in a task's text and fills the result
schema from what the pages state as data. The agent "script" answers from a
file of rules. --fault makes the server misbehave, for tests:

` + server.FaultHelp() + `
A fault that strikes single requests takes a chance (500=5%), a number of
requests (500=2, the first two) or a range of them (500=3..5); @ENDPOINT
confines it to create, get, list, stop, messages or agents (truncate=1@get).

Exit codes:
  0    stopped by a signal
  2    a flag or a file is wrong, or the address can't be listened on`,
		Example: `  bbbatch serve
  bbbatch serve --addr 127.0.0.1:4010 --site https://shop.example=examples/site
  bbbatch serve --agent script --rules rules.json --fault 429=5%,lost-create=3% --seed 7`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return serve(c.Context(), sys, f) },
	}
	flagGroup(cmd, "Server", func(flags *pflag.FlagSet) {
		flags.StringVar(&f.addr, "addr", "127.0.0.1:4010", "`ADDRESS` to listen on; port 0 picks a free one")
		flags.BoolVarP(&f.verbose, "verbose", "v", false, "log each request")
	})
	flagGroup(cmd, "Agent", func(flags *pflag.FlagSet) {
		choiceVar(flags, &f.agent, "agent", "page", "`WHO` does the work: page or script", "page", "script")
		flags.StringVar(&f.rules, "rules", "", "the script agent's rules, a JSON `FILE`")
		flags.StringArrayVar(&f.sites, "site", nil, "serve pages of an origin from a folder, `ORIGIN=DIR` (repeatable)")
		flags.BoolVar(&f.allowPrivate, "allow-private", false, "let the page agent open private and loopback addresses")
		flags.BoolVar(&f.ignoreRobots, "ignore-robots", false, "let the page agent open what robots.txt forbids")
	})
	flagGroup(cmd, "Limits and faults", func(flags *pflag.FlagSet) {
		flags.IntVar(&f.concurrency, "concurrency", 25, "`N` runs at work at once; more wait as PENDING")
		flags.IntVar(&f.perMinute, "creates-per-minute", 0, "answer 429 to more creates than `N` a minute (0: no limit)")
		flags.DurationVar(&f.runTime, "run-time", 15*time.Minute, "a run working longer than `TIME` ends as TIMED_OUT")
		flags.StringVar(&f.fault, "fault", "", "misbehave: `NAMES`, such as 429=5%,hang=1%")
		flags.Int64Var(&f.seed, "seed", 1, "`N`, the seed of the faults' dice")
	})
	return cmd
}

func serve(ctx context.Context, sys Sys, f serveFlags) (err error) {
	if _, _, err := net.SplitHostPort(f.addr); err != nil {
		return wrongFlag("addr", fmt.Errorf("must be HOST:PORT, such as 127.0.0.1:4010, not %q", f.addr), "")
	}
	config, err := f.config(sys)
	if err != nil {
		return usage(err, "see bbbatch serve --help")
	}
	srv, err := server.New(config)
	if err != nil {
		return usage(err, "see bbbatch serve --help")
	}
	defer func() { err = errors.Join(err, srv.Close()) }()
	listener, err := net.Listen("tcp", f.addr)
	if err != nil {
		return usage(fmt.Errorf("--addr: %w", err), "another process may hold it; --addr 127.0.0.1:0 picks a free port")
	}
	// Any key will do; a client wants one to be set.
	_, err = fmt.Fprintf(sys.Stdout, "export BROWSERBASE_BASE_URL=http://%s\nexport BROWSERBASE_API_KEY=local\n", listener.Addr())
	if err != nil {
		return errors.Join(err, listener.Close())
	}

	signals, stop := sys.Signals()
	defer stop()
	h := &http.Server{Handler: srv, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- h.Serve(listener) }()
	select {
	case <-signals:
	case <-ctx.Done():
	case err := <-served:
		return err
	}
	err = h.Close()
	if e := <-served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}

// config turns the flags into the server's configuration.
func (f serveFlags) config(sys Sys) (server.Config, error) {
	c := server.Config{
		Seed: f.seed, Concurrency: f.concurrency,
		CreatesPerMinute: f.perMinute, RunTime: f.runTime,
	}
	if f.verbose {
		c.Log = func(format string, args ...any) { say(sys.Stderr, fmt.Sprintf(format, args...), "") }
	}
	if f.agent != "script" && f.rules != "" {
		return c, errors.New("--rules: only the script agent follows rules; add --agent script")
	}
	var err error
	if c.Faults, err = server.ParseFaults(f.fault); err != nil {
		return c, fmt.Errorf("--fault: %w", err)
	}
	switch f.agent {
	case "page":
		sites, err := parseSites(f.sites)
		if err != nil {
			return c, err
		}
		c.Agent = server.Page(server.PageConfig{
			Sites: sites, AllowPrivate: f.allowPrivate, IgnoreRobots: f.ignoreRobots, UserAgent: "bbbatch/" + version(),
		})
	case "script":
		if f.rules == "" {
			return c, errors.New("--rules: the script agent needs a file of rules")
		}
		file, err := os.Open(f.rules)
		if err != nil {
			return c, fmt.Errorf("--rules: %w", err)
		}
		defer func() { _ = file.Close() }() // it was only read
		if c.Agent, err = server.Script(file); err != nil {
			return c, fmt.Errorf("--rules: %s: %w", f.rules, err)
		}
	}
	return c, nil
}

func parseSites(flags []string) (map[string]string, error) {
	sites := make(map[string]string, len(flags))
	for _, s := range flags {
		origin, dir, ok := strings.Cut(s, "=")
		if !ok || !strings.Contains(origin, "://") {
			return nil, fmt.Errorf("--site: must be ORIGIN=DIR, such as https://shop.example=./site, not %q", s)
		}
		abs, err := filepath.Abs(dir)
		if err != nil {
			return nil, err
		}
		if info, err := os.Stat(abs); err != nil || !info.IsDir() {
			return nil, fmt.Errorf("--site: %s is not a folder", dir)
		}
		sites[origin] = abs
	}
	return sites, nil
}
