// The deltas as they arrive, as many as anybody reads.

import { make } from "./kinds.mjs";

const SHOWN = 600;

/** Shows shreds in an element; those that brought an update are marked. */
export class Shreds {
  constructor(place) {
    this.place = place;
    this.chips = [];
  }

  show(shreds) {
    if (this.chips.length === 0 && shreds.length > 0) {
      this.place.replaceChildren();
    }
    const from = Math.max(0, shreds.length - SHOWN);
    for (let at = Math.max(this.chips.length, from); at < shreds.length; at += 1) {
      const chip = make("span", "shred", visible(shreds[at].text));
      this.chips[at] = chip;
      this.place.append(chip, "\u200b");
      this.chips[at - SHOWN]?.nextSibling?.remove();
      this.chips[at - SHOWN]?.remove();
    }
    // An update may mark any of those that came since the last look.
    for (let at = from; at < shreds.length; at += 1) {
      this.chips[at].classList.toggle("told", shreds[at].told);
    }
    this.place.scrollTop = this.place.scrollHeight;
  }
}

/** Text whose line ends and tabs can be seen. */
function visible(text) {
  return text.replaceAll("\r", "␍").replaceAll("\n", "↵").replaceAll("\t", "⇥");
}
