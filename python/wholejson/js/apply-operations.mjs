// Applying operations: from one value to the next. Works in web pages and in Node, needs nothing.

/**
 * Gives the value that comes of another one by operations.
 *
 * Operations are `add` and `replace` of JSON Patch (RFC 6902) at JSON Pointers (RFC 6901), and
 * `append`, which adds text at the end of a string. Applied in order, starting from `null`, they
 * give every value in turn.
 *
 * The value is left as it is. What did not change is shared with the new value, so that `===`
 * tells what did; every container on the path of an operation is a new one. Keys are always own
 * properties: `__proto__` is a key as any other, and nothing that is inherited is ever read.
 *
 * Cost: the number of items of each container on the operations' paths.
 *
 * @param {import("./apply-operations.mjs").Value | undefined} value
 * @param {Iterable<import("./apply-operations.mjs").Operation>} operations
 * @returns {import("./apply-operations.mjs").Value}
 * @throws {RangeError} for an operation that does not fit: an unknown `op`, a path that leads
 *   nowhere, an index that is none, `append` to what is no string. The message names it.
 * @throws {TypeError} for text, or anything else that is no array, in place of operations.
 */
export function applyOperations(value, operations) {
  if (typeof operations?.[Symbol.iterator] !== "function" || typeof operations === "string") {
    const kind = typeof operations === "string" ? "text, which JSON.parse reads" : typeof operations;
    throw new TypeError(`operations must be an array of operations, not ${kind}`);
  }
  const root = [value ?? null];
  // The containers that this call made, which it may change.
  const made = new Set([root]);
  let number = 0;
  for (const operation of operations) {
    apply(root, operation, made, number);
    number += 1;
  }
  return root[0];
}

function apply(root, operation, made, number) {
  const misfit = (why) => {
    const { op, path } = operation ?? {};
    const what = `${JSON.stringify(op)} at ${JSON.stringify(path)}`;
    return new RangeError(`operation ${number} (${what}): ${why}`);
  };
  const { op, path, value } = operation ?? {};
  if (op !== "add" && op !== "append" && op !== "replace") {
    throw misfit('op must be "add", "append" or "replace"');
  }
  if (typeof path !== "string" || (path !== "" && path[0] !== "/")) {
    throw misfit("a path is empty or begins with a slash (RFC 6901)");
  }
  if (value === undefined) {
    throw misfit("an operation has a value");
  }
  let parent = root;
  let place = 0;
  for (const token of path.split("/").slice(1)) {
    if (!Object.hasOwn(parent, place)) {
      throw misfit("the path leads nowhere");
    }
    let child = parent[place];
    if (typeof child !== "object" || child === null) {
      throw misfit("the path leads through what is neither an object nor an array");
    }
    if (!made.has(child)) {
      child = Array.isArray(child) ? child.slice() : { ...child };
      made.add(child);
      put(parent, place, child);
    }
    parent = child;
    place = placeOf(child, token);
    if (place === undefined) {
      throw misfit(`${JSON.stringify(token.slice(0, 40))} is no key and no index`);
    }
  }
  if (op === "add" && parent !== root) {
    if (!Array.isArray(parent)) {
      put(parent, place, value);
    } else if (place <= parent.length) {
      parent.splice(place, 0, value);
    } else {
      throw misfit("the index is beyond the end of the array");
    }
    return;
  }
  if (!Object.hasOwn(parent, place)) {
    throw misfit("there is nothing at this path");
  }
  if (op !== "append") {
    put(parent, place, value);
  } else if (typeof parent[place] === "string" && typeof value === "string") {
    put(parent, place, parent[place] + value);
  } else {
    throw misfit("only a string can be appended, and only to a string");
  }
}

/** The key or the index that a token of a path means, `undefined` if it means none. */
function placeOf(container, token) {
  if (/~(?![01])/.test(token)) {
    return undefined;
  }
  const name = token.replaceAll("~1", "/").replaceAll("~0", "~");
  if (!Array.isArray(container)) {
    return name;
  }
  if (name === "-") {
    return container.length;
  }
  return /^(0|[1-9][0-9]{0,15})$/.test(name) ? Number(name) : undefined;
}

/** Sets an own property: assigning to `__proto__` would set the prototype instead. */
function put(container, place, value) {
  if (place === "__proto__") {
    Object.defineProperty(container, place, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  } else {
    container[place] = value;
  }
}
