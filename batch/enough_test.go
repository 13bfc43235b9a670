package batch

import "testing"

func TestEnough(t *testing.T) {
	type counts = map[Outcome]int
	for _, c := range []struct {
		accept  string
		counts  counts
		excused counts
		want    bool
	}{
		{"", counts{Passed: 3}, nil, true},
		{"", counts{Passed: 2, Failed: 1}, nil, false},
		{"", counts{Passed: 2, Pending: 1}, nil, false},
		{"", counts{Passed: 2, Failed: 1}, counts{Failed: 1}, true},
		{"", counts{Passed: 2, Failed: 2}, counts{Failed: 1}, false},
		{"", counts{Passed: 2, Skipped: 3}, nil, true},
		{"", counts{}, nil, true},
		{"98%", counts{Passed: 98, Failed: 2}, nil, true},
		{"98%", counts{Passed: 97, Failed: 3}, nil, false},
		{"98%", counts{Passed: 97, Invalid: 3}, counts{Invalid: 1}, true},
		{"98%", counts{Passed: 97, Failed: 1, Skipped: 2}, nil, true}, // 97 of 98
		{"98%", counts{Passed: 48, Failed: 2, Skipped: 50}, nil, false},
		{"98%", counts{Skipped: 5}, nil, true},
		{"5", counts{Passed: 5, Failed: 95}, nil, true},
		{"5", counts{Passed: 4, Failed: 1}, nil, false},
		{"5", counts{Passed: 3}, nil, false}, // there are not even five
		{"0%", counts{Failed: 1}, nil, true},
	} {
		s := Summary{Counts: c.counts, Excused: c.excused}
		for _, n := range c.counts {
			s.Info.Total += n
		}
		if c.accept != "" {
			share, err := ParseShare(c.accept)
			if err != nil {
				t.Fatal(err)
			}
			s.Info.Policy.Accept = &share
		}
		if got := s.Enough(); got != c.want {
			t.Errorf("accept %q, %v without %v: got %v, want %v", c.accept, c.counts, c.excused, got, c.want)
		}
	}
}
