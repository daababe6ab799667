"""The promises of the library, one group each: a broken promise fails the group of its number.

Those on cost (7) and limits (10) have a file of their own.
"""

from __future__ import annotations

import json
import random

import orjson
import pytest
from conftest import DATA
from documents import document
from reading import exactly, extends, identical, in_pieces, in_two, one_by_one, read

import wholejson

PERSON = '{"name": "J\\u00f6hn Doe", "age": 30, "tags": ["a", "é🚀", ""], "ok": true, "o": {}}'


def documents(count: int) -> list[str]:
    source = random.Random(count)
    return [PERSON, *(document(source) for _ in range(count))]


def rows(promise: int) -> list[dict]:
    lines = (DATA / "visible.jsonl").read_text(encoding="utf-8").splitlines()
    return [row for row in map(json.loads, lines) if row["promise"] == promise]


def check(row: dict) -> None:
    options = {name: row[name] for name in ("root", "style") if name in row}
    for pieces in ([row["text"]], one_by_one(row["text"]), one_by_one(row["text"].encode())):
        reading = read(pieces, end=row.get("ended", False), **options)
        said = (reading.snapshot, reading.complete, reading.error)
        assert (row["snapshot"], row.get("complete", False), row.get("error")) == said, row


class Test1Valid:
    """Every snapshot is a complete RFC 8259 document that the strictest parsers accept."""

    def test_every_snapshot_at_every_cut_is_read_by_strict_parsers(self):
        for text in documents(60):
            for update in read(one_by_one(text)).updates:
                update.encode("utf-8")  # no lone surrogate
                orjson.loads(update)
                exactly(update)

    def test_the_bytes_of_a_snapshot_are_the_text_of_it_in_utf8(self):
        aggregator = wholejson.Aggregator(repair=False)
        for byte in one_by_one(PERSON.encode()):
            aggregator.feed(byte)
            text = aggregator.snapshot()
            assert (text and text.encode()) == aggregator.snapshot_bytes()

    @pytest.mark.parametrize("text", ['["x", NaN]', '["x\n"]', '["x\\ud83d"]', '["x", -Infinity]'])
    def test_what_strict_parsers_refuse_is_never_shown(self, text):
        reading = read(one_by_one(text))
        assert reading.error is not None
        assert reading.updates == ['["x"]']

    @pytest.mark.parametrize("row", rows(1), ids=lambda row: row["name"])
    def test_a_row_of_the_table(self, row):
        check(row)


class Test2Faithful:
    """The last value of a well-formed document is that of json.loads; repair changes nothing."""

    def test_the_last_value_is_that_of_json_loads(self):
        for text in documents(300):
            reading = read([text])
            assert reading.complete
            assert identical(json.loads(text), json.loads(reading.snapshot))
            assert identical(exactly(text), exactly(reading.snapshot))

    def test_repair_treats_a_well_formed_document_no_differently(self):
        source = random.Random(2)
        for text in documents(300):
            pieces = one_by_one(text) if len(text) <= 256 else in_pieces(text, source)
            strict = wholejson.Aggregator(repair=False)
            repairing = wholejson.Aggregator(repair=True)
            for piece in pieces:
                assert strict.feed(piece) == repairing.feed(piece)
                assert strict.snapshot() == repairing.snapshot()
                assert strict.complete == repairing.complete
            assert strict.finish() == repairing.finish()
            assert strict.snapshot() == repairing.snapshot()
            assert (0, 0, []) == (repairing.repair_count, repairing.trailing, repairing.repairs)

    @pytest.mark.parametrize("row", rows(2), ids=lambda row: row["name"])
    def test_a_row_of_the_table(self, row):
        check(row)


class Test3NeverTakenBack:
    """Each value extends the one before."""

    def test_every_update_extends_the_one_before(self):
        for text in documents(60):
            before = None
            for update in read(one_by_one(text)).updates:
                value = exactly(update)
                assert before is None or extends(before, value), (before, update)
                before = value

    def test_what_was_shown_stays_after_an_error_and_after_the_end(self):
        for text in documents(20):
            for at in range(0, len(text), 3):
                growing = read([text[:at]], end=False).snapshot
                for ended in (read([text[:at]]), read([text[:at], "\x00"])):
                    if growing is not None:
                        assert ended.snapshot is not None
                        assert extends(exactly(growing), exactly(ended.snapshot))

    def test_a_repeated_key_is_the_one_exception_and_always_an_update(self):
        aggregator = wholejson.Aggregator(repair=False)
        assert aggregator.feed('{"a": 1, ')
        assert aggregator.feed('"a": 1, ')
        assert aggregator.feed('"a": "x"')
        assert {"a": "x"} == json.loads(aggregator.snapshot())

    @pytest.mark.parametrize("row", rows(3), ids=lambda row: row["name"])
    def test_a_row_of_the_table(self, row):
        check(row)


class Test4UpdatesOnly:
    """Something is given out if and only if the value changed."""

    def test_feed_and_finish_tell_exactly_the_changes(self):
        for text in documents(60):
            aggregator = wholejson.Aggregator(repair=False)
            before = None
            for piece in one_by_one(text[:-1]):
                updated = aggregator.feed(piece)
                assert (before != aggregator.snapshot()) == updated, text
                before = aggregator.snapshot()
            try:
                updated = aggregator.finish()
            except wholejson.NoJSONError:
                updated = False
            assert (before != aggregator.snapshot()) == updated, text

    @pytest.mark.parametrize("delta", ["", b"", " ", '"', "}", " \n"])
    def test_a_delta_without_news_is_no_update(self, delta):
        aggregator = wholejson.Aggregator(repair=False)
        assert aggregator.feed('{"a": "x' if delta in ("", b"", '"') else '{"a": "x"')
        assert not aggregator.feed(delta)

    def test_snapshots_gives_each_update_once(self):
        for text in documents(20):
            expected = read(one_by_one(text)).updates
            assert expected == list(wholejson.snapshots(one_by_one(text), repair=False))


class Test5CutBlind:
    """What is visible after n bytes depends on those bytes alone."""

    def test_every_cut_of_a_document_ends_the_same(self):
        for text in documents(30):
            data = text.encode()
            if len(data) <= 400:
                whole = read([data])
                for pieces in in_two(data):
                    assert whole.outcome == read(pieces).outcome

    def test_every_prefix_is_shown_the_same_in_one_piece_and_byte_by_byte(self):
        for text in documents(15):
            data = text.encode()[:300]
            aggregator = wholejson.Aggregator(repair=False)
            for at in range(len(data)):
                aggregator.feed(data[at : at + 1])
                assert aggregator.snapshot() == read([data[: at + 1]], end=False).snapshot

    def test_half_a_pair_at_the_end_of_a_str_joins_the_next_delta(self):
        aggregator = wholejson.Aggregator(repair=False)
        assert aggregator.feed('["x\ud83d')
        assert '["x"]' == aggregator.snapshot()
        assert aggregator.feed('\ude80"]')
        assert '["x🚀"]' == aggregator.snapshot()

    def test_str_and_bytes_may_follow_each_other(self):
        data = '["é日🚀"]'.encode()
        for at in range(len(data)):
            whole = read([data[:at], data[at:]])
            try:
                mixed = [data[:at].decode(), data[at:]]
            except UnicodeDecodeError:
                continue
            assert whole.outcome == read(mixed).outcome


class Test6AsEarlyAsSafe:
    """Nothing waits longer than the next token."""

    @pytest.mark.parametrize("row", rows(6), ids=lambda row: row["name"])
    def test_a_row_of_the_table(self, row):
        check(row)

    def test_each_character_of_a_string_is_shown_with_its_last_byte(self):
        characters = ["a", "é", "日", "🚀", "\\n", "\\u00e9", "\\ud83d\\ude80", '\\"']
        aggregator = wholejson.Aggregator(repair=False)
        aggregator.feed('["')
        shown = ""
        for character in characters:
            *waiting, last = one_by_one(character.encode())
            for byte in waiting:
                assert not aggregator.feed(byte)
            assert aggregator.feed(last)
            shown += character
            assert f'["{shown}"]' == aggregator.snapshot()

    @pytest.mark.parametrize("value", ["12", "-0.5e3", "true", "null", '""'])
    @pytest.mark.parametrize("space", ["", " ", "\n\t "])
    def test_a_value_that_may_become_another_waits_for_the_next_token(self, value, space):
        for head, tails in (("[", ",]"), ('{"k":', ",}")):
            for tail in tails:
                aggregator = wholejson.Aggregator(repair=False)
                told = [aggregator.feed(piece) for piece in (head, value, space)]
                assert [False] * 3 == told
                assert aggregator.feed(tail)


class Test9HonestEnds:
    """`complete` is true only if the document itself was closed."""

    @pytest.mark.parametrize("row", rows(9), ids=lambda row: row["name"])
    def test_a_row_of_the_table(self, row):
        check(row)

    def test_a_document_is_complete_with_its_last_byte_and_not_before(self):
        for text in documents(40):
            data = text.encode().rstrip()
            assert read([data]).complete
            step = max(1, len(data) // 100)
            assert not any(read([data[:at]]).complete for at in range(0, len(data), step))

    def test_finish_raises_only_if_nothing_was_ever_visible(self):
        for text in documents(20):
            for at in range(0, len(text), 2):
                reading = read([text[:at]])
                assert (reading.snapshot is None) == (reading.error == "no_json")

    def test_a_second_finish_changes_nothing_and_feed_after_it_is_a_usage_error(self):
        aggregator = wholejson.Aggregator(repair=False)
        aggregator.feed('{"a": 12 ')
        assert aggregator.finish()
        assert not aggregator.finish()
        with pytest.raises(wholejson.UsageError):
            aggregator.feed("}")
        assert not aggregator.finish()
        assert ('{"a": 12}', False) == (aggregator.snapshot(), aggregator.complete)

    def test_an_error_after_the_end_makes_a_document_incomplete(self):
        aggregator = wholejson.Aggregator(repair=False)
        aggregator.feed("{}")
        assert aggregator.complete
        with pytest.raises(wholejson.InvalidJSONError):
            aggregator.feed("{}")
        assert not aggregator.complete
