"""Records what real Keras makes of models in float64, into `double/`.

    python tests/goldens/double.py [beginning of a name…]

For each case: NAME.rnn (the text), NAME.safetensors (random weights, float64), NAME.io.safetensors (`input`, `output`,
`input:NAME` and so on where there are several), NAME.summary.txt (80 columns) and NAME.json. Together the models have
every layer and every activation.

Keras narrows some results to float32 on every backend but TensorFlow, whatever its number type; `compute_in_double`
takes that away, so what is recorded is float64 from end to end. `MultiHeadAttention` without dropout has its softmax in
float32 on JAX all the same, so the case has some.
"""

import os
import sys
from pathlib import Path

os.environ["JAX_ENABLE_X64"] = "1"
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "keras"))

import keras_oracle as oracle  # noqa: E402
import layer_cases  # noqa: E402
import numpy  # noqa: E402
from generate import dump, write  # noqa: E402

HEADER = "import keras\nfrom keras import Input, Model, Sequential\nfrom keras.layers import *\n\nkeras.config.set_floatx(\"float64\")\n\n"


def chain(shape, *layers):
    lines = ["model = Sequential()", f"model.add(Input({shape}))"]
    return HEADER + "\n".join(lines + [f"model.add({layer})" for layer in layers]) + "\n"


def graph(lines, inputs, outputs):
    return HEADER + f"{lines}\nmodel = Model({inputs}, {outputs})\n"


def every_activation():
    """All of them in one model, each over a part of the features of its own."""
    names = [name for name in layer_cases.ACTIVATIONS if name not in ("sparsemax",)]
    parts = ", ".join(f'Dense(3, activation="{name}")(x)' for name in names)
    return graph("x = Input((4, 3))", "x", f'Concatenate()([{parts}, Activation("sparsemax")(x)])')


CASES = {
    "activations": every_activation(),
    "activation_layers": chain("(5, 4)", "ReLU(1.5, 0.1, 0.4)", "LeakyReLU(0.05)", "ELU(0.3)", "PReLU()", "PReLU(shared_axes=[1])", "Softmax(axis=1)", "Softmax()"),
    "recurrent": chain("(6, 3)", "SimpleRNN(4, return_sequences=True)", "LSTM(5, return_sequences=True)", "GRU(6, return_sequences=True)", "GRU(3, reset_after=False, return_sequences=True)", "LSTM(2, go_backwards=True)", 'Dense(3, activation="softmax")'),
    "large_cells": chain("(4, 17)", "LSTM(40, return_sequences=True)", "GRU(40, return_sequences=True)", "Dense(5)", "GRU(34, reset_after=False, return_sequences=True)", "SimpleRNN(70)"),
    "free_timesteps": chain("(None, 3)", "GRU(5, return_sequences=True)", "LSTM(4, return_sequences=True)", "LayerNormalization()", "Dense(2)"),
    "hard_cells": chain("(5, 3)", "LSTM(7, activation='softsign', recurrent_activation='hard_sigmoid', return_sequences=True)", "GRU(4, activation='elu', recurrent_activation='hard_silu', return_sequences=True)", "SimpleRNN(18, activation='relu6')"),
    "wrappers": chain("(5, 4)", "Bidirectional(LSTM(3, return_sequences=True))", "Bidirectional(GRU(4, return_sequences=True), merge_mode='ave')", "TimeDistributed(Dense(3, activation='tanh'))", "Bidirectional(SimpleRNN(2), merge_mode='mul')"),
    "cells": chain("(5, 3)", "RNN([LSTMCell(4), GRUCell(3)], return_sequences=True)", "RNN(SimpleRNNCell(2))", "RepeatVector(3)", "LSTM(2, unroll=True)"),
    "cells_called": graph(
        "x = Input((3, 4))\nh = Input((5,))\ncell = LSTMCell(5, activation=ReLU(max_value=1.1), recurrent_activation=ELU(0.3))\n"
        "y, a, b = RNN(cell, return_state=True)(x)\nz, [c, d] = cell(x[:, 0], [a, h])\nw, g = GRUCell(34)(z, Dense(34)(h))",
        "[x, h]",
        "[y, d, w]",
    ),
    "convolutions": chain("(14, 4)", "Conv1D(6, 3, activation='tanh')", "Conv1D(20, 2, strides=2, padding='same', groups=2)", "DepthwiseConv1D(2, depth_multiplier=2)", "SeparableConv1D(5, 2)", "Conv1DTranspose(3, 3, strides=2, padding='same', activation='gelu')", "GlobalAveragePooling1D()"),
    "conv_lstm": chain("(3, 5, 2)", "ConvLSTM1D(3, 2, return_sequences=True)", "ConvLSTM1D(2, 2)"),
    "causal": chain("(None, 3)", "Conv1D(5, 3, padding='causal', activation='elu')", "Conv1D(17, 2, padding='causal', dilation_rate=2)", "MaxPooling1D(2)", "GRU(4, return_sequences=True)"),
    "pooling": chain("(12, 3)", "ZeroPadding1D((1, 2))", "AveragePooling1D(3, 2, 'same')", "UpSampling1D(2)", "Cropping1D((1, 0))", "MaxPooling1D(3, 1)", "AdaptiveAveragePooling1D(6)", "AdaptiveMaxPooling1D(4)", "Permute((2, 1))", "Reshape((2, 6))", "GlobalMaxPooling1D()"),
    "normalizations": chain("(5, 6)", "BatchNormalization()", "LayerNormalization()", "GroupNormalization(2)", "RMSNormalization()", "UnitNormalization()", "Normalization()", "Normalization(mean=0.3, variance=2.0, invert=True)", "SpectralNormalization(Dense(4))", "Rescaling(1 / 3, offset=-0.1)", "BatchNormalization(axis=1, epsilon=0.1)", "LayerNormalization(axis=[1, 2], epsilon=1e-5)", "Discretization([-0.5, 0.1, 1])", "LSTM(2)"),
    "embedding": chain("(7,), dtype='int32'", "Embedding(5, 4, mask_zero=True)", "GRU(4, return_sequences=True)", "Dropout(0.5)", "LSTM(3)"),
    "masks": chain("(7, 3)", "Masking()", "Bidirectional(LSTM(3, return_sequences=True))", "Dense(5)", "GRU(4, return_sequences=True, zero_output_for_mask=True)", "GlobalAveragePooling1D()"),
    "attention": graph(
        "x = Input((5, 4))\ny = Input((3, 4))\na = Attention(use_scale=True)([x, y])\nb = AdditiveAttention()([x, y])\nc = MultiHeadAttention(2, 3, dropout=0.1)(x, y)\nd = Attention(score_mode='concat')([x, y])",
        "[x, y]",
        "Add()([a, b, c, d])",
    ),
    "merges": graph(
        "x = Input((5, 4), name='signal')\nc = Input((4,), name='condition')\ny = Dense(4)(x)\nm = Maximum()([x, y]) - Minimum()([x, c]) * 0.1\n"
        "n = Average()([x, y, Multiply()([x, y]), Subtract()([x, y])])\np = abs(m) ** 1.3 + (n * n + 0.1) ** 0.5 - 1 / (abs(n) + 0.7)",
        "{'a': x, 'b': c}",
        "[Dot(axes=2, normalize=True)([m, n]), p[:, ::-1, 1:], keras.activations.softmax(p)]",
    ),
}


def record(name, text, folder):
    write(folder / f"{name}.rnn", text)
    models = oracle.run_text(text, name)
    model = oracle.chosen(models)
    random = numpy.random.default_rng(sum(map(ord, name)))
    inputs = oracle.random_inputs(model, random, timesteps=9)
    inputs = {end: oracle.finer(array, random, oracle.mask_values(model)) for end, array in inputs.items()}
    oracle.randomise(model, random, 0.8)
    outputs = oracle.evaluate(model, inputs)
    for output in outputs.values():
        # The mean over no step at all is NaN.
        assert output.dtype == "float64" and numpy.nanmax(abs(output)) < 50, name
    oracle.save_tensors(oracle.weights_by_path(model), folder / f"{name}.safetensors")
    oracle.save_tensors({**oracle.recorded("input", inputs), **oracle.recorded("output", outputs)}, folder / f"{name}.io.safetensors")
    write(folder / f"{name}.summary.txt", "".join(oracle.summary_text(model) for _, model in models))
    write(folder / f"{name}.json", dump(oracle.describe(models)))


def main():
    folder = HERE / "double"
    folder.mkdir(exist_ok=True)
    oracle.compute_in_double()
    for name, text in CASES.items():
        if not sys.argv[1:] or any(map(name.startswith, sys.argv[1:])):
            record(name, text, folder)


if __name__ == "__main__":
    main()
