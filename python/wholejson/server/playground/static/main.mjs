// The page: its controls, and what it shows of a stream.

import { Filled } from "./filled.mjs";
import { follow, Hands } from "./kinds.mjs";
import { Meter } from "./meter.mjs";
import { SAMPLES } from "./samples.mjs";
import { Shreds } from "./shreds.mjs";
import { ask, requestOf } from "./stream.mjs";
import { Tree } from "./tree.mjs";

const $ = (id) => document.getElementById(id);
const empty = Object.fromEntries(["shreds", "tree", "filled"].map((id) => [id, $(id).innerText]));
const KEYS = {
  gateway: "One of this gateway's own keys.",
  provider: "Your provider's key: it passes through this gateway.",
};
const CHUNK = 4000;

let about = { key: "none", replay: false, document_bytes: 65536, slowest: 0.5 };
let running = null;

// -- the controls

function chosen(name) {
  return document.querySelector(`input[name="${name}"]:checked`).value;
}

function controls() {
  return {
    source: chosen("source"),
    mode: chosen("mode"),
    every: Number($("every").value) || 250,
    repair: $("repair").checked,
    document: $("document").value,
    speed: Number($("speed").value),
    model: $("model").value.trim(),
    prompt: $("prompt").value,
    jsonMode: $("json-mode").checked,
  };
}

function arrange() {
  const source = chosen("source");
  $("document-part").hidden = source !== "document";
  $("prompt-part").hidden = source !== "prompt";
  $("every-part").hidden = chosen("mode") !== "paced";
  // A document of the page's own does not reach the provider.
  $("key-part").hidden = about.key === "none" || (about.key === "provider" && source !== "prompt");
  const size = new TextEncoder().encode($("document").value).length;
  const over = size > about.document_bytes;
  $("document-size").textContent = over
    ? `${bytes(size)}: at most ${bytes(about.document_bytes)} here`
    : bytes(size);
  $("document").setAttribute("aria-invalid", String(over));
}

function setUp() {
  for (const { name } of SAMPLES) {
    $("sample").append(new Option(name));
  }
  $("document").value = SAMPLES[0].text;
  $("sample").addEventListener("change", () => {
    $("document").value = SAMPLES[$("sample").selectedIndex].text;
    arrange();
  });
  $("file").addEventListener("change", async () => {
    const file = $("file").files[0];
    if (file) {
      $("document").value = await file.slice(0, 2 * about.document_bytes).text();
      $("file").value = "";
      arrange();
    }
  });
  $("form").addEventListener("input", arrange);
  $("form").addEventListener("submit", (event) => {
    event.preventDefault();
    start();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      start();
    }
  });
  $("stop").addEventListener("click", () => running?.abort());
  arrange();
  learn();
}

/** Learns which key is wanted, and which documents are replayed as models. */
async function learn() {
  about = { ...about, ...(await (await fetch("/playground/about.json")).json()) };
  $("version").textContent = `wholejson ${about.version}`;
  $("key-note").textContent = KEYS[about.key] ?? "";
  arrange();
  if (about.replay && about.key === "none") {
    // The names of the documents there are. A provider is asked for nothing until you press Start.
    const { data } = await (await fetch("/v1/models")).json();
    $("models").append(...data.map(({ id }) => new Option(id, id)));
  }
}

// -- one stream

async function start() {
  running?.abort();
  const mine = new AbortController();
  running = mine;
  const screen = new Screen();
  tell("streaming", "Streaming");
  if (matchMedia("(max-width: 820px)").matches) {
    document.querySelector(".summary").scrollIntoView();
  }
  $("stop").disabled = false;
  try {
    const begun = performance.now();
    const { mode, pieces } = await ask(requestOf(controls()), $("key").value, mine.signal);
    screen.meter = new Meter(mode, begun);
    for await (const piece of pieces) {
      screen.meter.take(piece, performance.now());
      screen.later();
    }
    screen.meter.end(performance.now());
    tell(...ending(screen.meter));
  } catch (error) {
    if (running !== mine) {
      return; // a newer stream has the screen
    }
    if (mine.signal.aborted) {
      tell("ready", "Stopped");
    } else {
      tell("failed", "Failed");
      $("error").hidden = false;
      $("error").textContent = error.code ? `${error.message} (${error.code})` : error.message;
    }
  } finally {
    if (running === mine) {
      running = null;
      $("stop").disabled = true;
      screen.draw();
      screen.tree.rest();
    }
  }
}

function ending({ status, updates }) {
  if (!status) {
    return ["done", "Ended without a document"];
  }
  const repairs = status.repairs === 0 ? "no repairs" : plural(status.repairs, "repair");
  const how = status.complete ? "Complete" : "Cut off";
  return [status.complete ? "done" : "failed", `${how}: ${plural(updates, "update")}, ${repairs}`];
}

/** Says it once: screen readers hear how a stream begins and ends, not every update. */
function tell(state, text) {
  $("state").dataset.state = state;
  $("state").textContent = text;
}

/** What is shown of one stream; drawn at most once a frame. */
class Screen {
  static newest = null;

  constructor() {
    Screen.newest = this;
    this.meter = null;
    this.waiting = false;
    for (const [id, text] of Object.entries(empty)) {
      const note = document.createElement("p");
      note.className = "empty";
      note.textContent = text;
      $(id).replaceChildren(note);
    }
    this.shreds = new Shreds($("shreds"));
    this.tree = new Tree($("tree"));
    this.filled = new Filled($("filled"));
    this.hands = new Map([this.tree, this.filled].map((view) => [view, new Hands(view.place)]));
    $("chunk").textContent = "";
    $("error").hidden = true;
  }

  later() {
    if (!this.waiting) {
      this.waiting = true;
      requestAnimationFrame(() => {
        this.waiting = false;
        this.draw();
      });
    }
  }

  draw() {
    const { meter } = this;
    if (!meter || this !== Screen.newest) {
      return;
    }
    this.shreds.show(meter.shreds);
    if (meter.value !== undefined && meter.value !== this.value) {
      this.value = meter.value;
      for (const view of [this.tree, this.filled]) {
        const grown = view.show(meter.value);
        if (grown && !this.hands.get(view).on) {
          follow(view.place, grown);
        }
      }
    }
    figures(meter);
    const { content } = meter;
    $("chunk").textContent =
      content?.length > CHUNK ? `… ${content.slice(-CHUNK)}` : (content ?? "");
  }
}

function figures({ updates, shreds, status, upstream, client, first, pause }) {
  const ratio = upstream.bytes > 0 ? client.bytes / upstream.bytes : 0;
  const shown = {
    updates: number(updates),
    "updates-note": `of ${plural(shreds.length, "shred")}`,
    repairs: status ? number(status.repairs) : "–",
    "repairs-note": status ? (status.complete ? "complete" : "cut off") : "told at the end",
    "bytes-in": bytes(upstream.bytes),
    "events-in": plural(upstream.events, "event"),
    "bytes-out": bytes(client.bytes),
    "events-out": `${plural(client.events, "event")}, ${ratio.toFixed(ratio < 10 ? 1 : 0)} ×`,
    first: seconds(first),
    pause: seconds(pause),
  };
  for (const [id, text] of Object.entries(shown)) {
    if ($(id).textContent !== text) {
      $(id).textContent = text;
    }
  }
}

// -- words

function number(value) {
  return value.toLocaleString("en");
}

function plural(count, word) {
  return `${number(count)} ${word}${count === 1 ? "" : "s"}`;
}

function bytes(count) {
  if (count < 10_000) {
    return `${number(count)} B`;
  }
  const [size, unit] = count < 1_000_000 ? [count / 1e3, "kB"] : [count / 1e6, "MB"];
  return `${size.toFixed(size < 100 ? 1 : 0)} ${unit}`;
}

function seconds(value) {
  if (value === null) {
    return "–";
  }
  return value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(2)} s`;
}

setUp();
