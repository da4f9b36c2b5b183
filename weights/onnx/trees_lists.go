package onnx

type place struct{ tree, node int64 }

// listed reads the nodes of TreeEnsembleClassifier and TreeEnsembleRegressor, whose
// attributes are lists with an entry for each node and for each weight of a leaf,
// which are called kind: "class" or "target".
func listed(l *lowering, n *Node, kind string, sums int) (*ensemble, error) {
	ids, of := n.Ints("nodes_nodeids"), n.Ints("nodes_treeids")
	count := len(ids)
	if err := l.spend(count); err != nil {
		return nil, err
	}
	features, modes := n.Ints("nodes_featureids"), n.Texts("nodes_modes")
	yes, no := n.Ints("nodes_truenodeids"), n.Ints("nodes_falsenodeids")
	values, err := n.wide("nodes_values")
	if err != nil {
		return nil, err
	}
	tracks := n.Ints("nodes_missing_value_tracks_true")
	if count == 0 || len(of) != count || len(features) != count || len(modes) != count || len(yes) != count || len(no) != count ||
		len(values) != count || len(tracks) != 0 && len(tracks) != count {
		return nil, cannot("has lists of nodes that are not as long as each other")
	}
	at := make(map[place]int, count)
	for i := range ids {
		p := place{of[i], ids[i]}
		if _, twice := at[p]; twice {
			return nil, cannot("has two nodes %d of tree %d", p.node, p.tree)
		}
		at[p] = i
	}
	s := &ensemble{nodes: make([]flatNode, count), sums: sums}
	child := make([]bool, count)
	for i := range s.nodes {
		f := &s.nodes[i]
		*f = flatNode{feature: features[i], mode: modes[i], value: values[i], leaf: modes[i] == "LEAF", tracks: len(tracks) > 0 && tracks[i] != 0}
		if f.leaf {
			continue
		}
		left, ok1 := at[place{of[i], yes[i]}]
		right, ok2 := at[place{of[i], no[i]}]
		if !ok1 || !ok2 || left == right {
			return nil, cannot("has a node %d of tree %d without two children", ids[i], of[i])
		}
		f.yes, f.no, child[left], child[right] = left, right, true, true
	}
	rooted := map[int64]bool{}
	for i, tree := range of {
		if child[i] {
			continue
		}
		if rooted[tree] {
			return nil, cannot("has a tree %d of several roots", tree)
		}
		rooted[tree] = true
		s.roots = append(s.roots, i)
	}
	return s, s.weigh(n, kind, at)
}

// weigh gives leaves their weights.
func (s *ensemble) weigh(n *Node, kind string, at map[place]int) error {
	of, ids, sums := n.Ints(kind+"_treeids"), n.Ints(kind+"_nodeids"), n.Ints(kind+"_ids")
	weights, err := n.wide(kind + "_weights")
	if err != nil {
		return err
	}
	if len(of) != len(ids) || len(sums) != len(ids) || len(weights) != len(ids) {
		return cannot("has lists of leaves that are not as long as each other")
	}
	for i := range ids {
		leaf, known := at[place{of[i], ids[i]}]
		if !known || !s.nodes[leaf].leaf || sums[i] < 0 || sums[i] >= int64(s.sums) {
			return cannot("has a weight of node %d of tree %d and score %d, where there is no such leaf or score", ids[i], of[i], sums[i])
		}
		s.nodes[leaf].weights = append(s.nodes[leaf].weights, weight{int(sums[i]), weights[i]})
	}
	return nil
}

// wide is a list of numbers, or as a tensor by the name's end.
func (n *Node) wide(name string) ([]float64, error) {
	if t := n.Tensor(name + "_as_tensor"); t != nil {
		return t.Numbers()
	}
	narrow := n.Floats(name)
	all := make([]float64, len(narrow))
	for i, x := range narrow {
		all[i] = float64(x)
	}
	return all, nil
}

// treeRegressor lowers nodes TreeEnsembleRegressor.
func treeRegressor(l *lowering, n *Node, in []*value) (*value, error) {
	targets := int(max(0, min(n.Int("n_targets", 1), maxCells)))
	s, err := listed(l, n, "target", targets)
	if err != nil {
		return nil, err
	}
	post, how := n.Text("post_transform", "NONE"), n.Text("aggregate_function", "SUM")
	if targets == 1 && post != "PROBIT" {
		post = "NONE" // as ONNX Runtime has it
	}
	e, err := l.forestOf(in[0], s, post)
	if err != nil {
		return nil, err
	}
	if err := e.aggregate(how); err != nil {
		return nil, err
	}
	base, err := n.wide("base_values")
	if err != nil || len(base) != 0 && len(base) != targets {
		return nil, cannot("has %d base values for %d targets", len(base), targets)
	}
	if len(base) > 0 {
		e.forest.Add = base
	}
	return of(Float, e), nil
}

func (e *engine) aggregate(how string) error {
	switch how {
	case "SUM":
	case "AVERAGE":
		e.forest.Divide = float64(len(e.forest.Trees))
	default:
		return cannot("takes the %s of its trees; SUM and AVERAGE are known here", how)
	}
	return nil
}

// treeClassifier lowers nodes TreeEnsembleClassifier, with what ONNX Runtime does where
// two classes have the weights of one.
func treeClassifier(l *lowering, n *Node, in []*value) (*value, error) {
	labels := labelsOf(n, "classlabels_int64s", "classlabels_strings")
	base, err := n.wide("base_values")
	if err != nil {
		return nil, err
	}
	single, positive := true, true
	for _, class := range n.Ints("class_ids") {
		single = single && class == 0
	}
	weights, err := n.wide("class_weights")
	if err != nil {
		return nil, err
	}
	for _, w := range weights {
		positive = positive && w >= 0
	}
	sums, post := len(labels), n.Text("post_transform", "NONE")
	switch {
	case len(labels) < 2:
		return nil, cannot("has %d labels; expected two at least", len(labels))
	case len(labels) == 2 && single:
		if sums = 1; len(base) > 1 || post != "LOGISTIC" && !positive {
			return nil, cannot("has the weights of one class for two, and they make no probability")
		}
		if post != "LOGISTIC" {
			post = "NONE"
		}
	case len(labels) == 2 && len(base) > 0:
		return nil, cannot("has base values and two classes with weights of their own")
	case len(base) != 0 && len(base) != sums:
		return nil, cannot("has %d base values for %d classes", len(base), sums)
	}
	s, err := listed(l, n, "class", sums)
	if err != nil {
		return nil, err
	}
	e, err := l.forestOf(in[0], s, post)
	if err != nil {
		return nil, err
	}
	if len(base) > 0 {
		e.forest.Add = base
	}
	e.labels = labels
	if sums == 1 {
		e.complemented()
	} else if post == "NONE" && len(base) == 0 && votes(e.forest) {
		e.parts = true
	}
	return of(Float, e), nil
}

// treeEnsemble lowers nodes TreeEnsemble, of version 5 of ai.onnx.ml.
func treeEnsemble(l *lowering, n *Node, in []*value) (*value, error) {
	targets := int(max(0, min(n.Int("n_targets", 1), maxCells)))
	splits, modes, weights := n.Tensor("nodes_splits"), n.Tensor("nodes_modes"), n.Tensor("leaf_weights")
	if splits == nil || modes == nil || weights == nil {
		return nil, cannot("lacks nodes_splits, nodes_modes or leaf_weights")
	}
	values, err1 := splits.Numbers()
	mode, err2 := modes.Numbers()
	leaf, err3 := weights.Numbers()
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			return nil, err
		}
	}
	features, yes, no := n.Ints("nodes_featureids"), n.Ints("nodes_truenodeids"), n.Ints("nodes_falsenodeids")
	yesLeaf, noLeaf, ids := n.Ints("nodes_trueleafs"), n.Ints("nodes_falseleafs"), n.Ints("leaf_targetids")
	tracks, count := n.Ints("nodes_missing_value_tracks_true"), len(values)
	for _, list := range [][]int64{features, yes, no, yesLeaf, noLeaf} {
		if len(list) != count {
			return nil, cannot("has lists of nodes that are not as long as each other")
		}
	}
	if len(mode) != count || len(tracks) != 0 && len(tracks) != count || len(ids) != len(leaf) {
		return nil, cannot("has lists of nodes that are not as long as each other")
	}
	names := []string{"BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"}
	s := &ensemble{sums: targets}
	next := func(to, isLeaf int64) int {
		if isLeaf == 0 && to >= 0 && to < int64(count) {
			return int(to)
		}
		if isLeaf != 0 && to >= 0 && to < int64(len(leaf)) {
			return count + int(to)
		}
		return -1
	}
	for i := range count {
		f := flatNode{feature: features[i], value: values[i], yes: next(yes[i], yesLeaf[i]), no: next(no[i], noLeaf[i]), tracks: len(tracks) > 0 && tracks[i] != 0}
		if mode[i] >= 0 && mode[i] < float64(len(names)) {
			f.mode = names[int(mode[i])]
		} else {
			f.mode = "BRANCH_MEMBER"
		}
		s.nodes = append(s.nodes, f)
	}
	for i, x := range leaf {
		if ids[i] < 0 || ids[i] >= int64(targets) {
			return nil, cannot("has a leaf of score %d; there are %d", ids[i], targets)
		}
		s.nodes = append(s.nodes, flatNode{leaf: true, weights: []weight{{int(ids[i]), x}}})
	}
	for _, root := range n.Ints("tree_roots") {
		at := next(root, 0)
		if at >= 0 && s.nodes[at].yes == s.nodes[at].no { // a tree of one leaf
			at = s.nodes[at].yes
		}
		s.roots = append(s.roots, at)
	}
	post := map[int64]string{0: "NONE", 1: "SOFTMAX", 2: "LOGISTIC"}[n.Int("post_transform", 0)]
	if targets == 1 && post != "" {
		post = "NONE"
	}
	e, err := l.forestOf(in[0], s, post)
	if err != nil {
		return nil, err
	}
	how := map[int64]string{0: "AVERAGE", 1: "SUM", 2: "MIN", 3: "MAX"}[n.Int("aggregate_function", 1)]
	if err := e.aggregate(how); err != nil {
		return nil, err
	}
	return of(Float, e), nil
}
