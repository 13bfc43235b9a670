package server

import (
	"bytes"
	"context"
	"io"
	"regexp"
)

// The parser opens formatting elements that were left open again in each
// paragraph and cell that follows, as the HTML standard wants it: a page of
// 12 KB can ask for a tree of 100 MB. To a reader of data they all say the
// same, so that where they could cost too much they are read as spans.

const (
	maxReopened = 4 << 20 // elements that formatting may add to a tree
	stackLimit  = 512     // elements that the parser keeps open
	sameKept    = 3       // of formatting elements that are alike, the parser opens so many again
)

var (
	formatStart = regexp.MustCompile(`(?i)<(?:b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\s/>]`)
	formatTag   = regexp.MustCompile(`(?i)<(/?)(?:b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)([\s/>])`)

	// A tag of this form certainly ends where it seems to.
	plainTag = regexp.MustCompile(`^<\w+(?:\s+[\w:.-]+(?:\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>=` + "`" + `]+))?)*\s*/?>$`)
)

// calm returns a page whose formatting costs no more than maxReopened
// elements: the page itself nearly always.
func calm(page []byte) []byte {
	// Every tag and the text behind it can open all of them again.
	openings := 2 * bytes.Count(page, []byte("<"))
	alike := map[string]bool{}
	kinds := 0
	for rest := page; ; {
		at := formatStart.FindIndex(rest)
		if at == nil {
			return page
		}
		tag := rest[at[0]:]
		tag = tag[:bytes.IndexByte(tag, '>')+1]
		rest = rest[at[1]:]
		if len(tag) < 1000 && plainTag.Match(tag) {
			if alike[string(tag)] {
				continue
			}
			alike[string(tag)] = true
		}
		kinds++
		if reopened := min(sameKept*kinds, stackLimit); reopened*openings > maxReopened {
			return formatTag.ReplaceAll(page, []byte("<${1}span$2"))
		}
		if sameKept*kinds > stackLimit {
			return page // more of them cost no more
		}
	}
}

// A patientReader ends with its context, between two reads: some pages cost
// the parser time that grows with the square of their length.
type patientReader struct {
	ctx context.Context
	r   io.Reader
}

func (p patientReader) Read(b []byte) (int, error) {
	if p.ctx.Err() != nil {
		return 0, context.Cause(p.ctx)
	}
	return p.r.Read(b)
}
