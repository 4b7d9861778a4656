"""Saves `every_layer.rnn`, which is a Keras model too, with random weights in each of Keras's formats.

KERAS_BACKEND=jax python make.py     (made with Keras 3.15.1)
"""

import pathlib
import zipfile

import keras
import numpy
import safetensors.numpy

here = pathlib.Path(__file__).parent
names = {}
exec((here / "every_layer.rnn").read_text(), names)
model = names["model"]
random = numpy.random.default_rng(7)
model.set_weights([random.normal(size=weight.shape).astype("float32") for weight in model.get_weights()])
model.save_weights(here / "every_layer.weights.h5")
model.save(here / "every_layer.keras")
weights = {weight.path.removeprefix("every_layer/"): numpy.asarray(weight.numpy()) for weight in model.weights}
safetensors.numpy.save_file(weights, here / "every_layer.safetensors")

# Keras stores without compression; the test's files may be small.
archive = here / "every_layer.keras"
with zipfile.ZipFile(archive) as packed:
    entries = {name: packed.read(name) for name in packed.namelist()}
with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
    for name, content in entries.items():
        packed.writestr(name, content)
print(f"keras {keras.__version__}: {len(weights)} weights")
