"""Reads the corpus through the extension, for a tool that watches memory: `make memcheck`."""

from __future__ import annotations

import contextlib
import random
import sys
from pathlib import Path

import wholejson

CORPUS = Path(__file__).resolve().parent.parent / "fuzz" / "corpus"


def replay(data: bytes, source: random.Random) -> None:
    """One input, as a document and as a stream, in pieces."""
    reader, transformer = wholejson.Aggregator(), wholejson.ChunkTransformer()
    at = 0
    with contextlib.suppress(wholejson.Error):
        while at < len(data):
            to = at + source.randint(1, 40)
            transformer.feed(data[at:to])
            reader.feed(data[at:to])
            at = to
            reader.snapshot()
            reader.value(live=True)
            reader.take_operations()
            reader.take_settled()
        reader.finish()
    reader.value()
    transformer.finish()
    transformer.report  # noqa: B018 - it is made anew


def main(most: int) -> None:
    """Read so many inputs of each target."""
    source = random.Random(7)
    count = 0
    for folder in sorted(CORPUS.iterdir()):
        for path in sorted(folder.iterdir())[:most]:
            replay(path.read_bytes()[3:], source)
            count += 1
            if count % 50 == 0:
                print(f"{count} inputs", file=sys.stderr, flush=True)
    print(f"{count} inputs read")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 10**6)
