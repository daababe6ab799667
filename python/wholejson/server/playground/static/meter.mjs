// What a stream has brought so far, on both sides of the middleware.

import { applyOperations } from "/playground/js/apply-operations.mjs";
import { EventReader, StreamError } from "/playground/js/read-stream.mjs";

/** Takes the pieces of one stream, and keeps its value and its figures. */
export class Meter {
  #value = undefined;
  #read = true;

  constructor(mode, begun) {
    this.mode = mode;
    this.begun = begun;
    this.content = null;
    this.status = null;
    this.shreds = [];
    this.updates = 0;
    this.upstream = { bytes: 0, events: 0 };
    this.client = { bytes: 0, events: 0 };
    this.first = null;
    this.pause = null;
    this.last = null;
    this.readers = { upstream: new EventReader(), client: new EventReader() };
  }

  /** @throws {StreamError} for an error event on the client's side */
  take({ side, bytes, text }, now) {
    const reader = this.readers[side];
    if (!reader) {
      return;
    }
    this[side].bytes += bytes;
    for (const { data } of reader.feed(text)) {
      this[side].events += 1;
      if (data !== "[DONE]") {
        this[`${side}Event`](data, now);
      }
    }
  }

  upstreamEvent(data) {
    let chunk;
    try {
      chunk = JSON.parse(data);
    } catch {
      return; // what the upstream writes is its own business
    }
    for (const { index, delta } of chunk?.choices ?? []) {
      const text = textOf(delta?.content);
      if ((index ?? 0) === 0 && text) {
        this.shreds.push({ text, told: false });
      }
    }
  }

  clientEvent(data, now) {
    const chunk = JSON.parse(data);
    if (chunk.error) {
      this.end(now);
      throw new StreamError(chunk.error.message, { code: chunk.error.code });
    }
    for (const choice of chunk.choices ?? []) {
      if (choice.index === 0) {
        this.choice(choice, now);
      }
    }
  }

  choice({ delta, json_status: status }, now) {
    const content = delta?.content;
    if (typeof content === "string" && content !== "") {
      this.tell(content, now);
    }
    this.status = status ?? this.status;
  }

  tell(content, now) {
    if (this.mode === "patch") {
      const operations = JSON.parse(content);
      if (operations.length > 0) {
        this.content = content;
        this.#value = applyOperations(this.#value, operations);
        this.update(now);
      }
    } else if (content !== this.content) {
      // The last chunk carries the final snapshot once more. Of many between two looks, only the
      // newest is read.
      this.content = content;
      this.#read = false;
      this.update(now);
    }
  }

  /** The value so far; `undefined` before there is one. */
  get value() {
    if (!this.#read) {
      this.#read = true;
      this.#value = JSON.parse(this.content);
    }
    return this.#value;
  }

  update(now) {
    this.updates += 1;
    if (this.first === null) {
      this.first = now - this.begun;
    }
    this.end(now);
    this.last = now;
    const shred = this.shreds.at(-1);
    if (shred) {
      shred.told = true;
    }
  }

  /** A pause ends with an update, or with the stream. */
  end(now) {
    if (this.last !== null) {
      this.pause = Math.max(this.pause ?? 0, now - this.last);
    }
  }
}

/** The text of a content: a string, or a list of parts of which some are text. */
function textOf(content) {
  if (Array.isArray(content)) {
    return content.map((part) => part?.text ?? "").join("");
  }
  return typeof content === "string" ? content : "";
}
