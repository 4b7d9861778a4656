"""Records what real Keras makes of the golden models.

    python tests/goldens/generate.py [beginning of a name…]

For each case of layer_cases.py and graph_cases.py, in `layers/`: NAME.rnn (the text), NAME.safetensors (random weights under Keras's
paths), NAME.io.safetensors (`input`; `output` of Keras in f32; `output64`, the same weights evaluated in f64; `input:NAME` and
so on where there are several),
NAME.summary.txt (80 columns) and NAME.json (`rnnc summary --format json`). For each case of summary_cases.py, in
`summary/`: NAME.rnn, NAME.json and NAME.COLUMNS.txt. Versions go to versions.json. With beginnings of names, only those are made.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "keras"))
IN_DOUBLE = "--double" in sys.argv
if IN_DOUBLE:
    os.environ["JAX_ENABLE_X64"] = "1"

import keras_oracle as oracle  # noqa: E402
import graph_cases  # noqa: E402
import layer_cases  # noqa: E402
import numpy  # noqa: E402
import summary_cases  # noqa: E402

SUMMARY_COLUMNS = (40, 60, 80, 100, 120)
# Outputs beyond this say that a random recurrence ran away: the case gets smaller weights.
LARGEST_OUTPUT = 50.0


def write(path, text):
    path.write_text(text, encoding="utf-8")


def dump(value):
    return json.dumps(value, indent=1) + "\n"


def choose_weights(model, name):
    """Random weights and an input under which the model stays within bounds, and its output."""
    random = numpy.random.default_rng(sum(map(ord, name)))
    inputs = oracle.random_inputs(model, random)
    for gain in (1.2, 0.8, 0.5, 0.3):
        oracle.randomise(model, random, gain)
        outputs = oracle.evaluate(model, inputs)
        if all(numpy.isfinite(output).all() and abs(output).max() < LARGEST_OUTPUT for output in outputs.values()):
            return inputs, outputs
        reset_states(model)
    raise ValueError(f"{name}: no weights keep the output within bounds")


def reset_states(model):
    for layer in model.layers:
        if getattr(layer, "stateful", False):
            layer.reset_state()


def record_layer_case(name, text):
    folder = HERE / "layers"
    write(folder / f"{name}.rnn", text)
    models = oracle.run_text(text, name)
    model = oracle.chosen(models)
    inputs, outputs = choose_weights(model, name)
    oracle.save_tensors(oracle.weights_by_path(model), folder / f"{name}.safetensors")
    tensors = {**oracle.recorded("input", inputs), **oracle.recorded("output", outputs)}
    oracle.save_tensors(tensors, folder / f"{name}.io.safetensors")
    write(folder / f"{name}.summary.txt", "".join(oracle.summary_text(model) for _, model in models))
    write(folder / f"{name}.json", dump(oracle.describe(models)))


def add_double_output(name, text):
    """Evaluates the recorded weights in f64; runs in a process of its own, since JAX fixes its precision at start."""
    io_path = HERE / "layers" / f"{name}.io.safetensors"
    model = oracle.chosen(oracle.run_text(text.replace(', dtype="float32"', ""), name))
    oracle.assign(model, oracle.load_tensors(HERE / "layers" / f"{name}.safetensors"))
    tensors = oracle.load_tensors(io_path)
    names = oracle.ends(model, "inputs")
    inputs = {end: tensors["input" if len(names) == 1 else f"input:{end}"] for end in names}
    exact = oracle.recorded("output64", oracle.evaluate(model, oracle.in_double(inputs)))
    oracle.save_tensors({**tensors, **exact}, io_path)
    for key, values in exact.items():
        assert values.dtype == "float64", name
        distance = abs(values - tensors[key.replace("output64", "output")]) / (1e-6 + 1e-5 * abs(values))
        if distance.max() > 1:
            print(f"{name}: f32 and f64 differ by {distance.max():.2f} times the tolerance")


def record_summary_case(name, text):
    folder = HERE / "summary"
    write(folder / f"{name}.rnn", text)
    models = oracle.run_text(text, name)
    write(folder / f"{name}.json", dump(oracle.describe(models)))
    for columns in SUMMARY_COLUMNS:
        write(folder / f"{name}.{columns}.txt", "".join(oracle.summary_text(model, columns) for _, model in models))


def main():
    wanted = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    every = {**layer_cases.cases(), **graph_cases.cases()}
    layers = {name: text for name, text in every.items() if not wanted or any(map(name.startswith, wanted))}
    if IN_DOUBLE:
        oracle.compute_in_double()
        for name, text in layers.items():
            add_double_output(name, text)
        return
    for folder in ("layers", "summary"):
        (HERE / folder).mkdir(exist_ok=True)
    for name, text in summary_cases.cases().items():
        if not wanted or any(map(name.startswith, wanted)):
            record_summary_case(name, text)
    for name, text in layers.items():
        record_layer_case(name, text)
    if layers:
        subprocess.run([sys.executable, __file__, "--double", *wanted], check=True)
    write(HERE / "versions.json", dump(oracle.versions()))
    print(f"{len(layers)} layer cases")


if __name__ == "__main__":
    main()
