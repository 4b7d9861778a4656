"""Calls the compiler's command line: what `rnnc` makes of a text, in the same terms as keras_oracle."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Answer:
    """How one call of `rnnc` ended."""

    status: int
    output: str
    errors: str

    @property
    def accepted(self):
        return self.status == 0

    @property
    def broke(self):
        """Neither an answer nor an error of the user's: a panic or a signal."""
        return self.status not in (0, 1, 2) or "panicked" in self.errors


class Rnnc:
    """The binary at `path`."""

    def __init__(self, path):
        self.path = Path(path).resolve()

    def call(self, *arguments, columns=80):
        environment = {**os.environ, "COLUMNS": str(columns), "NO_COLOR": "1"}
        done = subprocess.run(
            [self.path, *map(str, arguments)], capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL, timeout=60
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def check(self, path):
        """The check's answer and its diagnostics."""
        answer = self.call("check", path, "--format", "json")
        return answer, parse_diagnostics(answer.output)

    def summary_json(self, path):
        answer = self.call("summary", path, "--format", "json")
        return answer, json.loads(answer.output) if answer.accepted else None

    def summary_text(self, path, columns=80):
        return self.call("summary", path, columns=columns)

    def run(self, path, weights, inputs, outputs):
        return self.call("run", path, "--weights", weights, "--input", inputs, "--output", outputs)


def parse_diagnostics(text):
    """The objects of `--format json`: one list, or one object a line."""
    text = text.strip()
    if not text:
        return []
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines()]
    if isinstance(value, list):
        return value
    return value.get("diagnostics", [value])
