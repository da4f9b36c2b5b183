"""Times onnxruntime in this process, with inputs and outputs bound, on the models of
models.py in the folder that is given."""
import sys
import time
import numpy as np
import onnxruntime as ort

for name, shape in (("mlp", (784,)), ("cnn", (1, 28, 28))):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(f"{sys.argv[1]}/{name}.onnx", options, providers=["CPUExecutionProvider"])
    for rows in (1, 8, 64):
        x = np.zeros((rows, 784), np.float32)
        given = np.fromfile(f"{sys.argv[1]}/{name}.rows", np.float32)[:rows * 784]
        x.reshape(-1)[:given.size] = given
        binding = session.io_binding()
        binding.bind_ortvalue_input("x", ort.OrtValue.ortvalue_from_numpy(x.reshape(rows, *shape)))
        binding.bind_ortvalue_output("y", ort.OrtValue.ortvalue_from_numpy(np.zeros((rows, 10), np.float32)))
        best = 1e9
        for _ in range(8):
            start, n = time.perf_counter(), 0
            while time.perf_counter() - start < 0.15:
                for _ in range(20):
                    session.run_with_iobinding(binding)
                n += 20
            best = min(best, (time.perf_counter() - start) / n)
        print(f"{name}/{rows}: {best * 1e6:.1f} us, {rows / best:.0f} rows/s")
