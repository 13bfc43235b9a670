// Package diff compares two batches, or reports of them: which tasks came to
// another outcome, which values changed, which keys are gone, and where the
// results of many tasks together have another shape.
//
// Start reading at [Compare]. It reads both sides twice as streams, and holds
// no result longer than it takes to compare it. What grows with the tasks is an
// index, about 70 bytes for each task and side; what grows with the results'
// schema is a small profile of each path. What a report file says is
// data and nothing else: of any size, depth and shape.
//
// Deliberately absent: how a person names a batch, and what a terminal can
// show; the caller knows both.
package diff
