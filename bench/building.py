"""Builds the Rust programs: all of them in one call of cargo, so that every core has work, and beside other preparation.

One that doesn't build here is named and left out; the others are built all the same.
"""
import json
import os
import subprocess
from pathlib import Path

BENCH = Path(__file__).resolve().parent


class Build:
    """A call of cargo that is under way."""

    def __init__(self, work, programs):
        """`programs`: binary -> package."""
        self.programs = programs
        # A file, as a pipe that nobody reads yet would stop cargo.
        self.messages = work / "cargo-messages.json"
        command = ["cargo", "build", "--release", "--locked", "--quiet", "--keep-going",
                   "--message-format", "json-render-diagnostics", "--manifest-path", BENCH / "Cargo.toml"]
        for package in dict.fromkeys(programs.values()):
            command += ["--package", package]
        for binary in programs:
            command += ["--bin", binary]
        environment = dict(os.environ, CARGO_TARGET_DIR=str(work / "cargo"))
        with self.messages.open("w") as sink:
            self.process = subprocess.Popen(command, env=environment, stdout=sink) if programs else None

    def finish(self):
        """binary -> path of every program that was built."""
        if not self.process:
            return {}
        self.process.wait()
        messages = map(json.loads, self.messages.read_text().splitlines())
        artifacts = [message for message in messages if message["reason"] == "compiler-artifact"]
        built = {message["target"]["name"]: Path(message["executable"]) for message in artifacts if message["executable"]}
        return {binary: built[binary] for binary in self.programs if binary in built}
