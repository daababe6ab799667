"""Objects that threads share: they take turns, and nothing is lost or read twice."""

from __future__ import annotations

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import wholejson


@pytest.fixture(autouse=True)
def _switch_often():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.parametrize("size", [1, 100_000], ids=["short", "long"])
def test_one_document_fed_by_many_threads_has_all_that_they_fed(size):
    document = wholejson.Aggregator()
    document.feed('["')
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(document.feed, ["x" * size] * 200))
    document.feed('"]')
    assert ["x" * size * 200] == json.loads(document.snapshot())


def test_snapshots_read_while_another_thread_feeds_are_whole():
    document = wholejson.Aggregator()
    stop = threading.Event()
    lengths = []

    def read():
        while not stop.is_set():
            text = document.snapshot()
            if text is not None:
                lengths.append(len(json.loads(text)[0]))
            repr(document)

    reader = threading.Thread(target=read)
    reader.start()
    document.feed('["')
    for _ in range(3000):
        document.feed("word ")
    document.feed(b"y" * 300_000)
    stop.set()
    reader.join()
    assert sorted(lengths) == lengths


def test_one_transformer_fed_by_many_threads_gives_every_event_once():
    transformer = wholejson.ChunkTransformer()
    events = [f": comment {at}\n\n".encode() for at in range(2000)]
    with ThreadPoolExecutor(8) as pool:
        given = b"".join(pool.map(transformer.feed, events))
    assert sorted(given.split(b"\n\n")) == sorted(b"".join(events).split(b"\n\n"))
