"""Makes models in the folder that is given, with rows and what onnxruntime gives."""
import sys
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto as T, helper as h, numpy_helper

out = sys.argv[1]
random = np.random.default_rng(7)


def weight(name, *shape):
    return numpy_helper.from_array((random.standard_normal(shape) / np.sqrt(shape[0])).astype(np.float32), name)


def save(name, nodes, inputs, outputs, weights, feeds, wanted, **options):
    graph = h.make_graph(nodes, name, inputs, outputs, weights)
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, f"{out}/{name}.onnx", **options)
    run(name, f"{out}/{name}.onnx", feeds, wanted)


def run(name, model, feeds, wanted):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    rows = next(iter(feeds.values())).shape[0]
    one = session.get_inputs()[0].shape[0] == 1
    starts = range(rows) if one else [0]
    parts = [session.run(wanted, {k: v[s:s + 1] if one else v for k, v in feeds.items()}) for s in starts]
    scores = [np.concatenate([p[i].reshape(p[i].shape[0], -1) for p in parts]) for i in range(len(wanted))]
    np.concatenate(scores, axis=1).astype(np.float32).tofile(f"{out}/{name}.scores")


def value(name, kind, *shape):
    return h.make_tensor_value_info(name, kind, shape)


def rows(name, array):
    array.astype(np.float32).tofile(f"{out}/{name}.rows")
    return array


N = 13
layers = [784, 512, 256, 10]
nodes, weights, last = [], [], "x"
for i in range(3):
    weights += [weight(f"w{i}", layers[i], layers[i + 1]), weight(f"b{i}", layers[i + 1])]
    nodes.append(h.make_node("Gemm", [last, f"w{i}", f"b{i}"], [f"g{i}"]))
    last = f"g{i}"
    if i < 2:
        nodes.append(h.make_node("Relu", [last], [f"r{i}"]))
        last = f"r{i}"
nodes.append(h.make_node("Softmax", [last], ["y"], axis=1))
x = rows("mlp", random.standard_normal((N, 784), dtype=np.float32))
for name, options in (("mlp", {}), ("external", dict(save_as_external_data=True, location="weights.bin", size_threshold=0))):
    rows(name, x)
    save(name, nodes, [value("x", T.FLOAT, "N", 784)], [value("y", T.FLOAT, "N", 10)], weights, {"x": x}, ["y"], **options)
rows("fixed", x)
save("fixed", nodes, [value("x", T.FLOAT, 1, 784)], [value("y", T.FLOAT, 1, 10)], weights, {"x": x}, ["y"])
save("four", nodes, [value("x", T.FLOAT, 4, 784)], [value("y", T.FLOAT, 4, 10)], weights, {"x": x[:4]}, ["y"])

cnn = [h.make_node("Conv", ["x", "c"], ["a"], pads=[1, 1, 1, 1]), h.make_node("Relu", ["a"], ["b"]),
       h.make_node("MaxPool", ["b"], ["d"], kernel_shape=[4, 4], strides=[4, 4]),
       h.make_node("Flatten", ["d"], ["e"]), h.make_node("Gemm", ["e", "w"], ["f"]), h.make_node("Softmax", ["f"], ["y"], axis=1)]
rows("cnn", x)
save("cnn", cnn, [value("x", T.FLOAT, "N", 1, 28, 28)], [value("y", T.FLOAT, "N", 10)],
     [weight("c", 8, 1, 3, 3), weight("w", 392, 10)], {"x": x.reshape(N, 1, 28, 28)}, ["y"])

a, b, i = random.standard_normal((N, 3), dtype=np.float32), random.standard_normal((N, 1)), random.integers(0, 5, N)
b = b.astype(np.float32).astype(np.float64)
rows("two", np.concatenate([a, b, i[:, None]], axis=1))
save("two", [h.make_node("Cast", ["b"], ["bf"], to=T.FLOAT), h.make_node("Gather", ["table", "i"], ["e"]),
             h.make_node("Concat", ["a", "bf", "e"], ["all"], axis=1), h.make_node("MatMul", ["all", "w"], ["y"]),
             h.make_node("Mul", ["b", "b"], ["z"])],
     [value("a", T.FLOAT, "N", 3), value("b", T.DOUBLE, "N", 1), value("i", T.INT64, "N")],
     [value("y", T.FLOAT, "N", 2), value("z", T.DOUBLE, "N", 1)],
     [weight("table", 5, 4), weight("w", 8, 2)], {"a": a, "b": b, "i": i}, ["y", "z"])

m = random.standard_normal((N, 4), dtype=np.float32)
rows("mean", m)
save("mean", [h.make_node("ReduceMean", ["x"], ["m"], axes=[0], keepdims=1), h.make_node("Sub", ["x", "m"], ["y"])],
     [value("x", T.FLOAT, "N", 4)], [value("y", T.FLOAT, "N", 4)], [], {"x": m}, ["y"])

# A pipeline over strings and numbers, with a ZipMap at its end.
import pandas
from skl2onnx import to_onnx
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

names = ["blue", "green", "red"]
index = random.integers(0, 3, 200)
frame = pandas.DataFrame({"colour": np.array(names)[index], "size": random.standard_normal(200).astype(np.float32)})
label = ((index == 1) ^ (frame["size"] > 0)).astype(int)
pipeline = Pipeline([("columns", ColumnTransformer([("one", OneHotEncoder(), ["colour"]), ("fill", SimpleImputer(), ["size"])])),
                     ("fit", LogisticRegression())]).fit(frame, label)
model = to_onnx(pipeline, frame[:1])
assert any(n.op_type == "ZipMap" for n in model.graph.node)
onnx.save(model, f"{out}/strings.onnx")
rows("strings", np.stack([index[:N], frame["size"][:N]], axis=1))
feeds = {"colour": frame[["colour"]].to_numpy().astype(object)[:N], "size": frame[["size"]].to_numpy(copy=True)[:N]}
feeds["size"][3] = np.nan
rows("strings", np.stack([index[:N], feeds["size"][:, 0]], axis=1))
plain = to_onnx(pipeline, frame[:1], options={"zipmap": False})
run("strings", plain.SerializeToString(), feeds, ["probabilities"])
