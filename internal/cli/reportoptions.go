package cli

import (
	"github.com/bbbatch/bbbatch/internal/manifest"
	"github.com/bbbatch/bbbatch/report"
)

// reportOptions are what a manifest says of a report.
func reportOptions(r manifest.Report) report.Options {
	o := report.Options{Unwind: r.Unwind, Repetitions: r.Rows == "repetitions", BOM: r.BOM, Unguarded: r.Unguarded}
	if r.Where != nil {
		o.Where = r.Where.Fits
	}
	for _, c := range r.Columns {
		o.Columns = append(o.Columns, report.Column{Name: c.Name, Value: c.Cell.Value})
	}
	return o
}
