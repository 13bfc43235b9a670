// Package manifest owns the file that says what to run: it reads YAML, says
// exactly where it is wrong, and turns it into an iterator of [batch.Task].
// Start at [Load]; what comes out of it streams the tasks with
// [Manifest.Tasks].
//
// It works in two passes. The first, in Load, validates everything, evaluates
// every expression for every row and counts the tasks. The second expands a
// task when somebody asks for it. Neither holds the rows of a data file.
//
// Deliberately absent: the environment (a secret's value is handed in), the
// terminal, and everything that happens to a task afterwards.
package manifest
