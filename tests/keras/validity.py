"""Proves that every `.rnn` file of the repository is Python that Keras 3 runs to the same model as `rnnc`.

    python tests/keras/validity.py target/release/rnnc

Compared: the variables, names, classes, shapes and counts of every model and layer, and the summary's text. Each page of
grammar/codes counts, too: its repaired example must be valid. Left out: files whose purpose is an error (tests/ui/eNNN_*).
Files in Keras 2's spelling are run in today's, as `TODAY` says.
"""

import argparse
import difflib
import json
import re
import sys
import tempfile
from pathlib import Path

import keras_oracle as oracle
from rnnc import Rnnc

ROOT = Path(__file__).resolve().parents[2]
# The files in Keras 2's spelling, accepted with a note: what Keras 3 no longer takes in them, and how it is said today.
TODAY = {
    "examples/article/simple_rnn_input_length.rnn": [("input_length=2, input_dim=10", "input_shape=(2, 10)")],
    "examples/article/batch_input_shape.rnn": [
        ("model.add(SimpleRNN", "model.add(Input(batch_shape=(8, 2, 10)))\nmodel.add(SimpleRNN"),
        ("batch_input_shape=(8,2,10), ", ""),
    ],
    "tests/ui/n101_legacy.rnn": [
        ("model.add(SimpleRNN", "model.add(Input(batch_shape=(8, 2, 10)))\nmodel.add(SimpleRNN"),
        ("batch_input_shape=(8,2,10), ", ""),
        ("Embedding(100, 8, input_length=20)", "Input((20,)), Embedding(100, 8)"),
    ],
    "tests/ui/w102_no_effect.rnn": [(", batch_size=3", "")],
}
SKIPPED_FOLDERS = ("target", ".git", "fuzz", "node_modules")


def rnn_files():
    """Every `.rnn` file that should be valid."""
    for path in sorted(ROOT.rglob("*.rnn")):
        relative = path.relative_to(ROOT)
        if relative.parts[0] in SKIPPED_FOLDERS or re.match(r"e\d\d\d_", path.name):
            continue
        yield relative


def repaired_examples():
    """(page, text) of each code's repaired example."""
    for page in sorted((ROOT / "grammar" / "codes").glob("*.md")):
        found = re.search(r"## Repaired\s*```rnn\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        if found:
            yield page.relative_to(ROOT), found[1]


def in_todays_spelling(name, text):
    """The text as Keras 3 takes it; a replacement that no longer applies is a mistake in `TODAY`."""
    for old, new in TODAY.get(name, []):
        assert old in text, f"{name} has no {old}"
        text = text.replace(old, new)
    return text


def compare(rnnc, path, text, name):
    """What differs between Keras's view of the text and `rnnc`'s of the file, as lines."""
    try:
        with oracle.float64_allowed("float64" in text):
            models = oracle.run_text(text, name)
            expected = oracle.describe(models)
            expected_text = "".join(oracle.summary_text(model) for _, model in models)
    except Exception as error:  # noqa: BLE001: whatever Keras raises is the finding
        return [f"Keras refuses it: {type(error).__name__}: {error}"]
    if not models:
        answer, _ = rnnc.check(path)
        return [] if answer.accepted else ["rnnc refuses it:", answer.output]
    answer, found = rnnc.summary_json(path)
    if found is None:
        return ["rnnc refuses it:", *answer.errors.splitlines()]
    if found != expected:
        return list(difflib.unified_diff(lines_of(expected), lines_of(found), "keras", "rnnc", lineterm="", n=2))
    printed = rnnc.summary_text(path).output
    if printed.strip() != expected_text.strip():
        return list(difflib.unified_diff(expected_text.splitlines(), printed.splitlines(), "keras", "rnnc", lineterm=""))
    return []


def lines_of(value):
    return json.dumps(value, indent=1, sort_keys=True).splitlines()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rnnc", help="the binary to compare with")
    parser.add_argument("--only", default="", help="only paths that contain this")
    options = parser.parse_args()
    rnnc = Rnnc(options.rnnc)
    checked = failed = 0
    for relative in rnn_files():
        if options.only not in relative.as_posix():
            continue
        text = (ROOT / relative).read_text(encoding="utf-8")
        todays = in_todays_spelling(relative.as_posix(), text)
        checked, failed = checked + 1, failed + report(relative, compare(rnnc, ROOT / relative, todays, str(relative)))
    with tempfile.TemporaryDirectory() as folder:
        for page, text in repaired_examples():
            if options.only not in page.as_posix():
                continue
            path = Path(folder) / f"{page.stem}.rnn"
            path.write_text(text, encoding="utf-8")
            checked, failed = checked + 1, failed + report(page, compare(rnnc, path, text, str(page)))
    print(f"{checked - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


def report(name, differences):
    """Prints what differs; 1 if anything does."""
    if differences:
        print(f"{name}:", *differences, sep="\n    ")
    return 1 if differences else 0


if __name__ == "__main__":
    main()
