package cli

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/internal/manifest"
)

func newCheck(sys Sys) *cobra.Command {
	var file fileArg
	var envFile string
	cmd := &cobra.Command{
		Use:   "check FILE",
		Short: "Check a manifest; sends nothing and needs no key",
		Long: `Check a manifest: load it, compile every schema, expand every row of its data
files. Nothing is sent, no key is needed and no secret is read; secrets that
are not set are named as warnings. FILE "-" is standard input.

Every problem is printed at once, in file order, as FILE:LINE:COLUMN: WHERE: WHAT.

Exit codes:
  0    the manifest is right
  2    it is not`,
		Example: `  bbbatch check tasks.yaml
  bbbatch check - < tasks.yaml`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			name, err := file.name(c, args)
			if err != nil {
				return err
			}
			m, err := load(sys, name)
			if err != nil {
				return err
			}
			for _, name := range m.UsedSecrets() {
				if sys.Getenv(name) == "" {
					say(sys.Stderr, fmt.Sprintf("bbbatch: warning: %s: the secret %s is not set", m.File, name), "apply will need it in the environment")
				}
			}
			_, err = fmt.Fprintf(sys.Stdout, "%s: ok: %s\n", m.File, plural(m.Total, "task"))
			return unlessGone(err)
		},
	}
	flagGroup(cmd, "Manifest", func(flags *pflag.FlagSet) {
		file.define(flags)
		envFileVar(flags, &envFile)
	})
	return cmd
}

// load reads a manifest and prints its warnings. Its problems are usage errors.
func load(sys Sys, path string) (*manifest.Manifest, error) {
	m, err := manifest.Load(path, manifest.Options{Stdin: sys.Stdin, Dir: "."})
	if err != nil {
		return nil, &failure{code: exitUsage, err: err}
	}
	for _, w := range m.Warnings {
		complainOf(sys.Stderr, w)
	}
	return m, nil
}
