"""Writes the files beside it: RNNoise's weights as Keras stores them, and what Keras makes of recorded features.

    python convert.py WEIGHTS

WEIGHTS is `src/weights.rnn` of the crate nnnoiseless 0.5.2 (licence BSD-3-Clause): 8-bit numbers, layer by layer, of which
256 are 1. `features.npy` is what `cargo run --release -- --features features.npy` wrote. Needs Keras 3, NumPy, safetensors.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras  # noqa: E402
import numpy  # noqa: E402
from safetensors.numpy import save_file  # noqa: E402

HERE = Path(__file__).resolve().parent
# The layers in the file's order, and how many columns their kernels have for each unit.
LAYERS = (("input_dense", 1), ("vad_gru", 3), ("noise_gru", 3), ("denoise_gru", 3), ("gains", 1), ("speech", 1))


def weights(data):
    """Every weight under Keras's path."""
    found, place = {}, 0

    def take(*shape):
        nonlocal place
        length = numpy.prod(shape)
        values = data[place : place + length].astype("float32") / 256
        place += length
        return values.reshape(shape)

    for name, columns in LAYERS:
        inputs, units = map(int, data[place : place + 2])
        place += 3
        inner = name + ("/gru_cell" if columns == 3 else "")
        found[f"{inner}/kernel"] = take(inputs, columns * units)
        if columns == 3:
            found[f"{inner}/recurrent_kernel"] = take(units, columns * units)
        found[f"{inner}/bias"] = take(columns * units)
    assert place == len(data), "bytes are left over"
    return found


def main():
    values = weights(numpy.fromfile(sys.argv[1], dtype="int8"))
    save_file(values, HERE / "rnnoise.safetensors")
    names = {}
    exec("from keras import *\nfrom keras.layers import *\n" + (HERE / "rnnoise.rnn").read_text(encoding="utf-8"), names)
    model = names["model"]
    for weight in model.weights:
        weight.assign(values[weight.path])
    if (HERE / "features.npy").exists():
        features = numpy.load(HERE / "features.npy")
        gains, speech = model(features[None], training=False)
        numpy.save(HERE / "keras.npy", numpy.concatenate([gains[0], speech[0]], axis=-1))


if __name__ == "__main__":
    main()
