"""Saves `every_layer.rnn`, `further_layers.rnn` and `shared_layers.rnn`, which are Keras models too, with random weights in each of Keras's formats.

KERAS_BACKEND=jax python make.py [NAME…]     (made with Keras 3.15.1)
"""

import pathlib
import sys
import zipfile

import keras
import numpy
import safetensors.numpy

here = pathlib.Path(__file__).parent


def save(name):
    names = {}
    exec((here / f"{name}.rnn").read_text(), names)
    model = names["model"]
    random = numpy.random.default_rng(7)
    # The integer that `Normalization` counts with stays as it is.
    values = [weight if weight.dtype.kind == "i" else random.normal(size=weight.shape).astype("float32") for weight in model.get_weights()]
    model.set_weights(values)
    model.save_weights(here / f"{name}.weights.h5")
    model.save(here / f"{name}.keras")
    floats = [weight for weight in model.weights if not weight.path.endswith("/count")]
    weights = {weight.path.removeprefix(name + "/"): numpy.asarray(weight.numpy()) for weight in floats}
    safetensors.numpy.save_file(weights, here / f"{name}.safetensors")
    compress(here / f"{name}.keras")


def compress(archive):
    """Keras stores without compression; the test's files may be small."""
    with zipfile.ZipFile(archive) as packed:
        entries = {name: packed.read(name) for name in packed.namelist()}
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in entries.items():
            packed.writestr(name, content)


# All of them, or those that are named.
for name in sys.argv[1:] or ["every_layer", "further_layers", "shared_layers"]:
    save(name)
