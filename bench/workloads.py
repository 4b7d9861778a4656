#!/usr/bin/env python3
"""Makes the workloads' data: weights, inputs, float64 reference outputs and ONNX models.

usage: workloads.py DATA_FOLDER      (run.py calls it; needs numpy, onnx and safetensors)

DATA_FOLDER/workloads.json describes every workload; DATA_FOLDER/NAME holds, all little-endian float32:

  x.bin                 input [timesteps, batch, features]
  y.bin                 expected output, computed in float64 and rounded: [timesteps, batch, outputs], or [batch, outputs]
  w.bin                 weights layer after layer in PyTorch's order: W_ih [g*units, features], W_hh [g*units, units],
                        b_ih, b_hh; gates i f g o (LSTM), r z n (GRU, reset after the product); a bidirectional layer
                        forward then backward; Dense W [outputs, inputs], b
  weights.safetensors   the same weights under Keras 3's names, in Keras's shapes and gate order
  sequence.onnx         the whole sequence; step.onnx, of the streams, one time step with the state passed in and out

Everything follows from the workload's name: two runs give the same bytes.
"""
import json
import sys
import zlib
from pathlib import Path

import numpy as np

from spec import WORKLOADS

N_GATES = {"lstm": 4, "gru": 3, "rnn": 1}
KERAS_LAYER = {"lstm": "lstm", "gru": "gru", "rnn": "simple_rnn"}


def directions(kind):
    """("lstm", 1) of "lstm", ("lstm", 2) of "bilstm"."""
    return (kind[2:], 2) if kind.startswith("bi") else (kind, 1)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def uniform(random, units, *shape):
    """PyTorch's own initial range, which keeps gates away from saturation."""
    bound = 1 / np.sqrt(units)
    return random.uniform(-bound, bound, shape).astype(np.float32)


def cell_weights(random, kind, features, units):
    rows = N_GATES[kind] * units
    shapes = [(rows, features), (rows, units), (rows,), (rows,)]
    return [uniform(random, units, *shape) for shape in shapes]


def run_cell(kind, weights, x, reverse=False):
    """One direction in float64: x [timesteps, batch, features] -> h [timesteps, batch, units]."""
    kernel, recurrent, bias, recurrent_bias = [w.astype(np.float64) for w in weights]
    timesteps, batch, _ = x.shape
    h = np.zeros((batch, recurrent.shape[1]))
    c = np.zeros_like(h)
    out = np.zeros((timesteps, *h.shape))
    for t in reversed(range(timesteps)) if reverse else range(timesteps):
        from_input = x[t] @ kernel.T + bias
        from_state = h @ recurrent.T + recurrent_bias
        if kind == "lstm":
            i, f, g, o = np.split(from_input + from_state, 4, axis=1)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
        elif kind == "gru":
            input_r, input_z, input_n = np.split(from_input, 3, axis=1)
            state_r, state_z, state_n = np.split(from_state, 3, axis=1)
            z = sigmoid(input_z + state_z)
            h = (1 - z) * np.tanh(input_n + sigmoid(input_r + state_r) * state_n) + z * h
        else:
            h = np.tanh(from_input + from_state)
        out[t] = h
    return out


def draw(name, spec):
    """Input, layers [(kind, weights)] and the float64 output of a workload."""
    random = np.random.default_rng(zlib.crc32(name.encode()))
    features = spec["features"]
    x = random.uniform(-1, 1, (spec["timesteps"], spec["batch"], features)).astype(np.float32)
    y, layers = x.astype(np.float64), []
    for kind, units in spec["layers"]:
        if kind == "dense":
            weights = [uniform(random, features, units, features), uniform(random, features, units)]
            y = y @ weights[0].astype(np.float64).T + weights[1]
            features = units
        else:
            cell, n_directions = directions(kind)
            parts = [cell_weights(random, cell, features, units) for _ in range(n_directions)]
            y = np.concatenate([run_cell(cell, part, y, reverse == 1) for reverse, part in enumerate(parts)], axis=2)
            weights = [array for part in parts for array in part]
            features = units * n_directions
        layers.append((kind, weights))
    return x, layers, y if spec["every_step"] else y[-1]


def keras_cell(kind, weights):
    """PyTorch's four arrays -> Keras's kernel, recurrent_kernel, bias."""
    def ordered(array):
        gates = np.split(array, N_GATES[kind], axis=0)
        return np.concatenate([gates[g] for g in {"lstm": [0, 1, 2, 3], "gru": [1, 0, 2], "rnn": [0]}[kind]])

    kernel, recurrent, bias, recurrent_bias = [ordered(w) for w in weights]
    # One float32 sum: float32 rounding of the bias is part of every peer that keeps a single bias.
    joined = np.stack([bias, recurrent_bias]) if kind == "gru" else bias + recurrent_bias
    return {"kernel": kernel.T, "recurrent_kernel": recurrent.T, "bias": joined}


def keras_tensors(layers):
    """Every weight under the path that Keras 3 gives it in workloads/NAME.rnn."""
    tensors, seen = {}, {}
    for kind, weights in layers:
        if kind == "dense":
            tensors["dense/kernel"], tensors["dense/bias"] = weights[0].T, weights[1]
            continue
        cell, n_directions = directions(kind)
        layer = KERAS_LAYER[cell]
        count = seen.setdefault(kind, 0)
        seen[kind] += 1
        suffix = f"_{count}" if count else ""
        for direction in range(n_directions):
            prefix = layer + suffix
            if n_directions == 2:
                prefix = f"bidirectional{suffix}/{('forward', 'backward')[direction]}_{layer}{suffix}"
            for name, array in keras_cell(cell, weights[4 * direction:][:4]).items():
                tensors[f"{prefix}/{layer}_cell/{name}"] = array
    return {name: np.ascontiguousarray(array) for name, array in tensors.items()}


def onnx_order(kind, array):
    gates = np.split(array, N_GATES[kind], axis=0)
    return np.concatenate([gates[g] for g in {"lstm": [0, 3, 1, 2], "gru": [1, 0, 2], "rnn": [0]}[kind]])


class OnnxGraph:
    """Collects nodes, constants, inputs and outputs of one ONNX model."""

    def __init__(self, batch):
        from onnx import TensorProto, helper, numpy_helper
        self.helper, self.numpy_helper, self.float = helper, numpy_helper, TensorProto.FLOAT
        self.batch = batch
        self.nodes, self.constants, self.inputs, self.outputs = [], [], [], []

    def constant(self, array):
        name = f"constant_{len(self.constants)}"
        self.constants.append(self.numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, operator, inputs, outputs, **attributes):
        self.nodes.append(self.helper.make_node(operator, inputs, outputs, **attributes))

    def value(self, name, shape):
        return self.helper.make_tensor_value_info(name, self.float, shape)

    def dense(self, index, current, weights):
        self.node("MatMul", [current, self.constant(weights[0].T)], [f"product_{index}"])
        self.node("Add", [f"product_{index}", self.constant(weights[1])], [f"dense_{index}"])
        return f"dense_{index}"

    def recurrent(self, index, current, kind, weights, timesteps, last_only, with_state):
        cell, n_directions = directions(kind)
        parts = [weights[4 * d:][:4] for d in range(n_directions)]
        units = parts[0][1].shape[1]
        stack = lambda pick: self.constant(np.stack([pick(part) for part in parts]))
        inputs = [current, stack(lambda part: onnx_order(cell, part[0])), stack(lambda part: onnx_order(cell, part[1])),
                  stack(lambda part: np.concatenate([onnx_order(cell, part[2]), onnx_order(cell, part[3])]))]
        outputs = [f"all_{index}", f"h_{index}"] + ([f"c_{index}"] if cell == "lstm" else [])
        attributes = dict(hidden_size=units, direction="bidirectional" if n_directions == 2 else "forward")
        if cell == "gru":
            attributes["linear_before_reset"] = 1
        if with_state:
            states = [f"{name}_before" for name in outputs[1:]]
            inputs += ["", *states]
            self.inputs += [self.value(name, [n_directions, self.batch, units]) for name in states]
            self.outputs += [self.value(name, [n_directions, self.batch, units]) for name in outputs[1:]]
        operator = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN"}[cell]
        if last_only:
            self.node(operator, inputs, ["", f"h_{index}"], **attributes)
            self.node("Squeeze", [f"h_{index}", self.constant(np.array([0], np.int64))], [f"last_{index}"])
            return f"last_{index}"
        self.node(operator, inputs, outputs if with_state else outputs[:1], **attributes)
        if n_directions == 1:
            self.node("Squeeze", [outputs[0], self.constant(np.array([1], np.int64))], [f"sequence_{index}"])
        else:
            shape = np.array([timesteps, self.batch, n_directions * units], np.int64)
            self.node("Transpose", [outputs[0]], [f"turned_{index}"], perm=[0, 2, 1, 3])
            self.node("Reshape", [f"turned_{index}", self.constant(shape)], [f"sequence_{index}"])
        return f"sequence_{index}"


def onnx_model(spec, layers, timesteps, with_state=False):
    import onnx
    graph = OnnxGraph(spec["batch"])
    graph.inputs.append(graph.value("x", [timesteps, spec["batch"], spec["features"]]))
    current, width = "x", spec["features"]
    for index, (kind, weights) in enumerate(layers):
        if kind == "dense":
            current, width = graph.dense(index, current, weights), weights[0].shape[0]
            continue
        last_only = not spec["every_step"] and index + 1 == len(layers)
        current = graph.recurrent(index, current, kind, weights, timesteps, last_only, with_state)
        width = weights[1].shape[1] * directions(kind)[1]
    shape = [timesteps, spec["batch"], width] if spec["every_step"] else [spec["batch"], width]
    graph.outputs.insert(0, graph.value(current, shape))
    body = graph.helper.make_graph(graph.nodes, "workload", graph.inputs, graph.outputs, graph.constants)
    model = graph.helper.make_model(body, opset_imports=[graph.helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def write(folder, name, spec):
    import onnx
    from safetensors.numpy import save_file
    folder = folder / name
    folder.mkdir(parents=True, exist_ok=True)
    x, layers, y = draw(name, spec)
    x.tofile(folder / "x.bin")
    y.astype(np.float32).tofile(folder / "y.bin")
    np.concatenate([array.ravel() for _, weights in layers for array in weights]).tofile(folder / "w.bin")
    save_file(keras_tensors(layers), folder / "weights.safetensors")
    onnx.save(onnx_model(spec, layers, spec["timesteps"]), folder / "sequence.onnx")
    if name.startswith("w1_"):
        onnx.save(onnx_model(spec, layers, 1, with_state=True), folder / "step.onnx")


def main():
    folder = Path(sys.argv[1])
    for name, spec in WORKLOADS.items():
        write(folder, name, spec)
    (folder / "workloads.json").write_text(json.dumps(WORKLOADS, indent=1) + "\n")


if __name__ == "__main__":
    main()
