package server

import (
	"net/netip"
	"net/url"
	"regexp"
	"strings"
)

// The scheme is matched in any case; the address goes up to white space or a
// character that never stands in one.
var addressPattern = regexp.MustCompile(`(?i)\bhttps?://[^\s<>"` + "`" + `{}|\\^]+`)

// findAddresses returns the http and https addresses in a text, each once, in
// order, at most maxAddresses.
func findAddresses(text string) []*url.URL {
	var found []*url.URL
	seen := map[string]bool{}
	for _, s := range addressPattern.FindAllString(text, -1) {
		u, err := url.Parse(trimSentence(s))
		if err != nil || u.Hostname() == "" {
			continue
		}
		u.Fragment, u.RawFragment = "", ""
		if seen[u.String()] {
			continue
		}
		seen[u.String()] = true
		found = append(found, u)
		if len(found) == maxAddresses {
			break
		}
	}
	return found
}

// trimSentence takes off what belongs to the sentence around an address: marks
// at its end, and closing brackets that it does not open.
func trimSentence(s string) string {
	for s != "" {
		last := s[len(s)-1]
		switch last {
		case '.', ',', ';', ':', '!', '?', '\'', '*':
		case ')':
			if strings.Count(s, "(") >= strings.Count(s, ")") {
				return s
			}
		case ']':
			if strings.Count(s, "[") >= strings.Count(s, "]") {
				return s
			}
		default:
			for _, mark := range []string{"。", "、", ",", "»", "”", "’", "…"} {
				if cut, ok := strings.CutSuffix(s, mark); ok {
					s = cut + "."
					break
				}
			}
			if s[len(s)-1] == '.' {
				continue
			}
			return s
		}
		s = s[:len(s)-1]
	}
	return s
}

// private lists the blocks that are not the public internet beyond what the
// standard library's own predicates know (IANA special-purpose registries).
var private = prefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
	"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"::/96", "::ffff:0:0:0/96", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16", "fec0::/10",
)

// Blocks whose addresses carry an IPv4 address, which is where they lead.
var (
	nat64      = netip.MustParsePrefix("64:ff9b::/96")
	nat64Local = netip.MustParsePrefix("64:ff9b:1::/48")
	sixToFour  = netip.MustParsePrefix("2002::/16")
)

func prefixes(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		all[i] = netip.MustParsePrefix(t)
	}
	return all
}

// public reports whether an address is one of the public internet.
func public(a netip.Addr) bool {
	a = a.WithZone("").Unmap()
	switch {
	case !a.IsValid(), !a.IsGlobalUnicast(), a.IsPrivate(), a.IsLoopback(), a.IsLinkLocalUnicast(), a.IsMulticast():
		return false
	case nat64Local.Contains(a):
		return false
	}
	raw := a.As16()
	switch {
	case nat64.Contains(a):
		return public(netip.AddrFrom4([4]byte(raw[12:16])))
	case sixToFour.Contains(a):
		return public(netip.AddrFrom4([4]byte(raw[2:6])))
	}
	for _, p := range private {
		if p.Contains(a) {
			return false
		}
	}
	return true
}
