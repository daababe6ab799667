// The value as a tree that can be folded. What did not change is not touched.

import { kindOf, make, put, reconcile } from "./kinds.mjs";

/** Shows values in an element. */
export class Tree {
  constructor(place) {
    this.place = place;
    this.root = null;
    this.growing = null;
  }

  /** Shows a value; gives the element that grew. */
  show(value) {
    this.changed = null;
    if (this.root?.kind !== kindOf(value)) {
      this.root = view(this, null, value);
      this.place.replaceChildren(make("ul", "branches", this.root.element));
    }
    this.root.grow(value);
    if (this.changed && this.changed !== this.growing) {
      this.growing?.classList.remove("growing");
      this.changed.classList.add("growing");
      this.growing = this.changed;
    }
    return this.growing;
  }

  /** Takes away the mark of what is growing. */
  rest() {
    this.growing?.classList.remove("growing");
    this.growing = null;
  }
}

function view(tree, key, value) {
  const kind = kindOf(value);
  return kind === "object" || kind === "array" ? branch(tree, key, kind) : leaf(tree, key, kind);
}

function leaf(tree, key, kind) {
  const text = document.createTextNode("");
  const shown = make("span", kind, text);
  const element = make("li", "", ...(key === null ? [] : [make("span", "key", key)]), shown);
  let last;
  return {
    kind,
    element,
    grow(value) {
      if (value !== last) {
        last = value;
        text.data = JSON.stringify(value);
        tree.changed = shown;
      }
    },
  };
}

function branch(tree, key, kind) {
  const count = make("span", "count");
  const title = key === null ? [] : [make("span", "key", key)];
  const list = make("ul", "branches");
  const details = make("details", "", make("summary", "", ...title, count), list);
  details.open = true;
  const views = new Map();
  let last;
  const how = {
    create: (name, item) => view(tree, name, item),
    place: (element, old) => put(list, element, old),
  };
  return {
    kind,
    element: make("li", "", details),
    grow(value) {
      if (value === last) {
        return;
      }
      last = value;
      const size = Object.keys(value).length;
      const [open, close] = kind === "array" ? "[]" : "{}";
      const told = size === 0 ? `${open}${close}` : `${open}${size}${close}`;
      if (count.textContent !== told) {
        count.textContent = told;
      }
      reconcile(views, value, how);
    },
  };
}
