"""Trains digits.rnn in Keras on scikit-learn's digits and writes everything the example needs beside itself.

    KERAS_BACKEND=jax python examples/digits/train.py

The text of digits.rnn is run as the Python it is: the model that is trained is the model that `rnn_model!` compiles.
Written: digits.safetensors (weights under Keras's paths), digits.keras (Keras's own file), heldout_scans.npy
(u8, 0 to 16, shape [scans, 8, 8]), heldout_labels.npy (u8), heldout_probabilities.npy (f32, Keras's answers) and
digits.json (seed, versions, accuracy).
"""

import json
import platform
from pathlib import Path

import keras
import numpy
import safetensors.numpy
import sklearn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

HERE = Path(__file__).resolve().parent
SEED = 20
EPOCHS = 120
BATCH_SIZE = 32
HELD_OUT = 360
# A pixel of the data set counts up to 16 set dots of a 4×4 block.
LARGEST_GREY = 16


def load_model():
    """The model that digits.rnn defines, by running its text as Python."""
    names = {}
    source = HERE / "digits.rnn"
    exec(compile(source.read_text(encoding="utf-8"), str(source), "exec"), names)
    return names["model"]


def split_scans():
    """Scans as u8 [n, 8, 8] and labels as u8 [n]: the training part, then the held-out part."""
    digits = load_digits()
    return train_test_split(
        digits.images.astype("uint8"),
        digits.target.astype("uint8"),
        test_size=HELD_OUT,
        stratify=digits.target,
        random_state=SEED,
    )


def to_features(scans):
    """Grey values between 0 and 1, as the model takes them."""
    return scans.astype("float32") / LARGEST_GREY


def with_shifted(scans, labels):
    """The scans, and each moved one column to the left and to the right: handwriting isn't centred exactly."""
    left, right = numpy.zeros_like(scans), numpy.zeros_like(scans)
    left[:, :, :-1] = scans[:, :, 1:]
    right[:, :, 1:] = scans[:, :, :-1]
    return numpy.concatenate([scans, left, right]), numpy.concatenate([labels] * 3)


def train(model, scans, labels):
    """Fits the model; the learning rate falls along a cosine to zero."""
    scans, labels = with_shifted(scans, labels)
    steps = -(-len(scans) // BATCH_SIZE) * EPOCHS
    model.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(4e-3, steps)),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(to_features(scans), labels, batch_size=BATCH_SIZE, epochs=EPOCHS, verbose=2)


def weights_by_path(model):
    """Each weight as f32 under Keras's path, without the model's name in front."""
    prefix = model.name + "/"
    return {weight.path.removeprefix(prefix): keras.ops.convert_to_numpy(weight) for weight in model.weights}


def save(model, scans, labels):
    """Writes the weights, the held-out scans and Keras's answers to them; returns the accuracy."""
    probabilities = model.predict(to_features(scans), verbose=0)
    accuracy = float((probabilities.argmax(axis=1) == labels).mean())
    safetensors.numpy.save_file(weights_by_path(model), HERE / "digits.safetensors")
    without_optimizer = load_model()
    without_optimizer.set_weights(model.get_weights())
    without_optimizer.save(HERE / "digits.keras")
    numpy.save(HERE / "heldout_scans.npy", scans)
    numpy.save(HERE / "heldout_labels.npy", labels)
    numpy.save(HERE / "heldout_probabilities.npy", probabilities.astype("float32"))
    return accuracy


def main():
    keras.utils.set_random_seed(SEED)
    train_scans, held_out_scans, train_labels, held_out_labels = split_scans()
    model = load_model()
    train(model, train_scans, train_labels)
    accuracy = save(model, held_out_scans, held_out_labels)
    record = {
        "seed": SEED,
        "epochs": EPOCHS,
        "held_out_scans": HELD_OUT,
        "held_out_accuracy": accuracy,
        "parameters": model.count_params(),
        "data": "scikit-learn's load_digits (UCI: Optical Recognition of Handwritten Digits, CC BY 4.0)",
        "versions": {
            "python": platform.python_version(),
            "keras": keras.__version__,
            "backend": keras.backend.backend(),
            "numpy": numpy.__version__,
            "scikit-learn": sklearn.__version__,
        },
    }
    (HERE / "digits.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    print(f"accuracy on {HELD_OUT} held-out scans: {accuracy:.4f}")


if __name__ == "__main__":
    main()
