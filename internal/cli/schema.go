package cli

import (
	"github.com/spf13/cobra"

	"github.com/bbbatch/bbbatch/internal/manifest"
)

func newSchema(sys Sys) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of a format",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "manifest",
		Short: "Print the JSON Schema of the manifest, for editors",
		Long: `Print the JSON Schema of the manifest.

An editor with a YAML language server completes and explains every key when
the manifest's first line names the file that this command wrote.`,
		Example: `  bbbatch schema manifest > bbbatch.schema.json
  # then, as the first line of tasks.yaml:
  # yaml-language-server: $schema=./bbbatch.schema.json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := sys.Stdout.Write(manifest.Schema())
			return unlessGone(err)
		},
	})
	return cmd
}
