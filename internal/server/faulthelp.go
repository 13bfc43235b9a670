package server

import (
	"fmt"
	"strings"
)

// FaultHelp explains every fault that [ParseFaults] knows, a line each.
func FaultHelp() string {
	var b strings.Builder
	for _, f := range faultTable {
		name := f.name
		switch f.value {
		case "duration":
			name += "=2s"
		case "refusal":
			name += "=401:N"
		}
		fmt.Fprintf(&b, "  %-18s %s\n", name, f.does)
	}
	return b.String()
}
