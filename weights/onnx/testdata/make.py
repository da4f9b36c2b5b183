# Trains and exports models, and writes beside each some rows and the scores that ONNX
# Runtime gives them.
import json, warnings
import numpy as np, onnx, onnxruntime, pandas
from onnx import TensorProto as T, helper as h, numpy_helper as nh
from skl2onnx import to_onnx
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import *
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import *

warnings.filterwarnings("ignore")
random = np.random.default_rng(1)
X = random.normal(size=(1000, 5)).astype(np.float32)
two = (X[:, 0] + X[:, 1] > 0).astype(int)
three = (X[:, 0] * 2).round().clip(-1, 1).astype(int) + 1
number = X[:, 0] * 2 + X[:, 1] ** 2
frame = pandas.DataFrame(X, columns=list("abcde"))
frame["s"] = random.choice(["x", "y", "z"], 1000)
frame["t"] = random.choice(["u", "v"], 1000)
holes = X.copy()
holes[random.random(X.shape) < 0.05] = np.nan
done = []


def scores(model, feed):
    session = onnxruntime.InferenceSession(model.SerializeToString())
    outputs = [o for o in session.get_outputs() if o.type not in ("tensor(int64)", "tensor(string)")]
    out = session.run([outputs[0].name], feed)[0]
    if isinstance(out, list):
        out = [list(row.values()) for row in out]
    return np.asarray(out, np.float32)


def write(name, model, rows, feed):
    onnx.save(model, name + ".onnx")
    rows.astype(np.float32).tofile(name + ".rows")
    scores(model, feed).tofile(name + ".scores")
    done.append({"Name": name, "Rows": len(rows)})


def fitted(name, estimator, y, rows=X, **options):
    m = to_onnx(estimator.fit(X, y), X[:1], **options)
    write(name, m, rows, {m.graph.input[0].name: rows})


fitted("logistic-2", LogisticRegression(), two)
fitted("logistic-3", LogisticRegression(), three)
fitted("linear", LinearRegression(), number)
fitted("mlp-2", MLPClassifier((8,), max_iter=20), two)
fitted("mlp-3", MLPClassifier((8, 4), activation="tanh", max_iter=20), three)
fitted("mlp-value", MLPRegressor(hidden_layer_sizes=(8,), activation="logistic", max_iter=20), number)
fitted("forest-2", RandomForestClassifier(20, max_depth=6), two)
fitted("forest-3", RandomForestClassifier(20, max_depth=6), three)
fitted("forest-value", RandomForestRegressor(20, max_depth=6), number)
fitted("boosted-2", GradientBoostingClassifier(n_estimators=20), two)
fitted("boosted-3", GradientBoostingClassifier(n_estimators=10), three)
fitted("boosted-value", GradientBoostingRegressor(n_estimators=20), number)
fitted("imputed", make_pipeline(SimpleImputer(), StandardScaler(), MLPClassifier((4,), max_iter=20)), two, holes)
for scaler in (MinMaxScaler(), RobustScaler(), MaxAbsScaler(), Normalizer("l1"), Normalizer("l2"), Normalizer("max"), Binarizer()):
    fitted("scaled-" + type(scaler).__name__ + getattr(scaler, "norm", ""), make_pipeline(scaler, LinearRegression()), number)

columns = ColumnTransformer([
    ("n", make_pipeline(SimpleImputer(), StandardScaler()), list("abcde")),
    ("o", OneHotEncoder(handle_unknown="ignore"), ["s", "t"]),
])
coded = np.column_stack([holes, frame["s"].map({"x": 0, "y": 1, "z": 2}), frame["t"].map({"u": 0, "v": 1})])
feed = {c: holes[:, i : i + 1] for i, c in enumerate("abcde")} | {c: frame[[c]].to_numpy(str).astype(object) for c in "st"}
for name, last in (("logistic", LogisticRegression()), ("forest", RandomForestClassifier(10, max_depth=5)), ("mlp", MLPClassifier((4,), max_iter=20))):
    m = to_onnx(make_pipeline(columns, last).fit(frame, two), frame[:1])
    write("columns-" + name, m, coded, feed)


def network(name, nodes, weights, rows=X):
    g = h.make_graph(nodes, name, [h.make_tensor_value_info("x", T.FLOAT, ["batch", 5])], [h.make_tensor_value_info("y", T.FLOAT, None)],
                     [nh.from_array(np.asarray(w), k) for k, w in weights.items()])
    m = h.make_model(g, opset_imports=[h.make_opsetid("", 20)], ir_version=9)
    write(name, m, rows, {"x": rows})


def normal(*shape):
    return (random.normal(size=shape) / 2).astype(np.float32)


layers = {"w": normal(5, 6), "b": normal(6), "v": normal(3, 6), "c": normal(3)}
for op, attributes in (("Relu", {}), ("Sigmoid", {}), ("Tanh", {}), ("LeakyRelu", {}), ("LeakyRelu", {"alpha": 0.3}), ("Elu", {}), ("Softplus", {}), ("Gelu", {})):
    network("gemm-%s%s" % (op, attributes.get("alpha", "")), [
        h.make_node("Gemm", ["x", "w", "b"], ["1"], alpha=0.5), h.make_node(op, ["1"], ["2"], **attributes),
        h.make_node("Gemm", ["2", "v", "c"], ["3"], transB=1), h.make_node("Softmax", ["3"], ["y"], axis=-1)], layers)
network("batch-norm", [
    h.make_node("MatMul", ["x", "w"], ["1"]), h.make_node("Add", ["1", "b"], ["2"]), h.make_node("Relu", ["2"], ["3"]),
    h.make_node("BatchNormalization", ["3", "s", "o", "m", "n"], ["4"]), h.make_node("Gemm", ["4", "v", "c"], ["5"], transB=1),
    h.make_node("Sigmoid", ["5"], ["y"])], layers | {"s": normal(6), "o": normal(6), "m": normal(6), "n": np.abs(normal(6)) + 1})
network("erf", [
    h.make_node("Gemm", ["x", "w", "b"], ["1"]), h.make_node("Div", ["1", "root"], ["2"]), h.make_node("Erf", ["2"], ["3"]),
    h.make_node("Add", ["3", "one"], ["4"]), h.make_node("Mul", ["1", "4"], ["5"]), h.make_node("Mul", ["5", "half"], ["6"]),
    h.make_node("Gemm", ["6", "v", "c"], ["y"], transB=1)],
    layers | {"root": np.float32(2**0.5), "one": np.float32(1), "half": np.float32(0.5)})
network("silu", [
    h.make_node("Gemm", ["x", "w", "b"], ["1"]), h.make_node("Sigmoid", ["1"], ["2"]), h.make_node("Mul", ["1", "2"], ["3"]),
    h.make_node("Gemm", ["3", "v", "c"], ["y"], transB=1)], layers)


def split(mode, tracks, version):
    rows = np.array([[-1], [0], [0.5], [1], [np.nan], [np.inf]], np.float32)
    if version == 5:
        n = h.make_node("TreeEnsemble", ["x"], ["y"], domain="ai.onnx.ml", n_targets=1, tree_roots=[0], nodes_featureids=[0],
            nodes_splits=nh.from_array(np.array([0.5], np.float32)),
            nodes_modes=nh.from_array(np.array([["LEQ", "LT", "GTE", "GT", "EQ", "NEQ"].index(mode)], np.uint8)),
            nodes_truenodeids=[0], nodes_trueleafs=[1], nodes_falsenodeids=[1], nodes_falseleafs=[1], leaf_targetids=[0, 0],
            leaf_weights=nh.from_array(np.array([1, 2], np.float32)), nodes_missing_value_tracks_true=[tracks])
    else:
        n = h.make_node("TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", n_targets=1, nodes_treeids=[0] * 3, nodes_nodeids=[0, 1, 2],
            nodes_featureids=[0] * 3, nodes_modes=["BRANCH_" + mode, "LEAF", "LEAF"], nodes_values=[0.5, 0.0, 0.0], nodes_truenodeids=[1, 0, 0],
            nodes_falsenodeids=[2, 0, 0], nodes_missing_value_tracks_true=[tracks, 0, 0], target_treeids=[0, 0], target_nodeids=[1, 2],
            target_ids=[0, 0], target_weights=[1.0, 2.0])
    g = h.make_graph([n], "g", [h.make_tensor_value_info("x", T.FLOAT, ["n", 1])], [h.make_tensor_value_info("y", T.FLOAT, None)])
    m = h.make_model(g, opset_imports=[h.make_opsetid("", 20), h.make_opsetid("ai.onnx.ml", version)], ir_version=9)
    write("split-%s-%d-%d" % (mode, tracks, version), m, rows, {"x": rows})


for mode in ("LEQ", "LT", "GTE", "GT", "EQ", "NEQ"):
    for tracks in (0, 1):
        for version in (3, 5):
            split(mode, tracks, version)
print(json.dumps(done))
