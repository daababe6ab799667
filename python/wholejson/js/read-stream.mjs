// Reading a streamed chat completion whose chunks are whole JSON. Works in web pages and in Node
// 20 and newer; needs apply-operations.mjs beside it, and nothing else.

import { applyOperations } from "./apply-operations.mjs";

/** An error that the stream told, or a response that is none. */
export class StreamError extends Error {
  /**
   * @param {string} message
   * @param {{ code?: string | null, status?: number | null, text?: string | null }} [about]
   */
  constructor(message, { code = null, status = null, text = null } = {}) {
    super(message);
    this.name = "StreamError";
    this.code = code;
    this.status = status;
    this.text = text;
  }
}

/**
 * Takes server-sent events out of text that arrives in pieces, cut anywhere (WHATWG HTML, 9.2.6).
 *
 * Cost: the text's length. It holds what has not ended yet.
 */
export class EventReader {
  #parts = []; // of a line that has not ended
  #begun = false;
  #returned = false; // the last character was a carriage return: a line feed belongs to it
  #data = [];
  #event = "";

  /**
   * @param {string} text
   * @returns {{ event: string, data: string }[]} the events that ended in this piece
   */
  feed(text) {
    const found = [];
    let start = 0;
    if (!this.#begun && text !== "") {
      this.#begun = true;
      start = text[0] === "\ufeff" ? 1 : 0;
    }
    if (this.#returned && text !== "") {
      this.#returned = false;
      start = text[0] === "\n" ? 1 : 0;
    }
    const ends = /\r\n?|\n/g;
    ends.lastIndex = start;
    for (let end = ends.exec(text); end !== null; end = ends.exec(text)) {
      this.#parts.push(text.slice(start, end.index));
      this.#line(this.#parts.join(""), found);
      this.#parts = [];
      start = ends.lastIndex;
      this.#returned = end[0] === "\r" && start === text.length;
    }
    if (start < text.length) {
      this.#parts.push(text.slice(start));
    }
    return found;
  }

  #line(line, found) {
    if (line === "") {
      if (this.#data.length > 0) {
        found.push({ event: this.#event || "message", data: this.#data.join("\n") });
      }
      this.#data = [];
      this.#event = "";
      return;
    }
    const colon = line.indexOf(":");
    const name = colon === -1 ? line : line.slice(0, colon);
    let value = colon === -1 ? "" : line.slice(colon + 1);
    if (value[0] === " ") {
      value = value.slice(1);
    }
    if (name === "data") {
      this.#data.push(value);
    } else if (name === "event") {
      this.#event = value;
    }
  }
}

/**
 * Gives the events of a response as they arrive.
 *
 * @param {Response} response what `fetch` gave
 * @returns {AsyncGenerator<{ event: string, data: string }>}
 * @throws {StreamError} where the response is no stream of events; with its own message, where it
 *   is an error in OpenAI's form
 */
export async function* readEvents(response) {
  const type = response.headers.get("content-type") ?? "";
  if (!response.ok || !type.startsWith("text/event-stream") || response.body === null) {
    throw await refusal(response);
  }
  const events = new EventReader();
  const decoder = new TextDecoder();
  const body = response.body.getReader();
  try {
    for (;;) {
      const { done, value } = await body.read();
      yield* events.feed(done ? decoder.decode() : decoder.decode(value, { stream: true }));
      if (done) {
        return;
      }
    }
  } finally {
    // Whoever stops reading closes the connection, and the server stops the model.
    await body.cancel().catch(() => {});
  }
}

async function refusal(response) {
  const { status } = response;
  const text = await response.text().catch(() => "");
  let error = null;
  try {
    ({ error } = JSON.parse(text));
  } catch {
    // It is no error in OpenAI's form: the status has to do.
  }
  const message = error?.message ?? `the response is no stream of events (status ${status})`;
  return new StreamError(message, { code: error?.code ?? null, status });
}

/**
 * Gives the chunks of a streamed chat completion, up to `[DONE]`.
 *
 * @param {Response} response
 * @returns {AsyncGenerator<any>}
 * @throws {StreamError} for an error event, with its code
 */
export async function* readChunks(response) {
  for await (const { data } of readEvents(response)) {
    if (data === "[DONE]") {
      return;
    }
    const chunk = JSON.parse(data);
    if (chunk.error) {
      const { message, code, text } = chunk.error;
      const about = { code: code ?? null, text: text ?? null };
      throw new StreamError(message ?? "the stream ended with an error", about);
    }
    yield chunk;
  }
}

/**
 * Gives the value of a stream's document each time that it grew, in the modes `snapshot` and
 * `patch`: the response says which one it is.
 *
 * `status` is `null` but in the last one, which has `{complete, repairs}`. What did not change is
 * shared with the value before in mode `patch`, so that `===` tells what did.
 *
 * @param {Response} response
 * @param {{ choice?: number }} [options] which choice of the answer
 * @returns {AsyncGenerator<{ value: any, status: any, finishReason: string | null }>}
 * @throws {StreamError} for an error event, or where the chunks are not whole JSON
 */
export async function* readValues(response, { choice = 0 } = {}) {
  const mode = response.headers.get("x-valid-json-chunks");
  if (response.ok && mode !== "snapshot" && mode !== "patch") {
    const told = mode === null ? "has no header" : `says ${JSON.stringify(mode)} in its header`;
    throw new StreamError(
      `the response ${told} x-valid-json-chunks, which should say snapshot or patch: ask for ` +
        "stream_options.valid_json_chunks, and let the header through (CORS: " +
        "Access-Control-Expose-Headers)",
    );
  }
  let value;
  for await (const chunk of readChunks(response)) {
    for (const [place, told] of (chunk.choices ?? []).entries()) {
      if ((told.index ?? place) !== choice) {
        continue;
      }
      const { delta, finish_reason: reason, json_status: status } = told;
      const content = delta?.content;
      if (typeof content === "string" && content !== "") {
        const read = JSON.parse(content);
        value = mode === "patch" ? applyOperations(value, read) : read;
      } else if (!status) {
        continue;
      }
      yield { value, status: status ?? null, finishReason: reason ?? null };
    }
  }
}
