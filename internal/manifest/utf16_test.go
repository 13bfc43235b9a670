package manifest

import (
	"encoding/binary"
	"testing"
	"unicode/utf16"
)

// Data that a spreadsheet saved as "Unicode text" are named as such, with or
// without a byte order mark.
func TestUTF16(t *testing.T) {
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, bom := range []string{"", "\ufeff"} {
			for file, text := range map[string]string{"d.csv": "a,b\n1,2\n", "d.tsv": "a\tb\n1\t2\n", "d.jsonl": "{\"a\": 1}\n{\"a\": 2}\n"} {
				var data []byte
				for _, u := range utf16.Encode([]rune(bom + text)) {
					data = order.AppendUint16(data, u)
				}
				write(t, map[string]string{"tasks.yaml": "version: 1\ntasks: [{id: '${{ row.a }}', forEach: " + file + ", task: x}]\n", file: string(data)})
				_, err := Load("tasks.yaml", Options{})
				if got, want := output(nil, err), file+":1:1: the file is UTF-16, not UTF-8\nhint: save it as UTF-8\n"; got != want {
					t.Errorf("%v, mark %q: got %q, want %q", order, bom, got, want)
				}
			}
		}
	}
}
