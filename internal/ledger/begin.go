package ledger

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// A chunk of tasks is added in one transaction: so many at most, and not many
// more bytes than that.
const (
	chunkTasks = 1000
	chunkBytes = 4 << 20
)

// Begin opens a new batch with the tasks of a manifest, in order, their
// positions counting from 0. Of info it takes Name, Provider, BaseURL,
// Selection, Label, Policy, OpenedAt (now when zero), ManifestPath, Manifest and
// Params; the id is made here. [ErrLabelled] when another batch of the name has the label.
//
// The batch is seen by others once all tasks are in it, and is moved into the
// one file then; where that goes wrong it stays, unfinished. After any other
// error, the sequence's own included, nothing of it is left. What a crash leaves
// is never seen, and [Store.Sweep] or the next Begin of the same name removes it;
// so it is after [batch.ErrInterrupted] of the sequence, since who is told to end
// has a second. The caller holds the [Lock] of the name.
func (s *Store) Begin(info batch.Info, tasks iter.Seq2[batch.Task, error]) (*Batch, error) {
	if info.OpenedAt.IsZero() {
		info.OpenedAt = time.Now()
	}
	if !nanos(info.OpenedAt).Valid {
		return nil, fmt.Errorf("a batch opened at %v", info.OpenedAt)
	}
	if err := s.sweep(info.Name); err != nil {
		return nil, err
	}
	b, err := s.announce(info)
	if err != nil {
		return nil, err
	}
	defer s.building.Delete(b.key)
	total, err := b.addAll(tasks)
	if err == nil {
		err = b.publish(total)
	}
	if errors.Is(err, batch.ErrInterrupted) {
		return nil, err
	}
	if err != nil {
		return nil, errors.Join(err, s.remove(context.Background(), b.key))
	}
	return b, s.checkpoint()
}

// announce writes the batch's row and its first event, which nobody sees yet,
// under an id that is free.
func (s *Store) announce(info batch.Info) (*Batch, error) {
	b := &Batch{store: s}
	policy, err := marshal(info.Policy)
	if err != nil {
		return nil, err
	}
	event := batch.Event{Kind: batch.BatchOpened, Position: -1, At: info.OpenedAt, Policy: &info.Policy}
	data, _, err := encode(event)
	if err != nil {
		return nil, err
	}
	err = s.write(func(c *connection) error {
		for {
			var random [4]byte
			_, _ = rand.Read(random[:]) // never fails
			b.id = hex.EncodeToString(random[:])
			n, err := c.exec(`
				INSERT INTO batches (id, name, provider, base_url, selection, label, policy, opened_at, manifest_path, manifest, params)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
				b.id, info.Name, info.Provider, info.BaseURL, info.Selection, info.Label, string(policy), nanos(info.OpenedAt).Int64, info.ManifestPath, info.Manifest, []byte(info.Params))
			if err != nil {
				return err
			}
			if n == 0 {
				continue
			}
			if _, err := c.one(`SELECT key FROM batches WHERE id = ?`, []any{b.id}, &b.key); err != nil {
				return err
			}
			s.building.Store(b.key, true)
			w := write{batch: b, event: event, data: data}
			return w.log(c, -1)
		}
	})
	return b, err
}

// ErrLabelled says that a batch of the name has the label already.
var ErrLabelled = errors.New("another batch has this key")

// publish makes the batch visible.
func (b *Batch) publish(total int) error {
	var refused error
	err := b.store.write(func(c *connection) error {
		n, err := c.exec(`UPDATE OR IGNORE batches SET total = ?, complete = 1 WHERE key = ?`, total, b.key)
		if err == nil && n == 0 {
			refused = ErrLabelled
		}
		return err
	})
	return errors.Join(err, refused)
}

// addAll adds the tasks chunk by chunk, so that what it holds does not grow
// with their number.
func (b *Batch) addAll(tasks iter.Seq2[batch.Task, error]) (total int, err error) {
	add := adder{batch: b}
	size := 0
	for t, err := range tasks {
		if err != nil {
			return 0, err
		}
		if t.Position != total {
			return 0, fmt.Errorf("task %q has position %d instead of %d", t.ID, t.Position, total)
		}
		total++
		size += len(t.ID) + len(t.Spec.Task) + len(t.Row)
		add.define(t)
		if len(add.chunk) < chunkTasks && size < chunkBytes {
			continue
		}
		if err := add.flush(); err != nil {
			return 0, err
		}
		size = 0
	}
	return total, add.flush()
}
