"""`Aggregator`: arguments, states and conversions. What is visible when is tested with the core."""

from __future__ import annotations

import sys

import pytest

import wholejson


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"root": "list"}, ValueError, ["root", '"auto", "object", "array", "any"', '"list"']),
        ({"root": 1}, TypeError, ["root", '"auto", "object", "array", "any"', "int"]),
        ({"style": "wide"}, ValueError, ["style", '"spaced", "compact"', '"wide"']),
        ({"style": b"spaced"}, TypeError, ["style", "bytes"]),
        ({"repair": 1}, TypeError, ["repair", "True or False", "int"]),
        ({"limits": {"depth": 3}}, TypeError, ["limits", "wholejson.Limits or None", "dict"]),
        ({"roots": "auto"}, TypeError, ["roots"]),
    ],
)
def test_a_wrong_option_is_named_with_what_is_allowed(options, error, words):
    with pytest.raises(error) as caught:
        wholejson.Aggregator(**options)
    assert [] == [word for word in words if word not in str(caught.value)]


def test_options_are_keyword_only():
    with pytest.raises(TypeError):
        wholejson.Aggregator("auto")


@pytest.mark.parametrize("delta", [None, 3, ["{"], object()])
def test_a_delta_that_is_no_text_is_a_type_error(delta):
    with pytest.raises(TypeError, match="str, bytes, bytearray or memoryview"):
        wholejson.Aggregator().feed(delta)


@pytest.mark.parametrize("word", ["lorem ", "läuft ", "日本語", "rocket 🚀 ", "\\n\\u00e9"])
def test_snapshots_as_str_and_as_bytes_say_the_same_at_every_step(word):
    document = wholejson.Aggregator()
    kept = []
    for delta in ['{"a": "', *[word] * 50, '", "b": [', "1", ", ", "2", '], "c": "', word, '"}']:
        document.feed(delta)
        text = document.snapshot()
        assert text == (None if text is None else document.snapshot_bytes().decode())
        kept.append((text, text and len(text)))
    document.finish()
    assert document.snapshot() == document.snapshot() == document.snapshot_bytes().decode()
    # Snapshots that were given out are never changed afterwards.
    assert [length for _, length in kept] == [text and len(text) for text, _ in kept]
    assert kept[-1][0] == document.snapshot()


def test_a_snapshot_of_a_closed_document_stays_what_it_was_when_the_stream_goes_on():
    document = wholejson.Aggregator()
    document.feed('{"a": 1}')
    whole = document.snapshot()
    document.feed("\n ")
    assert document.snapshot() == whole == '{"a": 1}'


def test_its_repr_says_where_it_stands():
    document = wholejson.Aggregator(repair=False)
    assert repr(document) == "<Aggregator 0 bytes visible, complete=False, repairs=0>"
    document.feed('{"a": "b"}')
    assert repr(document) == "<Aggregator 10 bytes visible, complete=True, repairs=0>"
    with pytest.raises(wholejson.InvalidJSONError):
        document.feed("x")
    assert repr(document) == "<Aggregator 10 bytes visible, error='trailing_text', repairs=0>"


def test_what_was_repaired_is_told():
    document = wholejson.Aggregator()
    document.feed('{"a": 1,}')
    document.finish()
    [repair] = document.repairs
    assert document.repair_count == 1
    assert 7 <= repair.offset <= 8
    assert f"Repair(kind='{repair.kind}', offset={repair.offset}, description=" in repr(repair)
    assert repair == document.repairs[0]
    assert hash(repair) == hash(document.repairs[0])
    assert document.snapshot() == '{"a": 1}'


def test_text_after_the_document_is_counted():
    document = wholejson.Aggregator()
    document.feed('{"a": 1} and so on')
    document.finish()
    assert document.trailing > 0


def test_half_a_surrogate_pair_joins_the_next_delta():
    document = wholejson.Aggregator(repair=False)
    document.feed('["\ud83d')
    document.feed('\ude80"]')
    document.finish()
    assert document.snapshot() == '["🚀"]'


def test_half_a_surrogate_pair_alone_is_an_error_or_a_repair():
    with pytest.raises(wholejson.InvalidJSONError) as caught:
        wholejson.Aggregator(repair=False).feed('["\ud83dx"]')
    assert caught.value.kind == "lone_surrogate"
    document = wholejson.Aggregator()
    document.feed('["\ud83dx"]')
    assert document.snapshot() == '["\ufffdx"]'
    assert document.repair_count == 1


@pytest.mark.parametrize("form", [bytes, bytearray, memoryview])
def test_bytes_may_be_cut_inside_a_code_point(form):
    document = wholejson.Aggregator()
    for byte in '["é漢🚀"]'.encode():
        document.feed(form(bytes([byte])))
    assert document.snapshot() == '["é漢🚀"]'


def test_a_bytearray_that_changes_afterwards_changes_nothing():
    document = wholejson.Aggregator()
    delta = bytearray(b'["abc')
    document.feed(delta)
    delta[:] = b"xxxxx"
    assert document.snapshot() == '["abc"]'


def test_errors_leak_no_references():
    class Text(str):
        __slots__ = ()

    text = Text('["\ud83dx"]')
    before = sys.getrefcount(text)
    for _ in range(100):
        with pytest.raises(wholejson.InvalidJSONError):
            wholejson.Aggregator(repair=False).feed(text)
    assert before == sys.getrefcount(text)
