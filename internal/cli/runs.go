package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/api"
	"github.com/bbbatch/bbbatch/api/browserbase"
)

const runsExitCodes = `Exit codes:
  0    done
  2    the command line is wrong: the service does not know the run, or finds
       fault with what was asked
  5    no key, or the service refused it, can't be reached or gave no answer
       that can be read`

// runsKey says where the key and the address come from.
const runsKey = `The key is read from BROWSERBASE_API_KEY, the address from --provider-url or
BROWSERBASE_BASE_URL.`

// A runsCommand is what the commands below runs share.
type runsCommand struct {
	sys         Sys
	providerURL string
	envFile     string
}

func newRuns(sys Sys) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "runs",
		Short: "Ask the service about its runs: get, list, stop, messages",
		Long: `Ask the service about its runs, one call each. Answers are printed as the service
gave them, in JSON, but for the key, which is masked; the secrets of a manifest
are not known here and are not masked. In lists control characters are spaces, so
that each entry is one line; on a terminal they are replaced everywhere.
Nothing is read from or written to a ledger.

` + runsKey + `

` + runsExitCodes,
		Example: `  bbbatch runs list --status RUNNING | jq -r .runId
  bbbatch runs get 0b4f6e3c-54f8-4b1e-9d0a-7f1f3a2b9c11 | jq .result
  bbbatch runs stop 0b4f6e3c-54f8-4b1e-9d0a-7f1f3a2b9c11`,
		Args: cobra.NoArgs, // checkArguments names the nearest command
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(newRunsGet(sys), newRunsList(sys), newRunsStop(sys), newRunsMessages(sys))
	return cmd
}

// service adds the flags that say how the service is reached.
func (r *runsCommand) service(cmd *cobra.Command) *cobra.Command {
	flagGroup(cmd, groupService, func(flags *pflag.FlagSet) {
		providerURLVar(flags, &r.providerURL)
		flags.Lookup("provider-url").Usage = "`ADDRESS` of the service (default: BROWSERBASE_BASE_URL, else the vendor's)"
		envFileVar(flags, &r.envFile)
	})
	return cmd
}

func newRunsGet(sys Sys) *cobra.Command {
	r := runsCommand{sys: sys}
	return r.service(&cobra.Command{
		Use:   "get ID…",
		Short: "Print runs as the service has them, results included",
		Long: `Print runs as the service has them, results included: each answer byte for byte,
in the order of the ids, a line end after each. A run that can't be read is told
and the others are printed.

` + runsKey + `

` + runsExitCodes,
		Example: `  bbbatch runs get 0b4f6e3c-54f8-4b1e-9d0a-7f1f3a2b9c11 | jq .result`,
		Args:    runIDs,
		RunE: func(c *cobra.Command, ids []string) error {
			return r.each(c.Context(), ids, func(ctx context.Context, c *client, id string) error {
				doc, err := c.Runs.Document(ctx, id)
				if err != nil {
					return err
				}
				return r.print(masked(doc, c.masks))
			})
		},
	})
}

func newRunsStop(sys Sys) *cobra.Command {
	r := runsCommand{sys: sys}
	return r.service(&cobra.Command{
		Use:   "stop ID…",
		Short: "Stop runs; what they have done stays",
		Long: `Ask the service to stop runs, and print each run as it was then. Each stop is
sent once; the run is STOPPED some time after. A run that had ended before is
told and is no error. When a batch owns the run, it will record the run as
stopped.

` + runsKey + `

` + runsExitCodes,
		Example: `  bbbatch runs stop 0b4f6e3c-54f8-4b1e-9d0a-7f1f3a2b9c11
  bbbatch runs list --status RUNNING | jq -r .runId | xargs -r bbbatch runs stop`,
		Args: runIDs,
		RunE: func(c *cobra.Command, ids []string) error {
			return r.each(c.Context(), ids, func(ctx context.Context, c *client, id string) error {
				doc, err := c.Runs.StopDocument(ctx, id)
				switch {
				case errors.Is(err, browserbase.ErrRunEnded):
					say(sys.Stderr, fmt.Sprintf("run %s had already ended: nothing was stopped", id), "")
					return nil
				case err != nil:
					return err
				case doc == nil:
					say(sys.Stderr, fmt.Sprintf("bbbatch: warning: the stop of run %s was accepted, but the answer can't be read", id), "bbbatch runs get shows how it stands")
					return nil
				}
				return r.print(masked(doc, c.masks))
			})
		},
	})
}

func newRunsList(sys Sys) *cobra.Command {
	r := runsCommand{sys: sys}
	var f browserbase.RunFilter
	var limit int
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the runs of the account, one a line, results included",
		Long: `List the runs of the account, one JSON object a line, in the order of the
service. Pages are followed until there are --limit runs. Results are included.

` + runsKey + `

` + runsExitCodes,
		Example: `  bbbatch runs list --status RUNNING --limit 1000 | jq -r .runId
  bbbatch runs list --since 2h | jq -r '[.runId, .status] | @tsv'
  bbbatch runs list --agent agent_123 --since 2026-01-19 --until 2026-01-20`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage(fmt.Errorf("list: takes no argument, got %s", strings.Join(args, " ")), "bbbatch runs get ID… prints runs by their ids")
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error {
			if limit == 0 {
				limit = listedRuns
			}
			f.Status = strings.ToUpper(f.Status)
			f.Limit = min(limit+1, runsPage)
			return r.lines(c.Context(), limit, "run", func(ctx context.Context, c *client) iter.Seq2[json.RawMessage, error] {
				return c.Runs.Documents(ctx, f)
			})
		},
	}
	flagGroup(cmd, "Runs", func(flags *pflag.FlagSet) {
		flags.StringVar(&f.Status, "status", "", "only those with the `STATUS`, such as RUNNING")
		flags.StringVar(&f.AgentID, "agent", "", "only those of the agent with the `ID`")
		momentVar(flags, &f.StartAt, "since", sys.Now, "only those created since `TIME`: 2h, 30d, 2026-01-19, 2026-01-19T15:04:05Z")
		momentVar(flags, &f.EndAt, "until", sys.Now, "only those created until `TIME`")
		countVar(flags, &limit, "limit", "", "`N` runs at most (default 100)")
	})
	// The only error is a second registration.
	_ = cmd.RegisterFlagCompletionFunc("status", cobra.FixedCompletions(
		[]cobra.Completion{"PENDING", "RUNNING", "PAUSED", "COMPLETED", "FAILED", "STOPPED", "TIMED_OUT"}, cobra.ShellCompDirectiveNoFileComp))
	return r.service(cmd)
}

func newRunsMessages(sys Sys) *cobra.Command {
	r := runsCommand{sys: sys}
	var f browserbase.MessageFilter
	var limit int
	cmd := &cobra.Command{
		Use:   "messages ID",
		Short: "Print the transcript of a run, one message a line",
		Long: `Print the transcript of a run, one JSON object a line, the oldest first: what
there is by now. Pages are followed to the end, or to --limit.

` + runsKey + `

` + runsExitCodes,
		Example: `  bbbatch runs messages 0b4f6e3c-54f8-4b1e-9d0a-7f1f3a2b9c11 | jq .message`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage(fmt.Errorf("messages: one run at a time, not %d", len(args)), c.UseLine())
			}
			return runIDs(c, args)
		},
		RunE: func(c *cobra.Command, ids []string) error {
			f.Limit = messagesPage
			return r.lines(c.Context(), limit, "message", func(ctx context.Context, c *client) iter.Seq2[json.RawMessage, error] {
				return c.Runs.MessageDocuments(ctx, ids[0], f)
			})
		},
	}
	flagGroup(cmd, "Messages", func(flags *pflag.FlagSet) {
		flags.StringVar(&f.Since, "since", "", "only those after the message with the `ID`")
		countVar(flags, &limit, "limit", "", "`N` messages at most (default: all)")
	})
	return r.service(cmd)
}

// How many runs are listed unless --limit says otherwise, and how many the
// service is asked for at once: results come with them.
const (
	listedRuns   = 100
	runsPage     = 100
	messagesPage = 100
)

// runIDs wants at least one id, and none that is empty.
func runIDs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usage(fmt.Errorf("%s: which run? ID is missing", c.Name()), c.UseLine())
	}
	for _, id := range args {
		if strings.TrimSpace(id) == "" || id == "." || id == ".." {
			return usage(fmt.Errorf("%s: %q is no id of a run", c.Name(), id), "bbbatch runs list and bbbatch show TASK tell ids")
		}
	}
	return nil
}

// each makes one call for every id. An error is told and the next id follows;
// one that every call would meet ends it.
func (r *runsCommand) each(ctx context.Context, ids []string, call func(context.Context, *client, string) error) error {
	c, err := newClient(r.sys, whereabouts{flag: r.providerURL}, "", nil)
	if err != nil {
		return err
	}
	defer c.Close()
	code := exitOK
	for _, id := range ids {
		err := call(ctx, c, id)
		if isGone(err) {
			return nil
		}
		if err == nil {
			continue
		}
		err = c.describe(err)
		if codeOf(err) != exitUsage {
			return err
		}
		complain(r.sys.Stderr, err)
		code = worst(code, codeOf(err))
	}
	if code != exitOK {
		return &failure{code: code, err: errTold}
	}
	return nil
}

// lines prints a sequence of documents, one a line, limit at most; 0 is no
// limit.
func (r *runsCommand) lines(ctx context.Context, limit int, what string, docs func(context.Context, *client) iter.Seq2[json.RawMessage, error]) error {
	c, err := newClient(r.sys, whereabouts{flag: r.providerURL}, "", nil)
	if err != nil {
		return err
	}
	defer c.Close()
	n := 0
	for doc, err := range docs(ctx, c) {
		if err != nil {
			return c.describe(err)
		}
		if limit > 0 && n == limit {
			say(r.sys.Stderr, fmt.Sprintf("only the first %s; there are more", plural(limit, what)), "--limit N prints more")
			return nil
		}
		n++
		// In JSON line ends are only between the tokens.
		doc = bytes.ReplaceAll(bytes.ReplaceAll(doc, []byte("\n"), []byte(" ")), []byte("\r"), []byte(" "))
		if err := r.print(masked(doc, c.masks)); err != nil {
			return unlessGone(err)
		}
	}
	return nil
}

// print writes a document, and a line end where it has none.
func (r *runsCommand) print(doc []byte) error {
	if !bytes.HasSuffix(doc, []byte("\n")) {
		doc = append(doc[:len(doc):len(doc)], '\n')
	}
	if _, err := r.sys.stdout().Write(doc); err != nil {
		return &failure{exitInternal, fmt.Errorf("standard output: %w", err), ""}
	}
	return nil
}

// describe gives an error of a call its exit code and its hint.
func (c *client) describe(err error) error {
	var e *api.Error
	var told *failure
	if errors.As(err, &told) {
		return err
	}
	err = &maskedError{c.masks.Mask(err.Error()), err}
	switch {
	case !errors.As(err, &e):
		if errors.Is(err, browserbase.ErrPaging) {
			return &failure{exitService, fmt.Errorf("%s: %w", c.baseURL, err), ""}
		}
		return usage(err, "")
	}
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return &failure{exitService, err, "check " + c.keyName}
	case http.StatusPaymentRequired:
		return &failure{exitService, err, "check the account's quota and plan"}
	case http.StatusNotFound:
		return usage(err, "bbbatch runs list tells the ids of the account's runs")
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return usage(err, "")
	case http.StatusTooManyRequests:
		hint := "try again later"
		if e.RetryAfter > 0 {
			hint = "try again in " + e.RetryAfter.Round(time.Second).String()
		}
		return &failure{exitService, err, hint}
	}
	return &failure{exitService, err, "check the network, the address (BROWSERBASE_BASE_URL, --provider-url) and the service"}
}

// A maskedError is an error whose text shows no secret.
type maskedError struct {
	text string
	err  error
}

func (e *maskedError) Error() string { return e.text }
func (e *maskedError) Unwrap() error { return e.err }
