"""Promise 7, what reading costs, and promise 10, what bounds it."""

from __future__ import annotations

import json
import time
import tracemalloc

import pytest
from conftest import DATA
from reading import one_by_one, read

import wholejson

PERSON = '{"name": "Jöhn Doe", "age": 30, "tags": ["a", "é🚀", ""], "ok": true, "o": {}}'


class Test7Linear:
    """A delta costs its own length, whatever the length of the document."""

    @pytest.mark.parametrize(
        ("head", "unit"),
        [('["', "aaaa"), ('["', "é日"), ('["', "\\n"), ("[0", ",1"), ('{"', "key "), ("", "    ")],
    )
    def test_time_grows_with_the_text_and_not_with_its_square(self, head, unit):
        def took(count: int) -> float:
            best = float("inf")
            for _ in range(3):
                aggregator = wholejson.Aggregator(repair=False)
                aggregator.feed(head)
                began = time.perf_counter()
                for _ in range(count):
                    aggregator.feed(unit)
                best = min(best, time.perf_counter() - began)
            return best

        ratio = float("inf")
        for _ in range(3):  # a busy machine may disturb one measurement, but not three
            ratio = min(ratio, took(40_000) / took(10_000))
        assert ratio < 9

    def test_feeding_and_dropping_leaves_no_python_objects(self):
        def stream(text: str) -> None:
            aggregator = wholejson.Aggregator(repair=False)
            try:
                for piece in one_by_one(text):
                    aggregator.feed(piece)
                    aggregator.snapshot()
                aggregator.finish()
            except wholejson.Error:
                pass

        texts = [PERSON, PERSON[:40], PERSON + "x", "[[[", '["\\q']
        for text in texts:
            stream(text)
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(200):
            for text in texts:
                stream(text)
        after = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert after - before < 16_384

    def test_depth_does_not_use_the_call_stack(self):
        depth = 200_000
        limits = wholejson.Limits(depth=depth)
        aggregator = wholejson.Aggregator(repair=False, limits=limits)
        aggregator.feed("[" * depth)
        assert aggregator.feed('"x"')
        assert 2 * depth + 3 == len(aggregator.snapshot())
        aggregator.feed("]" * depth)
        assert aggregator.complete


class Test10Bounded:
    """Beyond a limit there is a clear error with its offset, and what was shown stays readable."""

    def test_the_rows_of_the_table(self):
        lines = (DATA / "visible.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [row for row in map(json.loads, lines) if row["promise"] == 10]
        assert rows
        for row in rows:
            reading = read(one_by_one(row["text"]), root=row.get("root", "auto"))
            said = (reading.snapshot, reading.complete, reading.error)
            assert (row["snapshot"], False, row["error"]) == said, row

    @pytest.mark.parametrize(
        ("limit", "text", "offset"),
        [
            ("depth", '["x", ' + "[" * 256, 261),
            ("digits", '["x", ' + "7" * 4301, 4306),
            ("white_space", '["x", ' + " " * (1 << 20) + " ", 5 + (1 << 20)),
            ("document", '["x", "' + "a" * (1 << 26), 1 << 26),
        ],
    )
    def test_each_default_limit_is_told_with_its_place(self, limit, text, offset):
        aggregator = wholejson.Aggregator(repair=False)
        for _ in range(2):
            with pytest.raises(wholejson.LimitError) as caught:
                aggregator.feed(text)
            assert (limit, offset) == (caught.value.kind, caught.value.offset)
            assert aggregator.snapshot().startswith('["x"')
            assert not aggregator.complete

    def test_after_an_error_every_further_call_raises_it_again(self):
        aggregator = wholejson.Aggregator(repair=False)
        for call in (
            lambda: aggregator.feed('["x", !'),
            lambda: aggregator.feed(""),
            aggregator.finish,
        ):
            with pytest.raises(wholejson.InvalidJSONError) as caught:
                call()
            assert ("unexpected_character", 6) == (caught.value.kind, caught.value.offset)
            assert "line 1, column 7" in str(caught.value)
            assert '["x"]' == aggregator.snapshot()
