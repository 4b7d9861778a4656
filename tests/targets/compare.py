"""Compares the lines that the targets wrote; tells sizes and stack depths. See `run`."""

import pathlib
import struct
import sys

# Largest difference that rounding twice may make in the outputs, which are of the size of 1. Measured: 7e-7.
UNFUSED_BOUND = 1e-5

# What each target is to choose; x86-64's sets depend on the machine, and relaxed SIMD on the engine.
INSTRUCTION_SETS = {
    "wasm-simd128": "simd128", "wasm-plain": "scalar-fma", "wasm-unfused": "simd128", "aarch64": "neon",
    "cortex-m4f": "scalar", "cortex-m4f-fused": "scalar-fma",
    "riscv32imc": "scalar", "riscv32imc-fused": "scalar-fma", "riscv32imafc": "scalar-fma",
}


def read(path: pathlib.Path) -> tuple[str, bool, dict[str, list[str]], dict[str, int], list[str]]:
    """Instruction set, whether it fuses, every model's words, stack depths, and what differs within the target."""
    name, fused, models, stack, differs = "", False, {}, {}, []
    for line in path.read_text().splitlines():
        match line.split():
            case ["isa", name, rounds]:
                fused = rounds == "fused"
            case ["DIFFERS", *what]:
                differs.append(" ".join(what))
            case ["stack", model, depth]:
                stack[model] = int(depth, 16)
            case [model, *words]:
                models[model] = words
    return name, fused, models, stack, differs


def floats(words: list[str]) -> list[float]:
    return [struct.unpack(">f", bytes.fromhex(word))[0] for word in words[1:]]


def difference(left: dict[str, list[str]], right: dict[str, list[str]]) -> float:
    pairs = (zip(floats(left[model]), floats(right[model]), strict=True) for model in left)
    return max(abs(a - b) for pair in pairs for a, b in pair)


def sections(path: pathlib.Path) -> tuple[int, int]:
    """Bytes of code and of constants in a 32-bit ELF file."""
    data = path.read_bytes()
    start, size, count, names = (*struct.unpack_from("<I", data, 32), *struct.unpack_from("<HHH", data, 46))
    headers = [struct.unpack_from("<10I", data, start + index * size) for index in range(count)]
    code = sum(header[5] for header in headers if header[1] == 1 and header[2] & 4)
    constants = sum(header[5] for header in headers if header[1] == 1 and header[2] & 2 and not header[2] & 5)
    return code, constants


def main() -> int:
    folder = pathlib.Path(sys.argv[1])
    targets = {path.stem: read(path) for path in sorted(folder.glob("*.txt"))}
    failures = []
    fused = [name for name, target in targets.items() if target[1]]
    unfused = [name for name, target in targets.items() if not target[1]]
    if not fused:
        print("no instruction set with fused multiply-add ran: nothing to compare with")
        return 1
    fused.sort(key=lambda name: not name.startswith("x86_64"))
    reference = targets[fused[0]][2]
    print(f"\n{len(reference)} models; the reference is {fused[0]}\n")
    print(f"{'target':16} {'instructions':14} bits")
    for name in fused + unfused:
        isa, is_fused, models, _, differs = targets[name]
        failures += [f"{name}: {what}" for what in differs]
        if not isa:
            failures.append(f"{name}: wrote nothing")
            continue
        if isa != INSTRUCTION_SETS.get(name, isa):
            failures.append(f"{name}: {isa} is used, not {INSTRUCTION_SETS[name]}")
        if models.keys() != reference.keys():
            failures.append(f"{name}: other models: {sorted(models.keys() ^ reference.keys())}")
            continue
        same, away = models == reference, difference(models, reference)
        others = [other for other in unfused if other != name and targets[other][2] == models]
        verdict = "those of the reference" if same else f"at most {away:.1e} away" + f", those of {', '.join(others)}" * bool(others)
        print(f"{name:16} {isa:14} {verdict}")
        if is_fused and not same:
            failures.append(f"{name}: fused, but other bits: {[model for model in models if models[model] != reference[model]]}")
        if away > UNFUSED_BOUND:
            failures.append(f"{name}: {away:.1e} away, {UNFUSED_BOUND:.0e} allowed")
    for name, (_, _, _, stack, _) in targets.items():
        if stack:
            print(f"\nstack of one sample on {name}, bytes: " + ", ".join(f"{model} {depth}" for model, depth in stack.items()))
    if (folder / "digits").exists():
        (code, constants), (start_code, start_constants) = sections(folder / "digits"), sections(folder / "empty")
        print(f"digits on cortex-m4f: {code - start_code} bytes of code, {constants - start_constants} of weights and constants; no heap, and no panic (an image with one does not link)")
    for path in sorted(folder.glob("*.time")):
        print(f"\nmicroseconds a sample, {path.stem}: " + ", ".join(line.removeprefix("time ") for line in path.read_text().splitlines()))
    for failure in failures:
        print(f"FAILED {failure}")
    print(f"\n{len(targets)} targets, {len(failures)} failures")
    return 1 if failures else 0


sys.exit(main())
