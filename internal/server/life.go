package server

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The life of a run: PENDING in the queue, RUNNING from the moment an agent
// takes it, then COMPLETED, FAILED, STOPPED or TIMED_OUT. One goroutine works
// on one run; Close waits for all of them.

var (
	errStopped  = errors.New("the run was stopped")
	errTimedOut = errors.New("the run exceeded the maximum time")
)

// startQueued starts as many waiting runs as there is room for. The mutex is
// held.
func (s *Server) startQueued() {
	for s.working < s.config.Concurrency && len(s.queue) > 0 && s.closing.Err() == nil {
		n := s.queue[0]
		s.queue[0] = nil
		s.queue = s.queue[1:]
		if !n.alive() {
			continue // stopped while it waited
		}
		ctx, cancel := context.WithCancelCause(s.closing)
		n.stop = cancel
		s.working++
		s.peak = max(s.peak, s.working)
		s.work.Add(1)
		go s.workOn(ctx, cancel, n)
	}
}

func (s *Server) workOn(ctx context.Context, cancel context.CancelCauseFunc, n *run) {
	defer s.work.Done()
	defer cancel(nil)
	ctx, release := context.WithTimeoutCause(ctx, s.config.RunTime, errTimedOut)
	defer release()

	s.mu.Lock()
	n.status = statusRunning
	n.startedAt = s.now()
	n.updatedAt = n.startedAt
	o := n.job
	s.mu.Unlock()

	a, err := s.ask(ctx, Run{
		ID:           n.id,
		Task:         substitute(o.task, o.variables),
		SystemPrompt: substitute(o.prompt, o.variables),
		Schema:       o.schema,
		Settings:     o.settings,
		Variables:    o.variables,
		OpenSession: func() {
			s.mu.Lock()
			n.sessionID = newID()
			s.mu.Unlock()
		},
		Show: func(status string) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if n.alive() {
				n.status = status
				n.updatedAt = s.now()
			}
		},
	})
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errStopped):
		a = Answer{Status: statusStopped}
	case errors.Is(cause, errTimedOut):
		a = Answer{Status: statusTimedOut}
	case errors.Is(cause, errClosed):
		a = failed("SERVER_CLOSED", "the server was closed while the run was at work")
	case err != nil:
		a = failed("AGENT_ERROR", mask(err.Error(), o.variables))
	case a.Status == "":
		a.Status = statusCompleted
	case !terminal(a.Status):
		a = failed("AGENT_ERROR", fmt.Sprintf("the agent ended the run as %q", a.Status))
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	s.working--
	s.end(n, a)
	s.startQueued()
}

// ask has the agent work and makes an error of its panic.
func (s *Server) ask(ctx context.Context, r Run) (a Answer, err error) {
	defer func() {
		if p := recover(); p != nil {
			a, err = Answer{}, fmt.Errorf("the agent panicked: %v", p)
		}
	}()
	return s.config.Agent.Work(ctx, r)
}

// end makes an answer the end of a run and forgets its variables. The mutex is
// held.
func (s *Server) end(n *run, a Answer) {
	now := s.now()
	n.status, n.result = a.Status, a.Result
	n.endedAt, n.updatedAt = now, now
	n.job, n.stop = nil, nil
	if a.Cause != nil {
		n.cause = &Cause{Code: clip(a.Cause.Code, 64), Message: clip(a.Cause.Message, 500)}
	}
	for _, m := range a.Messages {
		n.messages = append(n.messages, storedMessage{newID(), now, m})
	}
	s.active--
	s.runs.ended = append(s.runs.ended, n)
	s.runs.bytes += int64(len(n.result))
	s.retain(now)
}

// retain forgets the runs that ended longest ago, beyond what is kept.
func (s *Server) retain(now time.Time) {
	k := &s.runs
	for len(k.ended) > 0 {
		oldest := k.ended[0]
		large := k.bytes > retainBytes && now.Sub(oldest.endedAt) > time.Minute
		if len(k.ended) <= s.config.Retain && !large {
			return
		}
		k.ended[0] = nil
		k.ended = k.ended[1:]
		k.bytes -= int64(len(oldest.result))
		delete(k.byID, oldest.id)
		oldest.gone = true
		k.order.forget()
	}
}
