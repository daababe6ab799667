// What users write, for the TypeScript compiler alone: it is checked, and never run.
import { applyOperations, type Operation, type Value } from "../../python/wholejson/js/apply-operations.mjs";
import {
  EventReader,
  readChunks,
  readEvents,
  readValues,
  StreamError,
  type JSONStatus,
  type Update,
} from "../../python/wholejson/js/read-stream.mjs";

const operations: Operation[] = [
  { op: "add", path: "", value: { name: "Jo", tags: [1, true, null] } },
  { op: "append", path: "/name", value: "hn" },
];
const value: Value = applyOperations(null, operations);
applyOperations(undefined, []);
// @ts-expect-error - there are three operations
applyOperations(value, [{ op: "remove", path: "" }]);

const found: { event: string; data: string }[] = new EventReader().feed("data: 1\n\n");
found.push({ event: "message", data: "" });

export async function read(response: Response): Promise<JSONStatus | null> {
  let last: Update | undefined;
  try {
    for await (const update of readValues(response, { choice: 1 })) {
      last = update;
    }
    for await (const chunk of readChunks(response)) {
      chunk.choices[0].delta.content.length;
    }
    for await (const { data } of readEvents(response)) {
      data.trim();
    }
  } catch (error) {
    if (error instanceof StreamError) {
      const told: [string | null, number | null, string] = [error.code, error.status, error.message];
      told.reverse();
    }
  }
  // @ts-expect-error - there may have been none
  last.value;
  return last?.status ?? null;
}
