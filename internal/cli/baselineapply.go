package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/diff"
	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/internal/manifest"
)

// defaultFailOn are the kinds that fail where a manifest's baseline does not say.
var defaultFailOn = [...]diff.Kind{diff.Outcome, diff.Keys, diff.ShapeOf}

// baselineOptions are what a manifest says of a comparison, and of what fails.
func baselineOptions(m *manifest.Manifest) (o diff.Options, failOn []diff.Kind, err error) {
	l := m.Baseline
	o = diff.Options{Ignore: l.Ignore, Tolerance: l.Tolerance, Keys: l.Keys}
	if err = o.Check(); err == nil {
		failOn, err = kindsOf(l.FailOn)
	}
	if err != nil {
		return o, nil, &failure{code: exitUsage, err: manifest.Problems{{File: m.File, Line: l.Line, Column: l.Column, Path: "baseline", Message: err.Error()}}}
	}
	if l.FailOn == nil { // an empty list is one
		failOn = defaultFailOn[:]
	}
	return o, failOn, nil
}

// checkBaseline finds out, before anything is sent, whether there is what the
// batch is to be compared with.
func (a *application) checkBaseline() (err error) {
	if a.manifest.Baseline == nil {
		return nil
	}
	if _, _, err := baselineOptions(a.manifest); err != nil {
		return err
	}
	side, err := a.openBaseline("")
	if err != nil || side == nil {
		return err
	}
	if file, ok := side.Source.(*diff.File); ok {
		err = a.lacking(file.Check(), "")
	}
	return also(err, side.close())
}

// missingBaseline finds what is wrong with a manifest's baseline before there is
// an apply that would refuse it.
func missingBaseline(m *manifest.Manifest, state string) error {
	return (&application{manifest: m, state: state}).checkBaseline()
}

// lacking says that there is nothing to compare with; nil of nil.
func (a *application) lacking(err error, hint string) error {
	if err == nil {
		return nil
	}
	l := a.manifest.Baseline
	return &failure{code: exitUsage, err: manifest.Problems{{
		File: a.manifest.File, Line: l.Line, Column: l.Column, Path: "baseline.from", Message: err.Error(), Hint: hint,
	}}}
}

// openBaseline opens what a batch is compared with. "latest" is the newest batch
// of the name that is finished and not the one with the id own; where there is
// none yet it is nil.
func (a *application) openBaseline(own string) (_ *diffSide, err error) {
	l := a.manifest.Baseline
	if isReport(l.From) {
		file, err := diff.OpenFile(l.From)
		if err != nil {
			return nil, a.lacking(err, "make it of a batch that is as it should be: bbbatch report -o "+shellWord(l.From)+"; leave baseline out until there is one")
		}
		return &diffSide{file, diff.Side{File: l.From}, file.Close}, nil
	}
	back, latest := placeOf(l.From)
	unnamed := a.lacking(fmt.Errorf("there is no baseline and no batch %q", l.From),
		"name a batch that is as it should be: bbbatch baseline set "+shellWord(l.From)+"; leave baseline out until there is one")
	r, err := ledger.OpenReader(a.state)
	switch {
	case errors.Is(err, ledger.ErrNoLedger) && latest:
		return nil, nil
	case errors.Is(err, ledger.ErrNoLedger):
		return nil, unnamed
	case err != nil:
		return nil, noState(err)
	}
	defer func() {
		if err != nil {
			err = also(err, r.Close())
		}
	}()
	var b *ledger.Batch
	if latest {
		if b, err = earlier(r, a.manifest.Name, own, back); err == nil && b == nil {
			return nil, r.Close()
		}
	} else if b, err = findBatch(r, l.From, a.manifest.Name); codeOf(err) == exitUsage {
		err = unnamed
	}
	if err != nil {
		return nil, err
	}
	about, err := aboutSide(b, r, l.From)
	if err != nil {
		return nil, err
	}
	return &diffSide{diff.FromBatch(b), about, r.Close}, nil
}

// earlier finds a finished batch of a name, the newest or so many before it, that
// is not the one with an id; nil when there are not as many.
func earlier(r *ledger.Reader, name, not string, back int) (*ledger.Batch, error) {
	for b, err := range r.Batches(name, noTime) {
		if err != nil {
			return nil, err
		}
		info, err := b.Info()
		if err != nil {
			return nil, err
		}
		if info.ID == not || info.ClosedAt.IsZero() {
			continue
		}
		if back--; back < 0 {
			return b, nil
		}
	}
	return nil, nil
}

// A baselineVerdict is how a batch compares with the manifest's baseline.
type baselineVerdict struct {
	*diff.Result
	with   diff.Side
	failed []diff.Kind
}

// compareBaseline compares a batch with the manifest's baseline. It is nil where
// there is none, and while the batch is unfinished.
func (a *application) compareBaseline(b *ledger.Batch) (v *baselineVerdict, err error) {
	if a.manifest.Baseline == nil {
		return nil, nil
	}
	info, err := b.Info()
	if err != nil || info.ClosedAt.IsZero() {
		return nil, err
	}
	o, failOn, err := baselineOptions(a.manifest)
	if err != nil {
		return nil, err
	}
	base, err := a.openBaseline(info.ID)
	if err != nil {
		return nil, err
	}
	if base == nil {
		return &baselineVerdict{}, nil
	}
	defer func() { err = also(err, base.close()) }()
	result, err := diff.Compare(base.Source, diff.FromBatch(b), o, nil)
	if broken := (*diff.FileError)(nil); errors.As(err, &broken) {
		return nil, usage(fmt.Errorf("the baseline is broken: %w", err), "the batch is finished, and nothing of it is lost: bbbatch diff compares it")
	}
	if err != nil {
		return nil, err
	}
	return &baselineVerdict{result, base.about, result.Fails(failOn)}, nil
}

// from is what it was compared with, as a person names it.
func (v *baselineVerdict) from() string { return cmp.Or(v.with.Baseline, v.with.File, v.with.Batch) }

// member is the comparison as a member of an object, after another; nil for none.
func (v *baselineVerdict) member() ([]byte, error) {
	if v == nil || v.Result == nil {
		return nil, nil
	}
	found := map[diff.Kind]int{}
	for _, k := range diff.Kinds {
		found[k] = v.Counts[k]
	}
	text, err := json.Marshal(struct {
		From   string            `json:"from"`
		Found  map[diff.Kind]int `json:"found"`
		Failed []diff.Kind       `json:"failed"`
	}{v.from(), found, append([]diff.Kind{}, v.failed...)})
	return append([]byte(`,"baseline":`), text...), err
}

// tellBaseline says what the comparison found, below the summary.
func (a *application) tellBaseline(v *baselineVerdict, info batch.Info) {
	switch {
	case v == nil || a.flags.quiet:
	case v.Result == nil:
		a.show.say("baseline: there is no earlier batch of %s to compare with", info.Name)
	case v.Same():
		a.show.say("baseline: nothing changed since %s", v.with)
	default:
		line := "baseline: " + v.Brief() + " changed since " + v.with.String()
		if len(v.failed) > 0 {
			line += "; failOn: " + kindWords(v.failed)
		}
		a.show.say("%s", line)
		a.show.say("  %s", again(withState([]string{"diff", v.from(), info.ID}, a.state)))
	}
}

// code is the exit code of the comparison alone.
func (v *baselineVerdict) code() int {
	if v != nil && len(v.failed) > 0 {
		return exitInvalid
	}
	return exitOK
}
