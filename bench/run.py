#!/usr/bin/env python3
"""Runs the same work through this project and its peers, interleaved and pinned, and prints the table.

usage: run.py [--quick] [--rounds N] [--peers a,b] [--only PART] [--with DIR]… [--work DIR] [--guard] [--curves] [--sizes] [--docs]

Everything that it makes (virtual environment, builds, data, results) goes into the work folder, bench/target by default.
Needs Python 3.11 and cargo; nothing else has to be installed. bench/README.md says what each number means.
"""
import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

import building
import curves
import documents
import guard
import sizes
import table

STARTED = time.monotonic()
BENCH = Path(__file__).resolve().parent
# PyTorch chooses its kernels when it runs, so it can be held to AVX2 as ours is.
CAPPED = {"torchscript-avx2": ("torchscript", {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2",
                                               "MKL_ENABLE_INSTRUCTIONS": "AVX2"})}
# Programs that cargo builds here: peer -> package. Each takes minutes, so --quick leaves them out.
RUST_PEERS = {"tract": "bench-tract", "rten": "bench-rten", "candle": "bench-candle", "burn": "bench-burn"}
PYTHON_PEERS = ["numpy", "torch", "torchscript", "torchcompile", "jax", "tflite", "tflite-while"]
LEVELS = {"ours": None, "ours-avx2": "avx2", "ours-sse2": "sse2"}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two minutes: ours, the floors, ONNX Runtime and NumPy")
    parser.add_argument("--rounds", type=int, help="rounds over all programs (default 9, quick 3)")
    parser.add_argument("--peers", help="only these programs, by name, comma-separated")
    parser.add_argument("--only", help="only workloads whose name contains one of these, comma-separated")
    parser.add_argument("--with", dest="extra", action="append", default=[], metavar="DIR",
                        help="also run every executable of this folder; each gets the data folder as its argument")
    parser.add_argument("--work", type=Path, default=BENCH / "target", help="folder for everything that is made")
    parser.add_argument("--cpu", type=int, help="core to pin to (default: the last one)")
    parser.add_argument("--chunks", type=int, help="timed chunks a workload (default 40, quick 15)")
    parser.add_argument("--guard", action="store_true", help="fail when a compiler trap of guard.py has sprung")
    parser.add_argument("--curves", action="store_true", help="ns a step against units, timesteps and batch")
    parser.add_argument("--sizes", action="store_true", help="machine code, binary, start-up, rustc's time and memory")
    parser.add_argument("--report", type=Path, metavar="FILE", help="only print the table of an earlier run's lines")
    parser.add_argument("--docs", type=Path, metavar="FILE", nargs="?", const=BENCH.parent / "docs" / "speed.md",
                        help="only write the tables of docs/speed.md anew, from what earlier runs left in the work folder")
    return parser.parse_args()


class Bench:
    """One run: its folders, its programs, its lines."""

    def __init__(self, options):
        self.options = options
        self.work = options.work.resolve()
        self.data = self.work / "data"
        self.target = self.work / "cargo"
        self.cpu = options.cpu if options.cpu is not None else max(os.sched_getaffinity(0))
        self.rounds = options.rounds or (3 if options.quick else 9)
        self.chunks = options.chunks or (15 if options.quick else 40)
        self.work.mkdir(parents=True, exist_ok=True)

    # Preparation: each step is done once and then found again.

    def prepare(self):
        build = building.Build(self.work, self.packages())
        try:
            self.python = self.make_python()
            self.make_data()
        finally:
            self.built = self.finish(build)
        self.programs = self.find_programs()

    def make_python(self):
        quick = self.options.quick and not (self.work / "venv" / "full").exists()
        requirements = BENCH / ("requirements-quick.txt" if quick else "requirements.txt")
        folder = self.work / ("venv-quick" if quick else "venv")
        python, stamp = folder / "bin" / "python", folder / ("quick" if quick else "full")
        if not stamp.exists() or stamp.read_text() != requirements.read_text():
            say(f"making {folder} from {requirements.name}")
            call([sys.executable, "-m", "venv", folder])
            call([python, "-m", "pip", "install", "--quiet", "--requirement", requirements])
            stamp.write_text(requirements.read_text())
        return python

    def make_data(self):
        source, stamp = (BENCH / "workloads.py").read_text(), self.data / "made-by"
        if not stamp.exists() or stamp.read_text() != source:
            say(f"making the workloads in {self.data}")
            call([self.python, BENCH / "workloads.py", self.data])
            stamp.write_text(source)

    def convert_tflite(self):
        for module in ("tf_keras", "keras"):
            if not (self.data / "w5_rnn8" / f"{module}.tflite").exists():
                say(f"converting to TensorFlow Lite by {module}")
                call([self.python, BENCH / "peers" / "python.py", self.data, "convert", module], quiet=True)

    def packages(self):
        """binary -> package of what cargo is to build."""
        options, found = self.options, {}
        if any(map(self.wanted, LEVELS)):
            found["bench-ours"] = "bench-ours"
        # Nine more models to build: for a full run, or by name.
        if self.wanted("ours-stored") and (options.peers or not options.quick):
            found["bench-stored"] = "bench-ours"
        for peer, package in {"floor": "bench-roofline", "onnxruntime": "bench-ort"}.items():
            if self.wanted(peer):
                found[package] = package
        if not options.quick:
            found |= {package: package for peer, package in RUST_PEERS.items() if self.wanted(peer)}
        return found

    def finish(self, build):
        say(f"building {', '.join(build.programs)}")
        built = build.finish()
        for binary in build.programs.keys() - built.keys():
            say(f"{binary} doesn't build here and is left out")
        return built

    def build(self, package, binary):
        """One program's path; the run ends where it doesn't build."""
        built = self.finish(building.Build(self.work, {binary: package}))
        if binary not in built:
            raise SystemExit(1)
        return built[binary]

    # Programs: name -> (command, environment).

    def wanted(self, name):
        return not self.options.peers or name in self.options.peers.split(",")

    def find_programs(self):
        programs = {}
        self.add_ours(programs)
        self.add_onnxruntime(programs)
        script = [self.python, BENCH / "peers" / "python.py", self.data]
        python_peers = ["numpy"] if self.options.quick else PYTHON_PEERS
        for peer in filter(self.wanted, python_peers):
            if peer.startswith("tflite"):
                self.convert_tflite()
            programs[peer] = ([*script, peer], {})
        for name, (peer, cap) in CAPPED.items():
            if self.wanted(name) and not self.options.quick:
                programs[name] = ([*script, peer], cap)
        for peer, package in RUST_PEERS.items():
            # What an earlier full run built costs nothing to have beside us again.
            earlier = self.target / "release" / package
            program = earlier if self.options.quick and earlier.exists() else self.built.get(package)
            if program and self.wanted(peer):
                programs[peer] = ([program, self.data], {"RAYON_NUM_THREADS": "1"})
        for folder in self.options.extra:
            for program in sorted(Path(folder).resolve().iterdir()):
                if program.is_file() and os.access(program, os.X_OK):
                    programs[program.name] = ([program, self.data], {})
        return programs

    def add_ours(self, programs):
        if ours := self.built.get("bench-ours"):
            for name, level in LEVELS.items():
                if self.wanted(name):
                    programs[name] = ([ours, self.data], {"RNN_MAX_ISA": level} if level else {})
        for name, binary in {"ours-stored": "bench-stored", "floor": "bench-roofline"}.items():
            if binary in self.built:
                programs[name] = ([self.built[binary], self.data], {})

    def add_onnxruntime(self, programs):
        if not self.wanted("onnxruntime"):
            return
        libraries = sorted(self.python.parent.parent.glob("lib/python3*/site-packages/onnxruntime/capi/libonnxruntime.so.*"))
        if libraries and "bench-ort" in self.built:
            programs["onnxruntime"] = ([self.built["bench-ort"], self.data, libraries[0]], {})
        else:
            programs["onnxruntime"] = ([self.python, BENCH / "peers" / "python.py", self.data, "onnxruntime"], {})

    # Measuring.

    def run_once(self, name, chunks=None):
        command, environment = self.programs[name]
        chunks = str(chunks or self.chunks)
        environment = dict(os.environ, BENCH_CHUNKS=chunks, CHUNKS=chunks, BENCH_CHUNK_US="2000", **environment)
        if self.options.only:
            environment["BENCH_ONLY"] = environment["ONLY"] = self.options.only
        if shutil.which("taskset"):
            command = ["taskset", "-c", str(self.cpu), *command]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, env=environment)
        lines = []
        for text in done.stdout.splitlines():
            if text.startswith("{"):
                try:
                    line = json.loads(text)
                except json.JSONDecodeError:
                    # A peer whose sums overflowed prints `inf`, which is no JSON.
                    say(f"{name}: a line that can't be read is left out: {text}")
                    continue
                # The short keys of programs written for the kernel study.
                for short, key in (("wl", "workload"), ("maxerr", "max_error")):
                    if short in line:
                        line[key] = line.pop(short)
                if name in CAPPED:
                    line["peer"] = name
                lines.append(line | {"program": name})
        if done.returncode:
            say(f"{name} ended with {done.returncode}: {done.stderr.strip()[-300:]}")
        return lines

    def measure(self):
        """A first pass for the numbers alone; then round after round, every program once a round, so that a slow minute
        of the machine hits all alike."""
        checked = []
        for name in list(self.programs):
            fresh = self.run_once(name, chunks=1)
            checked += fresh
            if not any("workload" in line for line in fresh):
                say(f"{name} printed nothing and is left out")
                del self.programs[name]
        table.require_equal_numbers(checked)
        lines = [line for line in checked if "ns" not in line]
        for number in range(self.rounds):
            for name in self.programs:
                start = time.monotonic()
                lines += [line | {"round": number, "load": os.getloadavg()[0]} for line in self.run_once(name)]
                seconds = time.monotonic() - start
                say(f"round {number + 1}/{self.rounds}  {name:<16} {seconds:5.1f} s")
        return lines


def say(text):
    """A line of progress, with the seconds since the start."""
    print(f"{time.monotonic() - STARTED:5.0f} s  {text}", file=sys.stderr, flush=True)


def call(command, quiet=False):
    sink = subprocess.DEVNULL if quiet else None
    done = subprocess.run([str(part) for part in command], stdout=sink, stderr=sink)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed")


def processor():
    try:
        names = [line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
        return f"{names[0]}, {len(names)} cores seen"
    except (OSError, IndexError):
        return platform.processor() or platform.machine()


def machine(bench):
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.strip()
    return [f"machine   {processor()}", f"system    {platform.system()} {platform.release().split('-')[0]}", f"compiler  {rustc}",
            f"method    {bench.rounds} rounds, one process a program a round, pinned to core {bench.cpu}, "
            f"load {os.getloadavg()[0]:.2f}"]


def measure_ours_alone(bench):
    """Guards, sizes and curves, whichever were asked for."""
    failed = guard.main(bench) if bench.options.guard else 0
    if bench.options.sizes or bench.options.curves:
        bench.python = bench.make_python()
        bench.make_data()
    if bench.options.sizes:
        failed += sizes.main(bench)
    if bench.options.curves:
        curves.main(bench)
    return 1 if failed else 0


def main():
    options = arguments()
    if options.report:
        lines = [json.loads(line) for line in options.report.open()]
        return print(table.render(lines))
    bench = Bench(options)
    if options.docs:
        return documents.write(bench.work, options.docs)
    if options.guard or options.sizes or options.curves:
        return measure_ours_alone(bench)
    bench.prepare()
    lines = [{"machine": machine(bench)}, *bench.measure()]
    results = bench.work / "results.jsonl"
    results.write_text("".join(json.dumps(line) + "\n" for line in lines))
    print(table.render(lines))
    say(f"every line: {results}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
