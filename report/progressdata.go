package report

import "io"

// A data is bytes for another writer that ends at the same terminal.
type data struct {
	w     io.Writer
	bytes []byte
	*written
}

// A written is what became of it, readable once done is closed.
type written struct {
	n    int
	err  error
	done chan struct{}
}

// Through returns a writer that hands what it is given on to w while the bar is
// out of the way. It is for whole lines of data that go to the terminal which
// the bar is on; a Write returns when w has them, also after Close.
func (p *Progress) Through(w io.Writer) io.Writer { return through{p, w} }

type through struct {
	p *Progress
	w io.Writer
}

func (t through) Write(b []byte) (int, error) {
	d := data{t.w, b, &written{done: make(chan struct{})}}
	select {
	case t.p.data <- d:
		<-d.done
		return d.n, d.err
	case <-t.p.done:
		return t.w.Write(b)
	}
}
