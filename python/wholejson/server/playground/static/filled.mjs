// The value as a form that fills in: the way an app shows it to its user.

import { kindOf, make, put, reconcile } from "./kinds.mjs";

let fields = 0;

/** Shows values in an element, as read-only fields. */
export class Filled {
  constructor(place) {
    this.place = place;
    this.root = null;
    this.growing = null;
  }

  /** Shows a value; gives the element that grew. */
  show(value) {
    if (this.root?.kind !== kindOf(value)) {
      this.root = view(this, "Value", value, true);
      this.place.replaceChildren(this.root.element);
    }
    this.root.grow(value);
    return this.growing;
  }
}

function view(filled, name, value, outermost = false) {
  const kind = kindOf(value);
  if (kind === "object" || kind === "array") {
    return group(filled, name, kind, outermost);
  }
  return typeof value === "boolean" ? check(filled, name, kind) : text(filled, name, kind);
}

function group(filled, name, kind, outermost) {
  const element = make(outermost ? "div" : "fieldset", "group");
  if (!outermost) {
    element.append(make("legend", "", title(name)));
  }
  const views = new Map();
  let last;
  const how = {
    create: (key, item) => {
      const part = kind === "array" ? `${title(name)} ${Number(key) + 1}` : key;
      return view(filled, part, item);
    },
    place: (made, old) => put(element, made, old),
  };
  return {
    kind,
    element,
    grow(value) {
      if (value !== last) {
        last = value;
        reconcile(views, value, how);
      }
    },
  };
}

function text(filled, name, kind) {
  const field = make("textarea");
  const label = make("label", "", title(name));
  fields += 1;
  field.id = `filled-${fields}`;
  field.readOnly = true;
  label.htmlFor = field.id;
  let last;
  return {
    kind,
    element: make("div", "field", label, field),
    grow(value) {
      if (value !== last) {
        last = value;
        filled.growing = field;
        field.value = value === null ? "–" : String(value);
        // For browsers that do not size a field by its content.
        field.rows = Math.min(8, Math.ceil(field.value.length / 42) || 1);
      }
    },
  };
}

function check(filled, name, kind) {
  const box = make("input");
  const said = make("span");
  let last;
  box.type = "checkbox";
  box.disabled = true;
  return {
    kind,
    element: make("label", "check", box, said),
    grow(value) {
      if (value !== last) {
        last = value;
        filled.growing = box;
        box.checked = value === true;
        said.textContent = `${title(name)}: ${value ? "yes" : "no"}`;
      }
    },
  };
}

/** `opening_hours` and `openingHours` as people write them. */
function title(name) {
  const words = name.replace(/[_-]+/g, " ").replace(/([a-z\d])([A-Z])/g, "$1 $2").trim();
  return words === "" ? "(empty)" : words[0].toUpperCase() + words.slice(1);
}
