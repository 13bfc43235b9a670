package ledger

import (
	"strings"
	"unicode/utf8"

	"github.com/bbbatch/bbbatch/batch"
)

// The longest message that is read for a signature, and the longest signature,
// in bytes.
const (
	messageLimit   = 1024
	signatureLimit = 240
)

// signature is a message without what differs from task to task: every word
// with a digit in it becomes one #, whether it is a number, an id, a time or a
// price. Messages with equal signatures are counted as one failure.
func signature(message string) string {
	var out, word []byte
	digit := false
	flush := func() {
		if digit {
			word = append(word[:0], '#')
		}
		out = append(out, word...)
		word, digit = word[:0], false
	}
	for _, r := range message[:min(len(message), messageLimit)] {
		if isWord(r) {
			word = utf8.AppendRune(word, r)
			digit = digit || r >= '0' && r <= '9'
			continue
		}
		flush()
		out = utf8.AppendRune(out, r)
	}
	flush()
	return strings.ToValidUTF8(string(out[:min(len(out), signatureLimit)]), "")
}

// signatureOf is what verdicts of one kind share: of a wrong task that is the
// expectation that is false first, since its words quote the result.
func signatureOf(v batch.Verdict) string {
	if v.Outcome == batch.Wrong && len(v.Problems) > 0 && v.Problems[0].Expression != "" {
		e := text(v.Problems[0].Expression)
		return strings.ToValidUTF8(e[:min(len(e), signatureLimit)], "")
	}
	return signature(v.Message)
}

// isWord reports whether ids and numbers go on with r.
func isWord(r rune) bool {
	return r == '-' || r == '_' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 0x7f
}
