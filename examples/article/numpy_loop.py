"""The recurrence written out in NumPy: ten timesteps of four features through eight units.

    python examples/article/numpy_loop.py

Writes beside itself numpy_loop.safetensors (the weights as Keras's SimpleRNN stores them, which is transposed: its
kernel multiplies from the right) and numpy_loop.json (the inputs, every hidden state of the loop, and versions).
"""

import json
from pathlib import Path

import numpy
import safetensors.numpy

HERE = Path(__file__).resolve().parent
TIMESTEPS = 10
FEATURES = 4
UNITS = 8


def main():
    random = numpy.random.default_rng(7)
    inputs = random.standard_normal((TIMESTEPS, FEATURES)).astype("float32")
    input_weights = random.standard_normal((UNITS, FEATURES)).astype("float32") * numpy.float32(0.5)
    state_weights = random.standard_normal((UNITS, UNITS)).astype("float32") * numpy.float32(0.4)
    bias = random.standard_normal(UNITS).astype("float32") * numpy.float32(0.1)

    state = numpy.zeros(UNITS)
    states = []
    for features in inputs:
        state = numpy.tanh(input_weights @ features.astype("float64") + state_weights @ state + bias)
        states.append(state)

    weights = {
        "simple_rnn/simple_rnn_cell/kernel": numpy.ascontiguousarray(input_weights.T),
        "simple_rnn/simple_rnn_cell/recurrent_kernel": numpy.ascontiguousarray(state_weights.T),
        "simple_rnn/simple_rnn_cell/bias": bias,
    }
    safetensors.numpy.save_file(weights, HERE / "numpy_loop.safetensors")
    record = {
        "numpy": numpy.__version__,
        "inputs": [[float(value) for value in row] for row in inputs],
        "states": [[float(value) for value in row] for row in states],
    }
    (HERE / "numpy_loop.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
