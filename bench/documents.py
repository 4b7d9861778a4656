"""The tables of docs/speed.md, from what runs left in the work folder: `run.py --docs` puts each between its markers,
`<!-- table: NAME -->` and `<!-- end -->`. What wasn't measured stays as it is.
"""
import json
import re

import curves
import table
from spec import WORKLOADS
from table import LEVELS, best, duration, grid, is_floor, is_ours, is_study, level_of, ratio

TITLES = {
    "w1_lstm20": "LSTM(20) → Dense(1), stream", "w1_lstm40": "LSTM(40) → Dense(1), stream",
    "w1_gru8": "GRU(8) → Dense(1), stream", "w2_lstm128": "LSTM(128) on 64 features",
    "w3_gru256": "GRU(256) on 128 features", "w4_bilstm64": "2 × Bidirectional(LSTM(64)) → Dense(10)",
    "w5_rnn8": "SimpleRNN(8) on 4 features", "w6_lstm512": "LSTM(512) on 512 features",
    "w7_lstm128_b32": "LSTM(128), batch of 32",
}
SETS = {"avx512": "AVX-512", "avx2": "AVX2", "sse2": "SSE2", "neon": "NEON", "scalar": "scalar"}


def write(work, document):
    """Writes every table that was measured; says which."""
    text, written = document.read_text(), []
    for name, lines in measured(work):
        marked = re.compile(rf"(<!-- table: {name} -->\n).*?(\n<!-- end -->)", re.DOTALL)
        if not marked.search(text):
            raise SystemExit(f"{document} has no place for the table `{name}`")
        text = marked.sub(lambda found: found[1] + lines + found[2], text)
        written.append(name)
    document.write_text(text)
    print(f"{document}: {', '.join(written) or 'nothing measured'}")
    return 0


def measured(work):
    """(name, text) of every table for which there are lines."""
    if lines := read(work / "results.jsonl"):
        yield from Comparison(lines).tables()
    if lines := read(work / "guards.jsonl"):
        yield "silence", silence(lines)
    if lines := read(work / "sizes.jsonl"):
        yield "sizes", sizes(lines)
    if lines := read(work / "curves.jsonl"):
        yield "curves", curves.render(lines)


def read(path):
    return [json.loads(line) for line in path.open()] if path.exists() else []


class Comparison:
    """The tables of one run of all programs."""

    def __init__(self, lines):
        self.lines = lines
        self.errors, self.medians = table.errors(lines), table.medians(lines)
        self.workloads = [name for name in WORKLOADS if name in self.medians]
        found = {level_of(peer) for peers in self.medians.values() for peer in peers if is_ours(peer)}
        self.levels = [level for level in LEVELS if level in found]

    def tables(self):
        if self.workloads != list(WORKLOADS) or not self.levels:
            raise SystemExit("results.jsonl is of a run without ours or without some of the workloads: run all, then --docs")
        yield "machine", "```text\n" + table.about(self.lines) + "\n```"
        yield "best", self.against_the_best()
        yield "calls", self.calls()
        yield "sets", self.sets()
        if "avx2" in self.levels:
            yield "held", self.held()
        yield "programs", self.programs()

    def median(self, workload, peer):
        return self.medians[workload].get(peer, (None, None))[0]

    def is_exact(self, workload, peer):
        return self.errors.get((workload, peer), 0) <= table.TOLERANCE

    def error(self, workload, peer):
        error = self.errors.get((workload, peer))
        return "-" if error is None else f"{error:.1e}"

    def best(self, workload, accept):
        """(median, name) of the fastest accepted program with the right numbers."""
        return best(self.medians[workload], lambda peer: accept(peer) and self.is_exact(workload, peer))

    def against_the_best(self):
        rows = []
        for workload in self.workloads:
            name = f"ours-{table.fastest_level(self.medians[workload])}"
            ours, (peer, peer_name) = self.median(workload, name), self.best(workload, is_peer)
            rows.append([TITLES[workload], duration(ours), self.error(workload, name), named(peer, peer_name),
                         self.error(workload, peer_name), ratio(ours, peer)])
        return grid(["a time step", "ours", "error", "best peer", "its error", "ours / best"], rows)

    def calls(self):
        rows = []
        for workload in (f"{name}_t1" for name in WORKLOADS):
            peers = sorted(self.medians.get(workload, {}).items(), key=lambda item: item[1])
            title = TITLES[workload.removesuffix("_t1")].split(" →")[0]
            rows += [[title, peer, duration(median)] for peer, (median, _) in peers]
        return grid(["one call a sample", "peer", "a call"], rows)

    def sets(self):
        rows = []
        for workload in self.workloads:
            cells = [TITLES[workload]]
            for level in self.levels:
                ours, floor = self.median(workload, f"ours-{level}"), self.median(workload, f"floor-{level}")
                study, _ = self.best(workload, lambda peer: is_study(peer) and level_of(peer) == level)
                cells += [duration(ours), ratio(ours, floor), ratio(ours, study)]
            rows.append(cells)
        return grid(["a time step", *(cell for level in self.levels for cell in (SETS[level], "/ floor", "/ hand"))], rows)

    def held(self):
        """Ours at AVX2 and SSE2 beside peers that can be held to the same set."""
        rows = []
        for workload in self.workloads:
            ours, lowest = self.median(workload, "ours-avx2"), self.median(workload, "ours-sse2")
            peer, peer_name = self.best(workload, lambda peer: is_peer(peer) and level_of(peer) == "avx2")
            any_peer, any_name = self.best(workload, is_peer)
            plain, _ = self.best(workload, lambda peer: peer == "rtneural-xsimd-plain")
            rows.append([TITLES[workload], duration(ours), named(peer, peer_name), ratio(ours, peer),
                         f"{ratio(ours, any_peer)} {any_name}", duration(lowest), duration(plain), ratio(lowest, plain)])
        return grid(["a time step", "ours, AVX2", "best peer held to AVX2", "ratio", "/ best at any", "ours, SSE2",
                     "RTNeural, plain", "ratio"], rows)

    def programs(self):
        peers = {peer for workload in self.workloads for peer in self.medians[workload]}
        ordered = sorted(peers, key=lambda peer: (not is_ours(peer), not is_study(peer), not is_floor(peer), peer))
        head = ["a time step", *(" ".join(workload.split("_")[:2]) for workload in self.workloads)]
        cell = lambda workload, peer: duration(self.median(workload, peer)) + " !" * (not self.is_exact(workload, peer))
        return grid(head, [[peer, *(cell(workload, peer) for workload in self.workloads)] for peer in ordered])


def is_peer(name):
    return not (is_ours(name) or is_study(name) or is_floor(name))


def named(median, name):
    return f"{duration(median)} {name}" if median else "-"


def silence(lines):
    """A step in silence against one of signal, by kind of cell and instruction set."""
    ratios = {}
    for line in lines:
        if line["guard"].startswith("silence-"):
            ratios.setdefault(line["guard"].removeprefix("silence-"), {})[line["set"]] = f"{line['ratio']:.2f}"
    levels = [level for level in LEVELS if any(level in found for found in ratios.values())]
    rows = [[cell, *(found.get(level, "-") for level in levels)] for cell, found in ratios.items()]
    return grid(["silence / signal", *(SETS[level] for level in levels)], rows)


def sizes(lines):
    """Without the start-up, whose differences are noise."""
    head = [column for column in lines[0] if column != "start ms"]
    return grid(head, [[line[column] for column in head] for line in lines])
