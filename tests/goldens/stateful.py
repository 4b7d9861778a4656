"""Records what Keras's stateful layers answer to two calls in a row, and to one more after a reset, into `stateful/`.

KERAS_BACKEND=jax python tests/goldens/stateful.py

The model is called itself: on JAX `predict` runs a copy whose states are lost, so every call of it begins anew.
Each case is a model with a fixed batch: its text, its weights, and the inputs and outputs of the three calls.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import pathlib

import keras
import numpy
from safetensors.numpy import save_file

FOLDER = pathlib.Path(__file__).parent / "stateful"

CASES = {
    "tracker": """\
model = Sequential()
model.add(Input(batch_shape=(2, 5, 3)))
model.add(LSTM(6, return_sequences=True, stateful=True))
model.add(GRU(4, return_sequences=True))
model.add(SimpleRNN(3, stateful=True))
model.add(Dense(2))
""",
    "around": """\
model = Sequential()
model.add(Input(batch_shape=(1, 4, 3)))
model.add(Bidirectional(LSTM(3, return_sequences=True, stateful=True)))
model.add(GRU(4, go_backwards=True, stateful=True, return_sequences=True))
model.add(GRU(2, reset_after=False, stateful=True))
""",
    "behind": """\
x = Input(batch_shape=(1, 6, 2))
y, h, c = LSTM(4, stateful=True, return_state=True)(x)
z = LSTM(3, stateful=True, return_sequences=True)(RepeatVector(2)(y))
model = Model(x, [z, c])
""",
    "free": """\
x = Input(batch_shape=(1, None, 2))
y = GRU(5, stateful=True, return_sequences=True)(x)
model = Model(x, Dense(2)(MaxPooling1D(2)(y)))
""",
}


def main():
    FOLDER.mkdir(exist_ok=True)
    for index, (name, text) in enumerate(CASES.items()):
        keras.backend.clear_session()
        keras.utils.set_random_seed(index)
        head = "from keras import Input, Model, Sequential\nfrom keras.layers import *\n"
        space = {}
        exec(head + text, space)
        model = space["model"]
        random = numpy.random.default_rng(index)
        for weight in model.weights:
            weight.assign(random.uniform(-0.7, 0.7, weight.shape))
        shape = [6 if size is None else size for size in model.input_shape]
        record = {}
        for call in ["first", "second", "reset"]:
            if call == "reset":
                for layer in model.layers:
                    if hasattr(layer, "reset_state"):
                        layer.reset_state()
                    elif hasattr(layer, "reset_states"):
                        layer.reset_states()
            sample = random.uniform(-1, 1, shape).astype("float32")
            record[f"{call}_input"] = sample
            outputs = model(sample)
            for place, output in enumerate(outputs if isinstance(outputs, list) else [outputs]):
                record[f"{call}_output_{place}"] = numpy.ascontiguousarray(numpy.asarray(output))
        save_file(record, FOLDER / f"{name}.io.safetensors")
        weights = {weight.path.removeprefix(model.name + "/"): numpy.asarray(weight.value) for weight in model.weights}
        save_file(weights, FOLDER / f"{name}.safetensors")
        (FOLDER / f"{name}.rnn").write_text(head + text)
        print(name, {key: value.shape for key, value in record.items()})


main()
