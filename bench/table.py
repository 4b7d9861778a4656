"""From JSON lines to tables: medians over rounds, errors, ratios."""
import statistics
import textwrap

from spec import WORKLOADS, timesteps

# float32 inference differs from float64 by a few units in the last place, which is below 3e-7 here.
TOLERANCE = 1e-6
# Ours with weights stored as smaller numbers: its error is theirs.
STORAGES = ("f16", "bf16", "int8")
LEVELS = ("avx512", "avx2", "sse2", "neon", "scalar")


def errors(lines):
    """Largest error of each (workload, peer)."""
    worst = {}
    for line in lines:
        if "max_error" in line:
            key = line["workload"], line["peer"]
            worst[key] = max(worst.get(key, 0.0), line["max_error"])
    return worst


def require_equal_numbers(lines):
    """Stops the run when ours is wrong; a peer that is wrong is named, and never counted as the best."""
    for (workload, peer), error in errors(lines).items():
        if error > TOLERANCE:
            text = f"{peer} differs from float64 by {error:.1e} on {workload}"
            if is_ours(peer) and peer.split("-")[-1] not in STORAGES:
                raise SystemExit(text)
            print(f"note: {text}")


def is_ours(peer):
    return peer == "ours" or peer.startswith("ours-")


def is_study(peer):
    """The kernel study: what these shapes allow, no product."""
    return peer.startswith("hand-")


def is_floor(peer):
    return peer.startswith("floor-")


def medians(lines):
    """{workload: {peer: (median ns a step, least ns a step)}}"""
    values = {}
    for line in lines:
        if "ns" in line:
            values.setdefault(line["workload"], {}).setdefault(line["peer"], []).append(line)
    return {
        workload: {
            peer: (statistics.median(one["ns"] for one in rounds) / timesteps(workload),
                   min(one["min"] for one in rounds) / timesteps(workload))
            for peer, rounds in peers.items()
        }
        for workload, peers in sorted(values.items()) if workload.removesuffix("_t1") in WORKLOADS
    }


def duration(nanoseconds):
    if nanoseconds is None:
        return "-"
    return f"{nanoseconds:.1f} ns" if nanoseconds < 1000 else f"{nanoseconds / 1000:.2f} µs"


def ratio(a, b):
    return f"{a / b:.2f}" if a and b else "-"


def best(peers, accept, inexact=()):
    """(median, name) of the fastest accepted peer."""
    found = [(median, peer) for peer, (median, _) in peers.items() if accept(peer) and peer not in inexact]
    return min(found, default=(None, "-"))


def level_of(peer):
    return next((part for part in peer.split("-") if part in LEVELS), None)


def fastest_level(peers):
    """The widest instruction set that ours ran with."""
    present = {level_of(peer) for peer in peers if is_ours(peer)}
    return next((level for level in LEVELS if level in present), None)


def headline_row(workload, level, peers, inexact):
    """Ours at one instruction set beside its floor, the study at the same set, and the best peer at any."""
    ours = peers.get(f"ours-{level}", (None, None))[0]
    floor = peers.get(f"floor-{level}", (None, None))[0]
    study, _ = best(peers, lambda peer: is_study(peer) and level_of(peer) == level, inexact)
    peer, name = best(peers, lambda peer: not (is_ours(peer) or is_study(peer) or is_floor(peer)), inexact)
    return [workload, level, duration(floor), duration(ours), duration(study), f"{duration(peer)} {name}",
            ratio(ours, floor), ratio(ours, study), ratio(ours, peer)]


def grid(head, rows):
    """A Markdown table with aligned columns."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    line = lambda row: "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
    return "\n".join([line(head), "|" + "|".join("-" * (width + 2) for width in widths) + "|", *map(line, rows)])


def render(lines):
    """The whole report: headline, then every peer of every workload."""
    worst, per_workload = errors(lines), medians(lines)
    parts = [about(lines)]
    rows = []
    for workload, peers in per_workload.items():
        inexact = {peer for (name, peer), error in worst.items() if name == workload and error > TOLERANCE}
        for level in dict.fromkeys(level_of(peer) for peer in sorted(peers, key=order_of) if is_ours(peer)):
            rows.append(headline_row(workload, level, peers, inexact))
    head = ["workload", "set", "floor", "ours", "study", "best peer", "ours / floor", "ours / study", "ours / best"]
    parts.append(grid(head, rows))
    for workload, peers in per_workload.items():
        parts.append(workload_table(workload, peers, worst))
    parts.append(failures(lines))
    parts.append(loading(lines))
    return "\n\n".join(part for part in parts if part)


def order_of(peer):
    level = level_of(peer)
    return LEVELS.index(level) if level else len(LEVELS)


def workload_table(workload, peers, worst):
    level = fastest_level(peers)
    ours = peers.get(f"ours-{level}", (None, None))[0]
    rows = []
    for peer, (median, least) in sorted(peers.items(), key=lambda item: item[1]):
        error = worst.get((workload, peer))
        rows.append([peer, duration(median), duration(least), ratio(median, ours), f"{error:.1e}" if error is not None else "-"])
    return grid([f"{workload} (a time step)", "median", "least", "× ours", "max error"], rows)


def failures(lines):
    failed = {(line.get("workload", "-"), line["peer"]): line["fail"] for line in lines if "fail" in line}
    return grid(["not run", "peer", "reason"], [[*key, text[:90]] for key, text in sorted(failed.items())]) if failed else ""


def loading(lines):
    """Milliseconds from a file to a model that can run, for one small and one large workload."""
    values = {}
    for line in lines:
        if "load_us" in line:
            values.setdefault(line["peer"], {}).setdefault(line["workload"], []).append(line["load_us"] / 1000)
    shown = ["w1_lstm20", "w5_rnn8", "w4_bilstm64", "w6_lstm512"]
    cell = lambda loads: f"{statistics.median(loads):.2f}" if loads else "-"
    rows = [[peer, *(cell(loads.get(workload)) for workload in shown)] for peer, loads in sorted(values.items())]
    return grid(["ms to load", *shown], rows) if rows else ""


def about(lines):
    """The machine, the method and the programs' versions."""
    machine = next((line["machine"] for line in lines if "machine" in line), [])
    found = {line["peer"]: line["version"] for line in lines if "version" in line}
    versions = ", ".join(f"{peer} {version}" for peer, version in sorted(found.items()))
    wrapped = textwrap.fill(f"versions  {versions}", 120, subsequent_indent=" " * 10, break_on_hyphens=False)
    return "\n".join(machine + [wrapped] * bool(found))
