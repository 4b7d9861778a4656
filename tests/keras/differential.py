"""Random models through real Keras and through `rnnc`: both must say the same.

    python tests/keras/differential.py target/release/rnnc --models 500 --seed 1 [--invalid] [--work FOLDER]

Compared for each model: whether it is accepted; `summary --format json`; the summary's text at a random width; the
output of `run` under random weights (1e-5 relative, or 1e-6 of the largest output or of 1; where f32 noise may be the
reason, Keras decides again in f64). Every sixth model computes in float64, where 1e-10 must hold. With `--invalid` each model gets a mistake first: what Keras refuses must be
refused. What `rnnc` refuses although Keras takes it is counted by code, and is a difference unless `STRICTER` gives the
reason.
Each difference is shrunk and written to the work folder as KIND_SEED.rnn beside a report KIND_SEED.txt.
"""

import argparse
import collections
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

IN_DOUBLE = "--double" in sys.argv
if IN_DOUBLE:
    os.environ["JAX_ENABLE_X64"] = "1"

import keras_oracle as oracle  # noqa: E402
import numpy  # noqa: E402
import random_graphs  # noqa: E402
import random_models  # noqa: E402
from rnnc import Rnnc  # noqa: E402

RELATIVE, ABSOLUTE = 1e-5, 1e-6
RELATIVE_IN_DOUBLE = ABSOLUTE_IN_DOUBLE = 1e-10
# One model in so many is in float64.
DOUBLE_EVERY = 6
SHRINK_LIMIT = 120
# What Keras takes and the language refuses on purpose: code, what the text must contain, and why.
STRICTER = (
    ("E147", r"dtype=|cast\(", "several number types in one model"),
    ("E157", r"Discretization|int32|bool", "a normalization of whole numbers, which Keras cuts to whole numbers"),
    ("E226", r"initial_state=.*mask=", "a mask over a stack of cells with states whose first cell has other units than the last"),
    ("E228", r"RMSNormalization", "a scale over axes that are not the last ones, which Keras spreads over others or fails at when it computes"),
    ("E111", r"ops\.where\(\w+\)", "`where` of a condition alone, which counts places that the model does not know yet"),
    ("E211", r"ops\.reshape", "a new shape that mixes the batch's samples"),
    ("E210", r"axis=(\(\)|\[\])", "a normalization along no axis, which makes all values alike"),
    ("E204", r"Attention", "attention between vectors, for which Keras takes the batch for the timesteps"),
    ("E202", r"shape=\(\)", "`Masking` of samples without axes, which would be along the batch"),
    ("E204", r"\bRNN\(", "an `RNN` over frames of several axes, which Keras looks at only when it computes"),
    ("E105", r"activations\.\w+\([^)]*,", "arguments of an activation that is called with a tensor are not there yet"),
    ("E108", r"\[", "an empty slice of a tensor"),
    ("E220", r"Bidirectional", "states to begin with of another shape, which `Bidirectional` looks at only when it computes"),
    ("E104", r"\.add\(.*\), ", "a layer as `rebuild`, which Keras only asks whether it is true"),
    ("E115", r"", "a value of another type than documented: truth values for numbers, numbers and containers for truth values"),
    ("E116", r"dropout", "a dropout rate outside 0 to 1, which recurrent layers clamp"),
    ("E116", r"epsilon", "a negative epsilon"),
    ("E118", r"\bTrue\b|\bFalse\b", "a truth value as a size; Keras counts it as 1 or 0"),
    ("E118", r"2\*\*31", "a size beyond the documented limit of 2^31 - 1"),
    ("E116", r"1e400", "an infinite slope"),
    ("E116", r"ops\.repeat", "values that come no times"),
    ("E118", r"\(0,|, 0\b", "a size of 0"),
    ("E118", r"input_length", "no size, where Keras does not look"),
    ("E145", r"mask=", "numbers as a mask"),
    ("E146", r"bool|[<>]|!=", "truth values as numbers"),
    ("E226", r"mask|Masking", "masks of other shapes, which happen to fit the sizes at hand"),
    ("E209", r"axis|axes", "an axis that mixes a batch's samples"),
    ("E209", r"\w\[", "a subscript that picks samples of the batch"),
    ("E209", r" ([-+*/%&|^@<>]|//|\*\*|!=|<=|>=) ", "an operator between tensors of different ranks, which would line up the batch with another axis"),
)
# Keras 2's spelling of shapes: taken with a note or a warning, and refused by Keras 3 on most layers.
LEGACY = r"\b(input_length|input_dim|batch_input_shape)="


class Finding(Exception):
    """A difference: its kind, and what both sides said."""

    def __init__(self, kind, details):
        super().__init__(kind)
        self.kind, self.details = kind, details


def keras_view(text):
    """(models, description) or the exception that Keras raised."""
    try:
        models = oracle.run_text(text)
        return models, oracle.describe(models)
    except Exception as error:  # noqa: BLE001: whatever Python or Keras raises means refused
        return None, error


class Comparison:
    """Compares texts, in a folder of its own."""

    def __init__(self, rnnc, folder, seed):
        self.rnnc, self.folder, self.seed = rnnc, Path(folder), seed
        self.is_double = seed % DOUBLE_EVERY == 0
        self.stricter = collections.Counter()

    def path(self, name):
        return self.folder / name

    def compare(self, text):
        """Raises a `Finding` if the two differ on this text."""
        if self.is_double:
            text = ("import keras\n" if oracle.has_import(text) else "") + f'keras.config.set_floatx("float64")\n{text}'
        with oracle.float64_allowed(self.is_double):
            return self.compare_text(text)

    def compare_text(self, text):
        path = self.path("model.rnn")
        path.write_text(text, encoding="utf-8")
        models, view = keras_view(text)
        answer, diagnostics = self.rnnc.check(path)
        if answer.broke:
            raise Finding("panic", answer.errors)
        errors = [found for found in diagnostics if found.get("severity") == "error"]
        if answer.accepted == bool(errors):
            raise Finding("exit_status", f"status {answer.status}, diagnostics {diagnostics}")
        if models is None:
            if answer.accepted and re.search(LEGACY, text) and "Unrecognized keyword" in str(view):
                return "in Keras 2's spelling"
            if answer.accepted:
                raise Finding("accepts", f"Keras: {type(view).__name__}: {view}")
            return "refused"
        if errors:
            return self.refused_only_by_us(text, models, errors)
        self.compare_summary(path, models, view)
        self.compare_output(path, models)
        return "accepted"

    def refused_only_by_us(self, text, models, errors):
        codes = sorted({error["code"] for error in errors})
        for code in codes:
            self.stricter[code] += 1
        if all(any(known == code and re.search(pattern, text) for known, pattern, _ in STRICTER) for code in codes):
            return "stricter"
        if not all(is_callable(model) for _, model in models):
            return "fails in Keras when called"
        raise Finding("refuses_" + "_".join(codes), "\n".join(f"{error['code']}: {error['message']}" for error in errors))

    def compare_summary(self, path, models, view):
        answer, found = self.rnnc.summary_json(path)
        if found != view:
            raise Finding("json", f"Keras: {view}\nrnnc:  {found}\n{answer.errors}")
        columns = random.Random(self.seed).choice((80, 80, 40, 60, 100, 120))
        expected = "".join(oracle.summary_text(model, columns) for _, model in models)
        printed = self.rnnc.summary_text(path, columns)
        if printed.output != expected:
            raise Finding("summary", f"at {columns} columns\nKeras:\n{expected}\nrnnc:\n{printed.output}{printed.errors}")

    def compare_output(self, path, models):
        model = oracle.chosen(models)
        if model is None:
            return
        if oracle.keeps_masks_by_accident(model) or oracle.removes_masks_within(model):
            return
        if oracle.mixes_samples(model) and any(getattr(layer, "stateful", False) for layer in oracle.layers_within(model)):
            return
        draw = numpy.random.default_rng(self.seed)
        inputs = oracle.random_inputs(model, draw)
        if self.is_double:
            inputs = {name: oracle.finer(array, draw, oracle.mask_values(model)) for name, array in inputs.items()}
        oracle.randomise(model, draw, 1.0)
        try:
            expected = oracle.evaluate(model, inputs)
        except Exception:  # noqa: BLE001: built but not callable: nothing to compare with
            return
        weights, input_path, output_path = self.path("weights.safetensors"), self.path("input.npz"), self.path("output.npz")
        oracle.save_tensors(oracle.weights_by_path(model), weights)
        numpy.savez(input_path, **inputs)
        output_path.unlink(missing_ok=True)
        answer = self.rnnc.run(path, weights, input_path, output_path)
        if "there is no entry" in answer.errors or "has filters over" in answer.errors:
            # Where a free axis turns out too short, JAX takes the nearest entry, and most convolutions give nothing.
            return
        if not answer.accepted or not output_path.exists():
            raise Finding("run", f"status {answer.status}\n{answer.errors}")
        answers = dict(numpy.load(output_path))
        if len(expected) == 1 and list(answers) == ["output"]:
            answers = {next(iter(expected)): answers["output"]}
        if list(answers) != list(expected):
            raise Finding("run_names", f"Keras {list(expected)}, rnnc {list(answers)}")
        for name, array in expected.items():
            self.compare_array(name, answers[name], array, weights, input_path)

    def compare_array(self, name, found, expected, weights, inputs):
        if found.shape != expected.shape:
            raise Finding("run_shape", f"Keras {expected.shape}, rnnc {found.shape}")
        # `MultiHeadAttention` without dropout has its softmax in float32 on all of Keras's backends but TensorFlow.
        is_fine = self.is_double and "MultiHeadAttention" not in self.path("model.rnn").read_text(encoding="utf-8")
        if self.is_double and expected.dtype.kind == "f" and found.dtype != expected.dtype:
            raise Finding("run_type", f"Keras {expected.dtype}, rnnc {found.dtype}")
        # Whole numbers and truth values are floats here.
        expected = expected if expected.dtype.kind == "f" else expected.astype("float64")
        if not agrees(found, expected, is_fine) and (self.is_double or not self.is_noise(name, found, expected, weights, inputs)):
            distance = float(numpy.nanmax(abs(found.astype("float64") - expected)))
            raise Finding("output", f"largest difference {distance:.3g}\nKeras: {expected.ravel()[:8]}\nrnnc:  {found.ravel()[:8]}")

    def is_noise(self, name, found, expected, weights, inputs):
        """Whether `found` is near Keras in f64, or not more than twice as far from it as Keras in f32 is."""
        exact = self.in_double(weights, inputs)[name]
        return agrees(found, exact) or abs(found - exact).max() <= 2 * abs(expected - exact).max()

    def in_double(self, weights, inputs):
        """Keras's outputs in f64, from a process of its own: JAX fixes its precision at start."""
        output = self.path("double.npz")
        arguments = [self.path("model.rnn"), weights, inputs, output]
        subprocess.run([sys.executable, __file__, "--double", *map(str, arguments)], check=True, stderr=subprocess.DEVNULL)
        return dict(numpy.load(output))


def evaluate_in_double(text_path, weights, inputs, output):
    """The other side of `Comparison.in_double`."""
    oracle.compute_in_double()
    text = Path(text_path).read_text(encoding="utf-8").replace('dtype="float32"', 'dtype="float64"')
    model = oracle.chosen(oracle.run_text(text))
    oracle.assign(model, oracle.load_tensors(weights))
    numpy.savez(output, **oracle.evaluate(model, oracle.in_double(dict(numpy.load(inputs)))))


def is_callable(model):
    """Whether Keras can compute what it has built: some mistakes show only then."""
    try:
        oracle.evaluate(model, oracle.random_inputs(model, numpy.random.default_rng(0)))
    except Exception:  # noqa: BLE001: any failure is one
        return False
    return True


def agrees(found, expected, is_fine=False):
    """Within the tolerance of one another; NaN equals NaN. Where outputs are large, a small one among them is a difference
    of large terms, with their rounding: the absolute tolerance grows with the largest."""
    found, expected = found.astype("float64"), expected.astype("float64")
    largest = abs(expected[numpy.isfinite(expected)]).max(initial=1.0)
    relative, absolute = (RELATIVE_IN_DOUBLE, ABSOLUTE_IN_DOUBLE) if is_fine else (RELATIVE, ABSOLUTE)
    return numpy.allclose(found, expected, rtol=relative, atol=absolute * largest, equal_nan=True)


def finding_of(comparison, model):
    """The difference on this model, or None."""
    try:
        comparison.compare(model.text())
    except Finding as finding:
        return finding
    return None


def shrink(comparison, model, finding):
    """The smallest model found that still differs in the same kind."""
    tries, progress = 0, True
    while progress and tries < SHRINK_LIMIT:
        progress = False
        for candidate in smaller(model):
            tries += 1
            other = finding_of(comparison, candidate)
            if other is not None and other.kind == finding.kind:
                model, finding, progress = candidate, other, True
                break
            if tries >= SHRINK_LIMIT:
                break
    return model, finding


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rnnc", help="the binary to compare with")
    parser.add_argument("--models", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--invalid", action="store_true", help="give each model a mistake")
    parser.add_argument("--work", type=Path, help="where differences are written")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="start no further model after this time")
    parser.add_argument("--shrink-each", type=int, default=2, help="how many differences of one kind to shrink")
    options = parser.parse_args()
    work = options.work or Path(tempfile.mkdtemp(prefix="differential_"))
    work.mkdir(parents=True, exist_ok=True)
    rnnc = Rnnc(options.rnnc)
    outcomes, kinds, stricter = collections.Counter(), collections.Counter(), collections.Counter()
    end, tried = time.monotonic() + options.seconds, 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(options.seed, options.seed + options.models):
            if time.monotonic() > end:
                break
            tried += 1
            comparison = Comparison(rnnc, folder, seed)
            draw = random.Random(seed)
            model = draw_model(draw, options.invalid)
            try:
                outcomes[comparison.compare(model.text())] += 1
            except Finding as finding:
                kinds[finding.kind] += 1
                if kinds[finding.kind] <= options.shrink_each:
                    model, finding = shrink(comparison, model, finding)
                write_finding(work, seed, model, finding)
            stricter.update(comparison.stricter)
    for kind, count in sorted(kinds.items()):
        print(f"{kind}: {count}")
    print(f"outcomes: {dict(outcomes)}; refused although Keras takes it, by code: {dict(stricter)}; work folder: {work}")
    print(f"{tried - kinds.total()} passed, {kinds.total()} failed")
    sys.exit(1 if kinds else 0)


def draw_model(draw, is_broken):
    """A `Sequential`, or a graph every other time."""
    if draw.random() < 0.5:
        graph = random_graphs.GraphGenerator(draw).model()
        return random_graphs.break_graph(graph, draw) if is_broken else graph
    model = random_models.Generator(draw).model()
    return random_models.break_somewhere(model, draw) if is_broken else model


def smaller(model):
    """Every model that is one step smaller."""
    return (random_graphs.smaller_graphs if isinstance(model, random_graphs.Graph) else random_models.smaller)(model)


def write_finding(work, seed, model, finding):
    (work / f"{finding.kind}_{seed}.rnn").write_text(model.text(), encoding="utf-8")
    (work / f"{finding.kind}_{seed}.txt").write_text(f"{model.text()}\n{finding.kind}\n{finding.details}\n", encoding="utf-8")


if __name__ == "__main__":
    if IN_DOUBLE:
        evaluate_in_double(*[argument for argument in sys.argv[1:] if argument != "--double"])
    else:
        main()
