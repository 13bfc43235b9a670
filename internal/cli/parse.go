package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// isParse reports whether an error came from cobra's reading of the command
// line: it has no type, and nothing of ours runs before it.
func isParse(err error) bool {
	for _, start := range []string{
		"unknown command", "unknown flag", "unknown shorthand", "flag needs", "invalid argument",
		"accepts ", "requires ", "bad flag syntax",
	} {
		if strings.HasPrefix(err.Error(), start) {
			return true
		}
	}
	return false
}

// parseHint names the nearest flag, or the help to read.
func parseHint(cmd *cobra.Command, err error) string {
	if name, ok := strings.CutPrefix(err.Error(), "unknown flag: --"); ok {
		best, least := "", 4
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if d := distance(name, f.Name); d < least {
				best, least = f.Name, d
			}
		})
		if best != "" {
			return fmt.Sprintf("did you mean --%s?", best)
		}
	}
	return fmt.Sprintf("see %s --help", cmd.CommandPath())
}

// distance is the number of letters to insert, delete or replace to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
