"""What a model costs besides time: machine code, binary, start-up, and rustc's seconds and memory.

Each workload becomes a crate of its own in the work folder, weights embedded, beside two that bound it: an empty one, and
one that links the runtime and expands the macro for a model of one unit. Builds are release builds as users make them.
"""
import json
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

from spec import WORKLOADS
from table import grid

BENCH = Path(__file__).resolve().parent
LONG = {"t64": 64, "t1000": 1000}
# Most of rustc's processor time, its peak memory, and code of one instruction set: (bound, unit, name).
BUDGETS = [(2.0, 1, "s of rustc"), (300e6, 1e6, "MB in rustc"), (16 * 1024, 1024, "KiB of code for one instruction set")]
# Cargo calls this in place of rustc. Processor time, not the clock's: other programs don't count.
WRAPPER = '''import os, resource, subprocess, sys
code = subprocess.call(sys.argv[1:], close_fds=False)
if os.environ["BENCH_CRATE"] in sys.argv:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(os.environ["BENCH_COST"], "w") as file:
        file.write(f"{used.ru_utime + used.ru_stime} {used.ru_maxrss}")
sys.exit(code)
'''
# The program of `MAIN` without a model: its two vectors are the program's code, not the model's.
EMPTY = """fn main() {
    let input = std::hint::black_box(vec![0.1f32; 1000]);
    let mut output = vec![0.0f32; 100];
    std::hint::black_box((&input, &mut output));
}
"""
MAIN = """use rnn_runtime::{Model, rnn_model};
rnn_model! {
    #[source = "model.rnn"]
    #[weights = "model.safetensors"]
    struct Net;
}
fn main() {
    let input = std::hint::black_box(vec![0.1; LENGTH]);
    let mut output = vec![0.0; OUTPUTS];
    CALL
    std::hint::black_box(output);
}
"""
# Nothing is printed: text of errors is not the model's.
WHOLE = "if Net::new().forward_flat(&input, &mut output).is_err() { std::process::abort() }"
FREE = """let (frames, outputs) = (input.as_chunks().0, output.as_chunks_mut().0);
    if Net::new().forward(frames, outputs).is_err() { std::process::abort() }"""


def models(bench):
    """name -> (text, weights file or None, floats in, floats out, free timestep)"""
    found = {}
    for name, spec in WORKLOADS.items():
        if name.startswith("w7"):
            continue
        free = name.startswith("w1_")
        steps = spec["timesteps"]
        units = spec["layers"][-1][1]
        text = (BENCH / "workloads" / f"{name}.rnn").read_text()
        outputs = units * (steps if spec["every_step"] else 1)
        found[name] = (text, bench.data / name / "weights.safetensors", steps * spec["features"], outputs, free)
    # Length must cost neither rustc's time nor its memory: w1_lstm20's layers over a fixed number of steps.
    for name, steps in LONG.items():
        text = (BENCH / "workloads" / "w1_lstm20.rnn").read_text().replace("shape=(None, 1)", f"shape=({steps}, 1)")
        found[f"w1_lstm20_{name}"] = (text, bench.data / "w1_lstm20" / "weights.safetensors", steps, steps, False)
    return found


def write_crate(folder, main, text=None, weights=None):
    (folder / "src").mkdir(parents=True, exist_ok=True)
    runtime = f'rnn-runtime = {{ path = "{BENCH.parent / "runtime"}" }}' if text else ""
    (folder / "Cargo.toml").write_text(
        f'[package]\nname = "{folder.name}"\nversion = "0.1.0"\nedition = "2024"\n[workspace]\n[dependencies]\n{runtime}\n')
    (folder / "Cargo.lock").unlink(missing_ok=True)
    if text:
        # The same versions as here, so that nothing is resolved anew.
        (folder / "Cargo.lock").write_text((BENCH / "Cargo.lock").read_text())
        (folder / "src" / "model.rnn").write_text(text)
        (folder / "src" / "model.safetensors").write_bytes(weights.read_bytes())
    (folder / "src" / "main.rs").write_text(main)


def build(bench, folder):
    """(seconds, peak bytes) of rustc on the crate itself, and its binary."""
    wrapper, cost = folder.parent / "wrapper.py", folder / "cost"
    wrapper.write_text(WRAPPER)
    launcher = folder.parent / "wrapper.sh"
    launcher.write_text(f'#!/bin/sh\nexec {sys.executable} {wrapper} "$@"\n')
    launcher.chmod(0o755)
    target = bench.work / "cargo-sizes"
    environment = dict(os.environ, RUSTC_WRAPPER=str(launcher), CARGO_TARGET_DIR=str(target), BENCH_CRATE=folder.name,
                       BENCH_COST=str(cost), CARGO_INCREMENTAL="0")
    measured = []
    for _ in range(3):
        os.utime(folder / "src" / "main.rs")
        done = subprocess.run(["cargo", "build", "--release", "--quiet", "--manifest-path", folder / "Cargo.toml"],
                              env=environment, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{folder.name} doesn't build: {done.stderr}")
        seconds, peak = cost.read_text().split()
        measured.append((float(seconds), float(peak) * 1024))
    return min(measured), target / "release" / folder.name


def code_bytes(binary):
    """Bytes of machine code, by section header: everything that `objdump` or `size` would call text."""
    out = subprocess.run(["size", "-A", binary], capture_output=True, text=True, check=True).stdout
    return sum(int(size) for size in re.findall(r"^\.text\s+(\d+)", out, re.MULTILINE))


def by_level(binary):
    """Bytes of the kernels' functions by instruction set, told by registers and forms of instructions that only it has."""
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", binary], capture_output=True, text=True, check=True).stdout
    found = {"avx512": 0, "avx2": 0, "sse2": 0}
    for function in text.split("\n\n"):
        addresses = re.findall(r"^ *([0-9a-f]+):\t", function, re.MULTILINE)
        if not addresses or not re.search("outline|enter", function.lstrip().split("\n", 1)[0]):
            continue
        wide = re.search(r"%zmm|%k[1-7]|mm(1[6-9]|2\d|3[01])\b|\{1to", function)
        level = "avx512" if wide else "avx2" if re.search(r"%ymm|vfmadd", function) else "sse2"
        found[level] += int(addresses[-1], 16) - int(addresses[0], 16)
    return found


def start_up(binary):
    """Median milliseconds from starting the process to its end."""
    times = []
    for _ in range(60):
        start = time.perf_counter()
        subprocess.run([binary], check=True)
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def row(name, cost, binary, empty):
    (seconds, peak), stripped = cost, binary.with_suffix(".stripped")
    subprocess.run(["strip", "-o", stripped, binary], check=True)
    (empty_seconds, empty_peak), empty_stripped, empty_code, empty_start = empty
    code, levels = code_bytes(binary) - empty_code, by_level(binary)
    measured = (seconds - empty_seconds, peak - empty_peak, max(levels.values()))
    return measured, [
            name, kilobytes(code), *(kilobytes(levels[level]) for level in levels), kilobytes(code - sum(levels.values())),
            kilobytes(stripped.stat().st_size - empty_stripped), f"{start_up(binary) - empty_start:+.2f}",
            f"{measured[0]:.2f}", f"{measured[1] / 1e6:.0f}"]


def kilobytes(count):
    return f"{count / 1024:.1f}"


def main(bench):
    folder = bench.work / "sizes"
    write_crate(folder / "empty", EMPTY)
    cost, binary = build(bench, folder / "empty")
    stripped = binary.with_suffix(".stripped")
    subprocess.run(["strip", "-o", stripped, binary], check=True)
    empty = (cost, stripped.stat().st_size, code_bytes(binary), start_up(binary))
    rows, over = [], []
    for name, (text, weights, inputs, outputs, free) in models(bench).items():
        if bench.options.only and not any(part in name for part in bench.options.only.split(",")):
            continue
        source = MAIN.replace("LENGTH", str(inputs)).replace("OUTPUTS", str(outputs)).replace("CALL", FREE if free else WHOLE)
        write_crate(folder / name, source if not free else source.replace("use rnn_runtime::{Model, rnn_model};",
                                                                         "use rnn_runtime::rnn_model;"), text, weights)
        print(f"building {name}", file=sys.stderr, flush=True)
        measured, cells = row(name, *build(bench, folder / name), empty)
        rows.append(cells)
        over += [f"{name} takes {value / unit:.1f} {what}, more than {most / unit:.0f}"
                 for value, (most, unit, what) in zip(measured, BUDGETS) if value > most]
    head = ["beyond an empty program", "code KiB", "AVX-512", "AVX2", "SSE2", "rest", "binary KiB", "start ms", "rustc s", "rustc MB"]
    print(f"empty program: binary {kilobytes(empty[1])} KiB, starts and ends in {empty[3]:.2f} ms, rustc {cost[0]:.2f} s, "
          f"{cost[1] / 1e6:.0f} MB\n")
    print(grid(head, rows))
    (bench.work / "sizes.jsonl").write_text("".join(json.dumps(dict(zip(head, cells))) + "\n" for cells in rows))
    for line in over:
        print(f"over budget: {line}")
    return len(over)
