package manifest

import (
	"fmt"

	"github.com/bbbatch/bbbatch/schema"
)

// didYouMean is the hint that names what was probably meant, or "".
func didYouMean(word string, known []string) string {
	if near := schema.Nearest(word, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return ""
}
