// The JavaScript applier: what it gives, what it shares, what it refuses.

import assert from "node:assert/strict";
import { test } from "node:test";

import { applyOperations } from "../../js/apply-operations.mjs";

const add = (path, value) => ({ op: "add", path, value });
const append = (path, value) => ({ op: "append", path, value });
const replace = (path, value) => ({ op: "replace", path, value });

test("operations in order give every value in turn, starting from nothing", () => {
  const steps = [
    [[add("", { name: "J" })], { name: "J" }],
    [[append("/name", "ohn")], { name: "John" }],
    [[append("/name", " Doe"), add("/tags", ["a"])], { name: "John Doe", tags: ["a"] }],
    [[append("/tags/0", "b"), add("/tags/1", 12)], { name: "John Doe", tags: ["ab", 12] }],
    [[replace("/name", 3), add("/a~1b~0", null)], { name: 3, tags: ["ab", 12], "a/b~": null }],
    [[], { name: 3, tags: ["ab", 12], "a/b~": null }],
    [[replace("", [1]), add("/-", 2), add("/0", 0)], [0, 1, 2]],
  ];
  for (const start of [null, undefined]) {
    let value = start;
    for (const [operations, expected] of steps) {
      value = applyOperations(value, operations);
      assert.deepEqual(expected, value);
    }
  }
});

test("what did not change is the same object, what changed is another, the argument stays", () => {
  const before = Object.freeze({
    kept: Object.freeze({ deep: Object.freeze([1]) }),
    list: Object.freeze([Object.freeze({ text: "a" }), Object.freeze({ text: "b" })]),
  });
  const after = applyOperations(before, [append("/list/1/text", "c"), append("/list/1/text", "d")]);
  assert.equal(before.kept, after.kept);
  assert.equal(before.list[0], after.list[0]);
  assert.notEqual(before, after);
  assert.notEqual(before.list, after.list);
  assert.notEqual(before.list[1], after.list[1]);
  assert.deepEqual({ text: "bcd" }, after.list[1]);
  assert.deepEqual({ text: "b" }, before.list[1]);
  assert.equal(after, applyOperations(after, []));
});

test("what an operation brings is left as it is", () => {
  const value = Object.freeze({ list: Object.freeze([]) });
  const after = applyOperations(null, [add("", value), add("/list/0", "x")]);
  assert.deepEqual({ list: ["x"] }, after);
  assert.deepEqual({ list: [] }, value);
});

test("keys of prototypes are keys as any other", () => {
  const evil = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": {"prototype": {}}}');
  let value = applyOperations(null, [add("", evil)]);
  value = applyOperations(value, [
    add("/__proto__/more", "x"),
    append("/__proto__/more", "y"),
    add("/constructor/prototype/polluted", 1),
    add("/toString", "t"),
  ]);
  assert.equal(
    '{"__proto__":{"polluted":1,"more":"xy"},"constructor":{"prototype":{"polluted":1}},"toString":"t"}',
    JSON.stringify(value),
  );
  value = applyOperations({}, [add("/__proto__", { polluted: 1 })]);
  assert.equal('{"__proto__":{"polluted":1}}', JSON.stringify(value));
  assert.equal(Object.prototype, Object.getPrototypeOf(value));
  assert.equal(undefined, {}.polluted);
  for (const path of ["/__proto__/polluted", "/constructor/polluted", "/a/__proto__/polluted"]) {
    assert.throws(() => applyOperations({ a: {} }, [add(path, 1)]), RangeError);
  }
  for (const path of ["/toString", "/__proto__", "/hasOwnProperty"]) {
    assert.throws(() => applyOperations({}, [replace(path, 1)]), RangeError);
  }
  for (const path of ["/length", "/__proto__", "/map", "/constructor"]) {
    assert.throws(() => applyOperations([1], [replace(path, 1)]), RangeError);
  }
  assert.equal(undefined, {}.polluted);
});

const MISFITS = [
  [{}, { op: "remove", path: "/a" }, "op must be"],
  [{}, null, "op must be"],
  [{}, { op: "add", path: "a", value: 1 }, "slash"],
  [{}, { op: "add", path: 3, value: 1 }, "slash"],
  [{}, { op: "add", path: "/a" }, "has a value"],
  [{}, add("/a/b", 1), "leads nowhere"],
  [{ a: "text" }, add("/a/0", 1), "neither an object nor an array"],
  [{ a: null }, add("/a/b", 1), "neither an object nor an array"],
  [null, add("/a", 1), "neither an object nor an array"],
  [[1], add("/2", 1), "beyond the end"],
  [[1], add("/01", 1), "no index"],
  [[1], add("/-1", 1), "no index"],
  [[1], add("/1e0", 1), "no index"],
  [[1], add("/1.0", 1), "no index"],
  [[1], add("/99999999999999999999", 1), "no index"],
  [[1], replace("/1", 1), "nothing at this path"],
  [[1], replace("/-", 1), "nothing at this path"],
  [{}, replace("/a", 1), "nothing at this path"],
  [{}, append("/a", "x"), "nothing at this path"],
  [{ a: 1 }, append("/a", "x"), "only a string"],
  [{ a: "x" }, append("/a", 1), "only a string"],
  [{ a: ["x"] }, append("/a", ["y"]), "only a string"],
  [{ "~2": 1 }, replace("/~2", 1), "no key"],
  [{ "~": 1 }, replace("/~", 1), "no key"],
];

test("what does not fit is refused, and says which operation", () => {
  for (const [value, operation, why] of MISFITS) {
    const before = JSON.stringify(value);
    const operations = [replace("", structuredClone(value)), operation];
    assert.throws(
      () => applyOperations(value, operations),
      (error) => error instanceof RangeError && error.message.startsWith("operation 1 (") && error.message.includes(why),
      JSON.stringify(operation),
    );
    assert.equal(before, JSON.stringify(value));
  }
});

test("what is no array of operations is refused, with the remedy", () => {
  assert.throws(() => applyOperations(null, '[{"op": "add", "path": "", "value": 1}]'), { name: "TypeError", message: /JSON\.parse/ });
  assert.throws(() => applyOperations(null, undefined), { name: "TypeError", message: /not undefined/ });
  assert.throws(() => applyOperations(null, add("", 1)), { name: "TypeError", message: /not object/ });
});

test("depth does not use the call stack", () => {
  let value = null;
  const depth = 20_000;
  const deep = JSON.parse("[".repeat(2_000) + '"x"' + "]".repeat(2_000));
  value = applyOperations(deep, [append("/0".repeat(2_000), "y")]);
  assert.equal("[".repeat(2_000) + '"xy"' + "]".repeat(2_000), JSON.stringify(value));
  value = applyOperations(null, [add("", [])]);
  const operations = Array.from({ length: 300 }, (_, level) => add("/0".repeat(level + 1), []));
  value = applyOperations(value, operations);
  assert.equal("[".repeat(301) + "]".repeat(301), JSON.stringify(value));
  assert.throws(() => applyOperations(null, [add("/0".repeat(depth), 1)]), RangeError);
});
