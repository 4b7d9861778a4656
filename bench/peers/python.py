#!/usr/bin/env python3
"""Peers that live in Python, each in one thread and a process of its own; prints the same JSON lines as the Rust ones.

usage: python.py DATA_FOLDER PEER      PEER: numpy onnxruntime torch torchscript torchcompile jax tflite tflite-while
       python.py DATA_FOLDER convert   writes the two TensorFlow Lite models of each workload, once beforehand
"""
import json
import os
import sys
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import numpy as np

BENCH = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BENCH))
from spec import WORKLOADS
from workloads import directions, draw, keras_cell, keras_tensors

DATA = Path(sys.argv[1])
CHUNKS = int(os.environ.get("BENCH_CHUNKS", "40"))
CHUNK_SECONDS = float(os.environ.get("BENCH_CHUNK_US", "2000")) * 1e-6
ONLY = os.environ.get("BENCH_ONLY", "").split(",")


def say(peer, workload=None, **values):
    line = {"peer": peer, **({"workload": workload} if workload else {}), **values}
    print(json.dumps(line), flush=True)


def wanted():
    return [name for name in WORKLOADS if any(part in name for part in ONLY)]


def load(name):
    """Input and expected output."""
    spec = WORKLOADS[name]
    x = np.fromfile(DATA / name / "x.bin", np.float32)
    return x.reshape(spec["timesteps"], spec["batch"], spec["features"]), np.fromfile(DATA / name / "y.bin", np.float32)


def run(peer, name, call):
    """Median and least time of a whole run, as the Rust harness takes them."""
    start, calls = time.perf_counter(), 0
    while time.perf_counter() - start < 0.05:
        call()
        calls += 1
    seconds = (time.perf_counter() - start) / calls
    per_chunk = max(1, int(CHUNK_SECONDS / seconds))
    chunks = []
    for _ in range(max(8, int(CHUNKS * min(1, CHUNK_SECONDS / seconds)))):
        start = time.perf_counter()
        for _ in range(per_chunk):
            call()
        chunks.append((time.perf_counter() - start) / per_chunk * 1e9)
    chunks.sort()
    say(peer, name, ns=round(chunks[len(chunks) // 2], 1), min=round(chunks[0], 1))


def check(peer, name, got, expected):
    error = float(np.abs(np.asarray(got).ravel() - expected).max())
    say(peer, name, max_error=error if np.isfinite(error) else 1e30)


def numpy_peer(peer):
    """The loop that teaches recurrent networks, and the same with the input product taken out of it."""
    say(peer, version=np.__version__)
    for name in (name for name in wanted() if name.startswith("w5")):
        x, expected = load(name)
        (_, weights), = draw(name, WORKLOADS[name])[1]
        cell = keras_cell("rnn", weights)
        kernel, recurrent = (np.ascontiguousarray(cell[part].T) for part in ("kernel", "recurrent_kernel"))
        columns, bias = [np.ascontiguousarray(step[0].reshape(-1, 1)) for step in x], cell["bias"].reshape(-1, 1)

        def taught():
            h = np.zeros_like(bias)
            for column in columns:
                h = np.tanh(np.dot(kernel, column) + np.dot(recurrent, h) + bias)
            return h

        rows, flat_bias = np.ascontiguousarray(x[:, 0]), bias[:, 0]
        kernel_t, recurrent_t = np.ascontiguousarray(kernel.T), np.ascontiguousarray(recurrent.T)

        def hoisted():
            h = np.zeros_like(flat_bias)
            for product in rows @ kernel_t + flat_bias:
                h = np.tanh(product + h @ recurrent_t)
            return h

        for label, call in ((peer, taught), (f"{peer}-hoisted", hoisted)):
            check(label, name, call(), expected)
            run(label, name, call)


def onnxruntime_peer(peer):
    import onnxruntime
    say(peer, version=onnxruntime.__version__)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1

    def open_session(name, file):
        return onnxruntime.InferenceSession(str(DATA / name / file), options, providers=["CPUExecutionProvider"])

    for name in wanted():
        x, expected = load(name)
        start = time.perf_counter()
        session = open_session(name, "sequence.onnx")
        say(peer, name, load_us=(time.perf_counter() - start) * 1e6)
        check(peer, name, session.run(None, {"x": x})[0], expected)
        run(peer, name, lambda: session.run(None, {"x": x}))
        if name.startswith("w1_"):
            step = open_session(name, "step.onnx")
            states = [value for value in step.get_inputs() if value.name != "x"]
            zeros = {value.name: np.zeros(value.shape, np.float32) for value in states}
            outputs = np.zeros(len(x), np.float32)

            def stream():
                state = zeros
                for t in range(len(x)):
                    output, *after = step.run(None, {"x": x[t:t + 1], **state})
                    state = dict(zip(zeros, after))
                    outputs[t] = output[0, 0, 0]

            stream()
            check(peer, f"{name}_t1", outputs, expected)
            run(peer, f"{name}_t1", stream)


def torch_model(name):
    import torch
    spec = WORKLOADS[name]
    layers, features = [], spec["features"]
    for kind, weights in draw(name, spec)[1]:
        tensors = [torch.from_numpy(array.copy()) for array in weights]
        if kind == "dense":
            layer = torch.nn.Linear(features, weights[0].shape[0])
            names = ["weight", "bias"]
            features = weights[0].shape[0]
        else:
            cell, n_directions = directions(kind)
            units = weights[1].shape[1]
            module = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}[cell]
            layer = module(features, units, bidirectional=n_directions == 2)
            names = [f"{part}_l0{suffix}" for suffix in ("", "_reverse")[:n_directions]
                     for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
            features = units * n_directions
        for parameter, tensor in zip(names, tensors):
            getattr(layer, parameter).data = tensor
        layers.append(layer)

    class Workload(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = torch.nn.ModuleList(layers)
            self.last_only = not spec["every_step"]

        def forward(self, x):
            for layer in self.layers:
                x = layer(x)
                if isinstance(x, tuple):
                    x = x[0]
            return x[-1] if self.last_only else x

    return Workload().eval()


def torch_stream(peer, name, model, x, expected):
    """One call a sample, state carried, eager."""
    recurrent, dense = model.layers
    steps, outputs = [x[t:t + 1] for t in range(len(x))], np.zeros(len(x), np.float32)

    def stream():
        state = None
        for t, step in enumerate(steps):
            h, state = recurrent(step, state)
            outputs[t] = dense(h).item()

    stream()
    check(peer, f"{name}_t1", outputs, expected)
    run(peer, f"{name}_t1", stream)


def torch_peer(peer):
    import torch
    say(peer, version=torch.__version__)
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    for name in wanted():
        values, expected = load(name)
        try:
            model, x = torch_model(name), torch.from_numpy(values)
            with torch.inference_mode():
                start, prepared = time.perf_counter(), model
                if peer == "torchscript":
                    prepared = torch.jit.freeze(torch.jit.trace(model, x))
                elif peer == "torchcompile":
                    import torch._dynamo
                    torch._dynamo.config.allow_rnn = True
                    prepared = torch.compile(model)
                for _ in range(3):
                    prepared(x)
                say(peer, name, load_us=(time.perf_counter() - start) * 1e6)
                check(peer, name, prepared(x).numpy(), expected)
                run(peer, name, lambda: prepared(x))
                if peer == "torch" and name.startswith("w1_"):
                    torch_stream(peer, name, model, x, expected)
        except Exception as error:
            say(peer, name, fail=repr(error)[:200])


def jax_cell(jax, kind, weights, x, reverse):
    """One direction: the input product first, then `lax.scan` over the steps."""
    jnp = jax.numpy
    parts = keras_cell(kind, weights)
    kernel, recurrent, bias = (jnp.asarray(parts[part]) for part in ("kernel", "recurrent_kernel", "bias"))
    zero = jnp.zeros((x.shape[1], recurrent.shape[0]))
    if kind == "lstm":
        def step(state, product):
            h, c = state
            i, f, g, o = jnp.split(product + h @ recurrent, 4, axis=1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h
        return jax.lax.scan(step, (zero, zero), x @ kernel + bias, reverse=reverse)[1]
    if kind == "gru":
        def step(h, product):
            input_z, input_r, input_n = jnp.split(product, 3, axis=1)
            state_z, state_r, state_n = jnp.split(h @ recurrent + bias[1], 3, axis=1)
            z = jax.nn.sigmoid(input_z + state_z)
            h = (1 - z) * jnp.tanh(input_n + jax.nn.sigmoid(input_r + state_r) * state_n) + z * h
            return h, h
        return jax.lax.scan(step, zero, x @ kernel + bias[0], reverse=reverse)[1]

    def step(h, product):
        h = jnp.tanh(product + h @ recurrent)
        return h, h
    return jax.lax.scan(step, zero, x @ kernel + bias, reverse=reverse)[1]


def jax_peer(peer):
    import jax
    jax.config.update("jax_platforms", "cpu")
    say(peer, version=jax.__version__)
    for name in wanted():
        values, expected = load(name)
        spec = WORKLOADS[name]
        layers = draw(name, spec)[1]

        def forward(x):
            for kind, weights in layers:
                if kind == "dense":
                    x = x @ weights[0].T + weights[1]
                    continue
                cell, n_directions = directions(kind)
                x = jax.numpy.concatenate([jax_cell(jax, cell, weights[4 * direction:][:4], x, direction == 1)
                                           for direction in range(n_directions)], axis=2)
            return x if spec["every_step"] else x[-1]

        compiled, x = jax.jit(forward), jax.numpy.asarray(values)
        start = time.perf_counter()
        compiled(x).block_until_ready()
        say(peer, name, load_us=(time.perf_counter() - start) * 1e6)
        check(peer, name, compiled(x), expected)
        run(peer, name, lambda: compiled(x).block_until_ready())


def keras_model(keras, name):
    """Runs the workload's `.rnn` file, which is Keras, with the fixed shape that TensorFlow Lite wants."""
    sys.modules["keras"], sys.modules["keras.layers"] = keras, keras.layers
    scope = {}
    exec((BENCH / "workloads" / f"{name}.rnn").read_text(), scope)
    spec = WORKLOADS[name]
    inputs = keras.Input(batch_shape=(spec["batch"], spec["timesteps"], spec["features"]))
    model = keras.Model(inputs, scope["model"](inputs))
    model.set_weights(list(keras_tensors(draw(name, spec)[1]).values()))
    return model


def tflite_convert(peer):
    """Keras 2 (tf_keras) converts an LSTM to one fused operator, Keras 3 to a loop: both are measured."""
    module = sys.argv[3]
    if module == "tf_keras":
        os.environ["TF_USE_LEGACY_KERAS"] = "1"
    import importlib

    import tensorflow
    keras = importlib.import_module(module)
    importlib.import_module(f"{module}.layers")
    for name in WORKLOADS:
        try:
            model = tensorflow.lite.TFLiteConverter.from_keras_model(keras_model(keras, name)).convert()
            (DATA / name / f"{module}.tflite").write_bytes(model)
        except Exception as error:
            say(peer, name, fail=f"{module}: {error!r}"[:300])


def tflite_peer(peer):
    from ai_edge_litert.interpreter import Interpreter
    from importlib.metadata import version
    say(peer, version=version("ai-edge-litert"))
    for name in wanted():
        path = DATA / name / ("keras.tflite" if peer == "tflite-while" else "tf_keras.tflite")
        if not path.exists():
            say(peer, name, fail="the converter refuses this model")
            continue
        values, expected = load(name)
        x = np.ascontiguousarray(values.transpose(1, 0, 2))
        start = time.perf_counter()
        interpreter = Interpreter(str(path), num_threads=1)
        interpreter.allocate_tensors()
        say(peer, name, load_us=(time.perf_counter() - start) * 1e6)
        source, target = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
        interpreter.reset_all_variables()
        interpreter.set_tensor(source, x)
        interpreter.invoke()
        got = interpreter.get_tensor(target)
        check(peer, name, got.transpose(1, 0, 2) if got.ndim == 3 else got, expected)
        run(peer, name, interpreter.invoke)


PEERS = {
    "numpy": numpy_peer,
    "onnxruntime": onnxruntime_peer,
    "torch": torch_peer,
    "torchscript": torch_peer,
    "torchcompile": torch_peer,
    "jax": jax_peer,
    "tflite": tflite_peer,
    "tflite-while": tflite_peer,
    "convert": tflite_convert,
}

if __name__ == "__main__":
    PEERS[sys.argv[2]](sys.argv[2])
