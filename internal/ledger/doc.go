// Package ledger keeps batches in one SQLite file and is the only truth about
// them: [Open] gives a [Store], [Store.Begin] a [Batch], which is the
// [batch.Ledger] that the engine writes to, and [Lock] keeps two processes from
// working on batches of one name.
//
// A state folder holds ledger.db with its -wal and -shm, one NAME.lock for each
// batch name, and results/BATCH/POSITION-ATTEMPT.json for results that are too
// large for a row. Files are 0600 and folders 0700.
//
// Every change is an event. [batch.Ledger.Append] writes the event and the
// rows that follow from it in one transaction, and compares the state that it
// replaces; step.go says which event may follow which state, and [Fold] gives
// the same states from the events alone. One goroutine writes, and gathers the
// events that wait for it into one commit; readers have connections of their
// own and never hold a transaction open while their caller works.
//
// Deliberately absent: retries after a write that went wrong (the store refuses
// everything from then on), secrets, and any knowledge of what a result means.
package ledger
