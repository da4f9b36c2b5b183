package onnx

// operators are those that can be lowered, by domain and name.
var operators map[string]operator

func init() {
	plain := func(lower func(*lowering, *Node, []*value) (*value, error)) operator { return operator{lower: lower} }
	operators = map[string]operator{
		":Identity": plain(same), ":Dropout": plain(same), ":Constant": plain(constant), ":Shape": plain(shape),
		":Cast": plain(cast), ":Flatten": plain(flatten), ":Reshape": plain(reshape), ":Transpose": plain(transpose),
		":Squeeze": plain(squeeze), ":Unsqueeze": plain(squeeze),
		":Concat": plain(concat), ":Gather": plain(gather), ":Slice": plain(slice),
		":Add": plain(arithmetic), ":Sub": plain(arithmetic), ":Mul": plain(arithmetic), ":Div": plain(arithmetic),
		":Clip": plain(clip), ":Gemm": plain(gemm), ":MatMul": plain(matMul), ":BatchNormalization": plain(batchNormalization),
		":Erf":       plain(errorFunction),
		ml("Scaler"): plain(scaler), ml("Imputer"): plain(imputer), ml("Normalizer"): plain(normalizer), ml("Binarizer"): plain(binarizer),
		ml("OneHotEncoder"): plain(oneHot), ml("LabelEncoder"): plain(labelEncoder),
		ml("FeatureVectorizer"): plain(concat), ml("ArrayFeatureExtractor"): plain(extract), ml("ZipMap"): plain(zipMap),
		ml("LinearClassifier"): {1, linearClassifier}, ml("LinearRegressor"): plain(linearRegressor),
		ml("TreeEnsembleClassifier"): {1, treeClassifier}, ml("TreeEnsembleRegressor"): plain(treeRegressor),
		ml("TreeEnsemble"): plain(treeEnsemble),
	}
	for op := range activations {
		operators[":"+op] = plain(activation)
	}
}

func ml(op string) string { return "ai.onnx.ml:" + op }
