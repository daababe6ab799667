import type { Value } from "./apply-operations.mjs";

/** An error that the stream told, or a response that is none. */
export class StreamError extends Error {
  constructor(
    message: string,
    about?: { code?: string | null; status?: number | null; text?: string | null },
  );
  /** A code of the endpoint's, such as `no_json` or `upstream_closed`, or the provider's own. */
  readonly code: string | null;
  /** The status of a response that was refused; `null` for an error in a stream. */
  readonly status: number | null;
  /** With `no_json`: what came in place of JSON, up to 64 KiB. */
  readonly text: string | null;
}

/** One server-sent event. */
export interface Event {
  readonly event: string;
  readonly data: string;
}

/** Takes server-sent events out of text that arrives in pieces, cut anywhere. */
export class EventReader {
  feed(text: string): Event[];
}

/** Gives the events of a response as they arrive. */
export function readEvents(response: Response): AsyncGenerator<Event>;

/** Gives the chunks of a streamed chat completion, up to `[DONE]`. */
export function readChunks(response: Response): AsyncGenerator<any>;

/** What a stream says of its document at the end. */
export interface JSONStatus {
  /** Whether the document itself was closed. */
  readonly complete: boolean;
  /** How many departures from the document as written there were. */
  readonly repairs: number;
  /** Whether it is valid by its schema, where `validate` asked for a verdict and there is one. */
  readonly valid?: boolean;
  /** What is wrong with it: up to ten, each with its place as a JSON Pointer. */
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
  /** What was ignored: a part of the schema, or the verdict. */
  readonly warning?: string;
  readonly [more: string]: unknown;
}

/** A document's value after an update. */
export interface Update {
  readonly value: Value | undefined;
  /** `null` but in the last one. */
  readonly status: JSONStatus | null;
  readonly finishReason: string | null;
}

/** Gives the value of a stream's document each time that it grew. */
export function readValues(response: Response, options?: { choice?: number }): AsyncGenerator<Update>;
