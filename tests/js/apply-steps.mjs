// Reads cases from standard input, one JSON array a line: steps of operations (as JSON text) and
// snapshot (as text). Applies them in order; says what differs, one line each, and ends with 1.

import { createInterface } from "node:readline";

import { applyOperations } from "../../js/apply-operations.mjs";

const frozen = (value) => {
  const open = [value];
  while (open.length) {
    const next = open.pop();
    if (typeof next === "object" && next !== null && !Object.isFrozen(next)) {
      Object.freeze(next);
      open.push(...Object.values(next));
    }
  }
  return value;
};

let cases = 0;
let steps = 0;
for await (const line of createInterface({ input: process.stdin })) {
  let value = null;
  for (const [operations, snapshot] of JSON.parse(line)) {
    const expected = JSON.stringify(JSON.parse(snapshot));
    // Frozen: a step that changed its argument would throw.
    value = frozen(applyOperations(value, JSON.parse(operations)));
    if (expected !== JSON.stringify(value)) {
      console.log(JSON.stringify({ case: cases, step: steps, operations, snapshot, value }));
      process.exitCode = 1;
      break;
    }
    steps += 1;
  }
  cases += 1;
}
console.error(`${cases} cases, ${steps} steps`);
