"""Builds the Rust programs with cargo, beside other preparation.

Each peer is built by a call of its own: packages of one call share the features of their dependencies, so together they
would be others than by themselves, and be built anew whenever the choice of peers changes. The light programs are always
one call, so that every core has work.
"""
import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BENCH = Path(__file__).resolve().parent
LIGHT = ["bench-ours", "bench-roofline", "bench-ort"]


class Build:
    """Calls of cargo, one after another, that are under way."""

    def __init__(self, work, programs):
        """`programs`: binary -> package."""
        self.environment = dict(os.environ, CARGO_TARGET_DIR=str(work / "cargo"))
        self.programs = programs
        light = [binary for binary, package in programs.items() if package in LIGHT]
        calls = [(LIGHT, light)] if light else []
        calls += [([package], [binary]) for binary, package in programs.items() if package not in LIGHT]
        thread = ThreadPoolExecutor(max_workers=1)
        self.built = [thread.submit(self.call, packages, binaries) for packages, binaries in calls]
        thread.shutdown(wait=False)

    def call(self, packages, binaries):
        """binary -> path of those that were built."""
        command = ["cargo", "build", "--release", "--locked", "--quiet", "--keep-going",
                   "--message-format", "json-render-diagnostics", "--manifest-path", BENCH / "Cargo.toml"]
        command += [part for package in packages for part in ("--package", package)]
        command += [part for binary in binaries for part in ("--bin", binary)]
        done = subprocess.run(command, env=self.environment, stdout=subprocess.PIPE, text=True)
        messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        return {message["target"]["name"]: Path(message["executable"]) for message in messages
                if message["reason"] == "compiler-artifact" and message["executable"]}

    def finish(self):
        """binary -> path of every program that was built."""
        return {binary: path for call in self.built for binary, path in call.result().items()}
