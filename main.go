// Command bbbatch runs batches of AI browser-agent tasks from a declarative
// file. See README.md, or bbbatch --help.
package main

import (
	"os"

	"github.com/bbbatch/bbbatch/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], cli.System())) }
