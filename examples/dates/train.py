"""Trains dates.rnn in Keras and writes the files beside it.

    python train.py

`dates.safetensors`: the weights of the training graph under Keras's paths. `heldout.tsv`: dates that training never saw,
what they mean, and what Keras writes for them, sign by sign. Needs Keras 3 with JAX, NumPy and safetensors.
"""

import datetime
import os
import random
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras  # noqa: E402
import numpy  # noqa: E402
from safetensors.numpy import save_file  # noqa: E402

HERE = Path(__file__).resolve().parent
ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789 ,./"
SIGNS = "0123456789-"
START = len(SIGNS)
LENGTH = 20
SEED = 7
FORMS = (
    "{day} {month} {year}",
    "{month} {day}, {year}",
    "{day}. {month} {year}",
    "{weekday} {day} {short} {year}",
    "{weekday}, {short} {day} {year}",
    "{year}.{m:02}.{day:02}",
    "{m}/{day}/{year}",
)


def example(draw):
    """A date as somebody writes it, and its meaning."""
    date = datetime.date(1950, 1, 1) + datetime.timedelta(days=draw.randrange(36500))
    text = draw.choice(FORMS).format(
        day=date.day, m=date.month, year=date.year, month=date.strftime("%B"), short=date.strftime("%b"), weekday=date.strftime("%a")
    )
    if draw.random() < 0.02 or len(text) > LENGTH:
        text = f"{date.day} {date.strftime('%b')} {date.year}"
    return text.lower(), date.isoformat()


def arrays(pairs):
    """Ids of the text, of the answer behind the start, and of the answer."""
    written = numpy.array([[ALPHABET.index(letter) for letter in text.ljust(LENGTH)] for text, _ in pairs], "int32")
    answers = numpy.array([[SIGNS.index(sign) for sign in meaning] for _, meaning in pairs], "int32")
    before = numpy.concatenate([numpy.full((len(pairs), 1), START, "int32"), answers[:, :-1]], axis=1)
    return written, before, answers


def write(models, written):
    """What the reader and the writer make of each text, always taking the likeliest sign."""
    read = models["reader"](written, training=False)
    seen, state = read["seen"], read["state"]
    sign = numpy.full((len(written), 1), START, "int32")
    said = []
    for _ in range(10):
        step = models["writer"]([keras.ops.convert_to_tensor(sign), state, seen], training=False)
        sign = numpy.argmax(step["answer"], axis=-1).astype("int32")
        state = step["state"]
        said.append(sign)
    return ["".join(SIGNS[min(sign, 10)] for sign in row) for row in numpy.concatenate(said, axis=1)]


def main():
    keras.utils.set_random_seed(SEED)
    draw = random.Random(SEED)
    models = {}
    exec("from keras import *\nfrom keras.layers import *\n" + (HERE / "dates.rnn").read_text(encoding="utf-8"), models)
    pairs = [example(draw) for _ in range(24000)]
    known = {text for text, _ in pairs}
    heldout = []
    while len(heldout) < 500:
        pair = example(draw)
        if pair[0] not in known:
            heldout.append(pair)
    written, before, answers = arrays(pairs)
    training = models["training"]
    schedule = keras.optimizers.schedules.CosineDecay(4e-3, 10 * len(pairs) // 128)
    training.compile(keras.optimizers.Adam(schedule), "sparse_categorical_crossentropy", metrics=["accuracy"])
    training.fit([written, before], answers, batch_size=128, epochs=10, verbose=2)
    save_file({weight.path: numpy.asarray(weight) for weight in training.weights}, HERE / "dates.safetensors")
    (HERE / "dates.safetensors").chmod(0o644)
    said = write(models, arrays(heldout)[0])
    right = sum(meaning == answer for (_, meaning), answer in zip(heldout, said))
    lines = [f"{text}\t{meaning}\t{answer}\n" for (text, meaning), answer in zip(heldout, said)]
    (HERE / "heldout.tsv").write_text("".join(lines), encoding="utf-8")
    print(f"{right} of {len(heldout)} held-out dates are right")


if __name__ == "__main__":
    main()
