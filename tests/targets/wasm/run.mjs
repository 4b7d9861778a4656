// Runs the WebAssembly module on Node: its lines, or with --time what a sample of each model takes.
//
//   node run.mjs MODULE.wasm [--time]
import { readFileSync } from "node:fs";

const [path, mode] = process.argv.slice(2);
const { instance } = await WebAssembly.instantiate(readFileSync(path), {});
const { memory, text, check, repeat } = instance.exports;

const length = check();
const lines = new TextDecoder().decode(new Uint8Array(memory.buffer, text(), length));
if (mode !== "--time") {
  process.stdout.write(lines);
} else {
  const names = lines.split("\n").map((line) => line.split(" ")[0]).filter((word) => word && word !== "isa");
  for (const [index, name] of names.entries()) {
    let count = 64;
    let best = Infinity;
    for (let round = 0; round < 12; round += 1) {
      const start = performance.now();
      repeat(index, count);
      const elapsed = performance.now() - start;
      // The first rounds run code that the engine has not optimised yet.
      if (round >= 2) best = Math.min(best, elapsed / count);
      if (elapsed < 20) count *= 2;
    }
    process.stdout.write(`time ${name} ${(best * 1000).toFixed(2)}\n`);
  }
}
