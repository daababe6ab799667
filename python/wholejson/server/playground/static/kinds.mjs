// What a value is, in the words of both views.

/** @returns {"object" | "array" | "string" | "number" | "literal"} */
export function kindOf(value) {
  if (Array.isArray(value)) {
    return "array";
  }
  if (typeof value === "object" && value !== null) {
    return "object";
  }
  return typeof value === "string" || typeof value === "number" ? typeof value : "literal";
}

/** Makes an element with a class, some text, and things inside. */
export function make(name, className = "", ...inside) {
  const element = document.createElement(name);
  if (className) {
    element.className = className;
  }
  element.append(...inside);
  return element;
}

/**
 * Brings the children of a container up to date: what is new is added, what is there grows. A
 * child whose kind changed is made anew, which a key that the document repeats can do.
 */
export function reconcile(views, value, { create, place }) {
  for (const [key, item] of Object.entries(value)) {
    const view = views.get(key);
    if (view && view.kind === kindOf(item)) {
      view.grow(item);
    } else {
      const made = create(key, item);
      place(made.element, view?.element);
      views.set(key, made);
      made.grow(item);
    }
  }
}

/** Puts a new element where an old one was, or at the end. */
export function put(parent, element, old) {
  if (old) {
    old.replaceWith(element);
  } else {
    parent.append(element);
  }
}

/** Scrolls a pane so far down that an element in it can be seen. */
export function follow(pane, element) {
  const below = element.getBoundingClientRect().bottom - pane.getBoundingClientRect().bottom + 24;
  if (below > 0) {
    pane.scrollTop += below;
  }
}

/** Whether somebody has taken the scrolling of a pane into their own hands. */
export class Hands {
  constructor(pane) {
    this.on = false;
    for (const event of ["wheel", "touchmove", "pointerdown", "keydown"]) {
      pane.addEventListener(event, () => (this.on = true), { passive: true });
    }
  }
}
