// The reader of streams: events cut anywhere, and what becomes of them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { EventReader, readChunks, readValues, StreamError } from "../../python/wholejson/js/read-stream.mjs";

const DATA = (value) => `data: ${typeof value === "string" ? value : JSON.stringify(value)}\n\n`;
const chunk = (content, more = {}) => ({
  choices: [{ index: 0, delta: content === null ? {} : { content }, finish_reason: null, ...more }],
});

function response(text, headers = {}, size = 7) {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  const body = new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) {
        controller.close();
      } else {
        controller.enqueue(bytes.slice(at, (at += size)));
      }
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream", ...headers } });
}

const all = async (generator) => {
  const found = [];
  for await (const each of generator) {
    found.push(each);
  }
  return found;
};

test("events are the same at every cut, with every line end, a BOM and comments", () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    const lines = ["\ufeff: hello", "data: one", "", "event: x", "data:two", "data:  three", "id: 1", "", "retry", "", "data", "", ""];
    const text = lines.join(end);
    const expected = [
      { event: "message", data: "one" },
      { event: "x", data: "two\n three" },
      { event: "message", data: "" },
    ];
    for (let first = 0; first <= text.length; first += 1) {
      for (let second = first; second <= text.length; second += 1) {
        const reader = new EventReader();
        const pieces = [text.slice(0, first), text.slice(first, second), text.slice(second)];
        assert.deepEqual(expected, pieces.flatMap((piece) => reader.feed(piece)));
      }
    }
  }
});

test("an event that has not ended is none", () => {
  assert.deepEqual([], new EventReader().feed("data: half\n"));
});

test("a long line in many pieces costs its length", () => {
  const reader = new EventReader();
  const piece = "x".repeat(1000);
  const begun = performance.now();
  reader.feed("data: ");
  for (let i = 0; i < 20000; i += 1) {
    reader.feed(piece);
  }
  const [{ data }] = reader.feed("\n\n");
  assert.equal(20_000_000, data.length);
  assert.ok(performance.now() - begun < 5000);
});

test("snapshots are the values, the last with its status", async () => {
  const text = [
    DATA(chunk('{"name": "Jö"}')),
    DATA({ choices: [] }),
    DATA(chunk(null, { delta: { refusal: "" } })),
    DATA(chunk('{"name": "Jön"}', { finish_reason: "stop", json_status: { complete: true, repairs: 1 } })),
    DATA("[DONE]"),
  ].join("");
  for (const size of [1, 2, 3, 1000]) {
    const found = await all(readValues(response(text, { "x-valid-json-chunks": "snapshot" }, size)));
    assert.deepEqual(
      [
        { value: { name: "Jö" }, status: null, finishReason: null },
        { value: { name: "Jön" }, status: { complete: true, repairs: 1 }, finishReason: "stop" },
      ],
      found,
    );
  }
});

test("patches are applied, and what did not change is shared", async () => {
  const text = [
    DATA(chunk('[{"op": "add", "path": "", "value": {"kept": [1], "name": "J"}}]')),
    DATA(chunk('[{"op": "append", "path": "/name", "value": "o"}]')),
    DATA(chunk("[]", { finish_reason: "stop", json_status: { complete: true, repairs: 0 } })),
    DATA("[DONE]"),
  ].join("");
  const found = await all(readValues(response(text, { "x-valid-json-chunks": "patch" })));
  assert.deepEqual([{ kept: [1], name: "J" }, { kept: [1], name: "Jo" }, { kept: [1], name: "Jo" }], found.map((each) => each.value));
  assert.equal(found[0].value.kept, found[1].value.kept);
  assert.equal(found[1].value, found[2].value);
});

test("only the choice that is asked for is read", async () => {
  const text = DATA({ choices: [{ index: 1, delta: { content: "[1]" } }, { index: 0, delta: { content: "[0]" } }] });
  const headers = { "x-valid-json-chunks": "snapshot" };
  assert.deepEqual([[0]], (await all(readValues(response(text, headers)))).map((each) => each.value));
  assert.deepEqual([[1]], (await all(readValues(response(text, headers), { choice: 1 }))).map((each) => each.value));
});

test("a choice without an index goes by its place, and an event without choices is passed over", async () => {
  const text = DATA({ usage: null }) + DATA({ choices: [{ delta: { content: "[0]" } }, { delta: { content: "[1]" } }] });
  const headers = { "x-valid-json-chunks": "snapshot" };
  assert.deepEqual([[0]], (await all(readValues(response(text, headers)))).map((each) => each.value));
  assert.deepEqual([[1]], (await all(readValues(response(text, headers), { choice: 1 }))).map((each) => each.value));
});

test("the error no_json has what came instead", async () => {
  const text = DATA({ error: { message: "no JSON", code: "no_json", text: "a joke" } });
  const found = all(readValues(response(text, { "x-valid-json-chunks": "snapshot" })));
  await assert.rejects(found, { name: "StreamError", code: "no_json", text: "a joke" });
});

test("an error event is thrown with its code, after what was shown", async () => {
  const text = DATA(chunk("[1]")) + DATA({ error: { message: "broken off", code: "upstream_closed" } });
  const seen = [];
  await assert.rejects(
    async () => {
      for await (const { value } of readValues(response(text, { "x-valid-json-chunks": "snapshot" }))) {
        seen.push(value);
      }
    },
    (error) => error instanceof StreamError && error.code === "upstream_closed" && error.message === "broken off",
  );
  assert.deepEqual([[1]], seen);
});

test("a refusal is thrown with its message and status", async () => {
  const body = JSON.stringify({ error: { message: "no key", code: "invalid_api_key" } });
  const refused = new Response(body, { status: 401, headers: { "content-type": "application/json" } });
  await assert.rejects(all(readChunks(refused)), { name: "StreamError", code: "invalid_api_key", status: 401, message: "no key" });
  await assert.rejects(all(readChunks(new Response("<html>", { status: 502 }))), /status 502/);
});

test("a stream that was not asked for whole JSON is told so", async () => {
  await assert.rejects(all(readValues(response(DATA(chunk('{"a'))))), /stream_options\.valid_json_chunks/);
});

test("whoever stops reading closes the connection", async () => {
  let cancelled = false;
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(new TextEncoder().encode(DATA(chunk("[1]")))),
    cancel: () => (cancelled = true),
  });
  const headers = { "content-type": "text/event-stream", "x-valid-json-chunks": "snapshot" };
  for await (const { value } of readValues(new Response(body, { headers }))) {
    assert.deepEqual([1], value);
    break;
  }
  assert.ok(cancelled);
});
