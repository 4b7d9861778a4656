"""Cost curves: ns a time step of one sample, against units, timesteps and batch, ours beside ONNX Runtime.

run.py --curves calls `main`; as a program (`curves.py onnxruntime`, inside the virtual environment) this file measures
ONNX Runtime on the same shapes.
"""
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from table import duration, grid, ratio

FEATURES = 16
UNITS = (8, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 192, 256, 384, 512, 768, 1024)
TIMESTEPS = (1, 2, 4, 8, 16, 64, 256, 1024, 4096)
BATCH = (1, 2, 4, 8, 16, 32, 64)


def session(kind, units, timesteps, batch):
    import numpy as np
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper
    gates = {"LSTM": 4, "GRU": 3}[kind]
    random = np.random.default_rng(1)
    shapes = {"W": (1, gates * units, FEATURES), "R": (1, gates * units, units), "B": (1, 2 * gates * units)}
    constants = [numpy_helper.from_array(random.uniform(-0.05, 0.05, shape).astype(np.float32), name)
                 for name, shape in shapes.items()]
    attributes = {"linear_before_reset": 1} if kind == "GRU" else {}
    node = helper.make_node(kind, ["x", "W", "R", "B"], ["", "last"], hidden_size=units, **attributes)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [timesteps, batch, FEATURES])
    last = helper.make_tensor_value_info("last", TensorProto.FLOAT, [1, batch, units])
    graph = helper.make_graph([node], "curve", [x], [last], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    opened = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    values = {"x": np.full((timesteps, batch, FEATURES), 0.1, np.float32)}
    return lambda: opened.run(None, values)


def least(call):
    """Fastest of about 60 ms of chunks, in ns, as the Rust harness takes it."""
    start = time.perf_counter()
    call()
    seconds = max(time.perf_counter() - start, 1e-6)
    count, best = max(1, int(2e-3 / seconds)), float("inf")
    for _ in range(max(5, int(30 * min(1, 2e-3 / seconds)))):
        start = time.perf_counter()
        for _ in range(count):
            call()
        best = min(best, (time.perf_counter() - start) / count)
    return best * 1e9


def onnxruntime_lines():
    for kind in ("LSTM", "GRU"):
        for units in UNITS:
            yield "units", kind, units, least(session(kind, units, 64, 1)) / 64
    for steps in TIMESTEPS:
        yield "timesteps", "LSTM(64)", steps, least(session("LSTM", 64, steps, 1)) / steps
    for samples in BATCH:
        yield "batch", "LSTM(128)", samples, least(session("LSTM", 128, 64, samples)) / (64 * samples)


def run(bench, command):
    environment = dict(os.environ, BENCH_CHUNKS="15")
    done = subprocess.run(["taskset", "-c", str(bench.cpu), *map(str, command)], env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def main(bench):
    program = bench.build("bench-ours", "bench-curves")
    lines = run(bench, [program]) + run(bench, [bench.python, Path(__file__).resolve(), "onnxruntime"])
    (bench.work / "curves.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    print(render(lines))


def render(lines):
    """One table a curve."""
    values, tables = {}, []
    for line in lines:
        peer = "onnxruntime" if line["peer"] == "onnxruntime" else "ours"
        values.setdefault((line["curve"], line["kind"]), {}).setdefault(line["at"], {})[peer] = line["ns"]
    for (curve, kind), points in values.items():
        rows = []
        for at, peers in points.items():
            ours, peer = peers.get("ours"), peers.get("onnxruntime")
            rows.append([str(at), duration(ours), duration(peer), ratio(ours, peer), products(curve, kind, at, ours)])
        tables.append(grid([f"{kind}: {curve}", "ours, a step", "ONNX Runtime", "ours / it", "GFLOP/s"], rows))
    return "\n\n".join(tables)


def products(curve, kind, at, nanoseconds):
    """Useful floating-point operations a nanosecond: two for each weight of the cell."""
    name, _, inside = kind.partition("(")
    units = at if curve == "units" else int(inside.rstrip(")"))
    return f"{2 * {'LSTM': 4, 'GRU': 3}[name] * units * (units + FEATURES) / nanoseconds:.1f}"


if __name__ == "__main__":
    for curve, kind, at, nanoseconds in onnxruntime_lines():
        line = {"curve": curve, "peer": "onnxruntime", "kind": kind, "at": at, "ns": round(nanoseconds, 2)}
        print(json.dumps(line), flush=True)
