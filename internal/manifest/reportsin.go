package manifest

// ReportsIn reads the reports that the text of a manifest declares, with values
// of its parameters in o, and nothing else of it: no data file and no schema need
// be there any more. file is what the manifest was called, and dir the folder that
// the paths are relative to. The error is [Problems].
func ReportsIn(text []byte, file, dir string, o Options) ([]Report, error) {
	l := newLoader(&Manifest{File: file, Dir: dir, Text: text, shared: map[string]map[string]any{}})
	doc := newDocument(file, text, true)
	tree, p := parse(doc, text)
	if p != nil {
		return nil, Problems{*p}
	}
	if tree == nil {
		return nil, nil
	}
	var reports []Report
	if root := build(doc, tree, l.ps); root != nil && root.kind == object {
		l.judge.check(root, l.judge.root)
		l.parameters(root.get("params"), o)
		reports = l.reports(root.get("reports"))
	}
	if wrong := l.ps.errors(file); len(wrong) > 0 {
		return nil, wrong
	}
	return reports, nil
}
