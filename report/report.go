// Package report renders a batch: tables and records for programs, progress
// and a summary for people.
//
// A report is a pure function of a [Source], which is the ledger: what is
// written while the batch runs is byte for byte what is written again later.
// Start reading at [Write]; [WriteFile] puts a report in a file, [Stream]
// writes one to a pipe while the batch runs, [Progress] and [Summary] speak to
// people.
//
// What a service, a page or a result says is data and nothing else: a
// spreadsheet never runs it, a terminal never obeys it, and its depth and size
// cost neither stack nor, one result at a time, more memory than its bytes.
//
// Deliberately absent: terminal detection, the environment and the standard
// streams; the caller says what it found.
package report

import (
	"bufio"
	"fmt"
	"io"
	"iter"

	"github.com/bbbatch/bbbatch/batch"
)

// A Source is a batch to be reported: its description, the schemas that judge
// it, and its tasks.
type Source interface {
	Info() (batch.Info, error)

	// Schemas returns the schemas that judge the batch's tasks, in the order of
	// the first task that uses each.
	Schemas() ([][]byte, error)

	// Records yields the tasks from a place on, in the manifest's order, and last
	// those that left it.
	// After an error nothing more is yielded.
	Records(from int) iter.Seq2[batch.Record, error]
}

// Write writes a whole report. It holds one record at a time, and of a
// repetition that is one row of a table another two.
func Write(w io.Writer, f Format, o Options, s Source) error {
	b := bufio.NewWriterSize(w, 64<<10)
	var err error
	switch f {
	case CSV:
		err = writeTable(b, ',', o, s)
	case TSV:
		err = writeTable(b, '\t', o, s)
	case JSONL:
		err = writeLines(b, o, s)
	default:
		err = fmt.Errorf("unknown report format %q: %s", string(f), formats)
	}
	if err != nil {
		return err
	}
	return b.Flush()
}
