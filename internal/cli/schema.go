package cli

import (
	"github.com/spf13/cobra"

	"github.com/bbbatch/bbbatch/internal/manifest"
	"github.com/bbbatch/bbbatch/report"
)

func newSchema(sys Sys) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of a format",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	print := func(c *cobra.Command, text []byte) {
		c.Args = cobra.NoArgs
		c.RunE = func(*cobra.Command, []string) error {
			_, err := sys.Stdout.Write(text)
			return unlessGone(err)
		}
		cmd.AddCommand(c)
	}
	print(&cobra.Command{
		Use:   "manifest",
		Short: "Print the JSON Schema of the manifest, for editors",
		Long: `Print the JSON Schema of the manifest.

An editor with a YAML language server completes and explains every key when
the manifest's first line names the file that this command wrote.`,
		Example: `  bbbatch schema manifest > bbbatch.schema.json
  # then, as the first line of tasks.yaml:
  # yaml-language-server: $schema=./bbbatch.schema.json`,
	}, manifest.Schema())
	print(&cobra.Command{
		Use:   "result",
		Short: "Print the JSON Schema of a record of a JSONL report",
		Long: `Print the JSON Schema of one line of a report in JSONL: one record for each
task, with what is known of it.`,
		Example: `  bbbatch schema result > result.schema.json`,
	}, report.ResultSchema())
	print(&cobra.Command{
		Use:   "event",
		Short: "Print the JSON Schema of an event",
		Long: `Print the JSON Schema of one line of "bbbatch apply --events FILE", and of one
line of standard error with "--progress json". What each kind of event means,
and what it says, is in the descriptions.`,
		Example: `  bbbatch schema event > event.schema.json`,
	}, report.EventSchema())
	return cmd
}
