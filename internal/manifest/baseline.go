package manifest

import "time"

// A Baseline is what a finished batch is compared with.
type Baseline struct {
	From      string             // a batch, a baseline's name, or the path of a .jsonl report; a path is relative to the working directory if the manifest's folder is
	FailOn    []string           // of outcome, value, keys, shape: what makes the comparison fail
	Ignore    []string           // paths of the result that are not compared, such as price.updatedAt or items[].id
	Tolerance map[string]float64 // how far numbers may differ, by path
	Keys      map[string]string  // by which member the elements of a list are matched, by path
	Line      int                // of from in the manifest, 1-based
	Column    int
}

// A Notify is a program that is told how a batch ended.
type Notify struct {
	On      []string      // of failure, waiting, done, refused, budget
	Command []string      // the program, and its arguments
	Timeout time.Duration // after which it is stopped
}
