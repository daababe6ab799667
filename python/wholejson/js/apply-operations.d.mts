/** What `JSON.parse` makes. */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value };

/** One step from one value to the next. */
export interface Operation {
  /** `add` and `replace` as in RFC 6902; `append` adds text at the end of a string. */
  readonly op: "add" | "append" | "replace";
  /** A JSON Pointer (RFC 6901). */
  readonly path: string;
  readonly value: Value;
}

/**
 * Gives the value that comes of another one by operations.
 *
 * The value is left as it is; what did not change is shared with the new one, so that `===` tells
 * what did. Start from `null`.
 *
 * @throws {RangeError} for an operation that does not fit. The message names it.
 */
export function applyOperations(value: Value | undefined, operations: Iterable<Operation>): Value;
