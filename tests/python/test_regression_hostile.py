"""Texts that once broke a promise."""

from __future__ import annotations

import json
import time

import pytest

import wholejson


def read(text: str, step: int | None = None, **options: object) -> wholejson.Aggregator:
    reader = wholejson.Aggregator(**options)  # type: ignore[arg-type]
    for at in range(0, len(text), step or len(text)):
        reader.feed(text[at : at + (step or len(text))])
    reader.finish()
    return reader


def test_a_list_in_braces_gets_no_members_behind_its_end() -> None:
    reader = read('{1, 2}, "c": 3}')
    assert reader.snapshot() == "[1, 2]"
    assert reader.trailing == 7


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1' + "".join(f'}}, "k{at}": 2' for at in range(400)) + '}, "a": 9}',
        '["' + "x" * 100_000 + '"' + ', {"a": 1, "c": [1}, "a": 2}' * 40 + "]",
        '{"a": f({"a": 1, "c": [1}, "a": 3})}',
    ],
    ids=["many early ends", "many wrong brackets in a long text", "in a call"],
)
@pytest.mark.parametrize("step", [None, 7])
def test_no_member_is_replaced_however_many_brackets_are_repaired(
    text: str, step: int | None
) -> None:
    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    json.loads(read(text, step).snapshot() or "", object_pairs_hook=once)


@pytest.mark.parametrize(
    ("before", "repeated", "options"),
    [
        ("", "<a ", {}),
        ("", '"', {}),
        ("{", '"a', {}),
        ('{"a": "', "\t", {}),
        ('{"a": 1, ', "a ", {}),
        ("[" * 20_000, ")", {"limits": wholejson.Limits(depth=1 << 20)}),
    ],
    ids=[
        "tags without an end",
        "quotes before the document",
        "quotes in a key",
        "tabs in a string",
        "words where a key should be",
        "brackets that fit nowhere",
    ],
)
def test_a_long_delta_takes_linear_time(
    before: str, repeated: str, options: dict[str, wholejson.Limits]
) -> None:
    def seconds(times: int) -> float:
        reader = wholejson.Aggregator(**options)
        reader.feed(before)
        began = time.process_time()
        reader.feed(repeated * times)
        return time.process_time() - began

    short = min(seconds(2_000) for _ in range(3))
    assert seconds(32_000) < 80 * short + 0.05


@pytest.mark.parametrize(("before", "delta"), [("x {", "\\n"), ("x [{", " ")])
def test_many_deltas_take_linear_time_where_a_document_may_begin(before: str, delta: str) -> None:
    def seconds(times: int) -> float:
        reader = wholejson.Aggregator()
        reader.feed(before)
        began = time.process_time()
        for _ in range(times):
            reader.feed(delta)
        return time.process_time() - began

    short = min(seconds(3_000) for _ in range(3))
    assert seconds(24_000) < 24 * short + 0.05


@pytest.mark.parametrize("text", ["null", "-1.5", "-1.5e+9", "-1.56e+9"])
def test_only_digits_count_as_digits_of_a_root(text: str) -> None:
    def outcome(*, repair: bool) -> tuple[str | None, str | None]:
        limits = wholejson.Limits(digits=3)
        reader = wholejson.Aggregator(root="any", repair=repair, limits=limits)
        try:
            reader.feed(text)
            reader.finish()
        except wholejson.Error as error:
            return reader.snapshot(), error.kind
        return reader.snapshot(), None

    assert outcome(repair=True) == outcome(repair=False)


def test_the_column_in_an_escaped_document_does_not_depend_on_the_cuts() -> None:
    text = '{\\"a\\": /*é→&'

    def column(step: int) -> int | None:
        with pytest.raises(wholejson.NoJSONError) as caught:
            read(text, step)
        return caught.value.column

    assert column(1) == column(len(text)) == 12


ROLE = b'{"choices":[{"index":0,"delta":{"role":"a"}},{"index":1,"delta":{"role":"a"}}]}'
MIXED = b'{"choices":[{"index":0,"delta":{"role":"a"}},{"index":1,"delta":{"content":"[1,"}}]}'
NEXT = b'{"choices":[{"index":0,"delta":{"x":1}},{"index":1,"delta":{"x":1}}]}'
FIRST = b'{"choices":[{"index":2,"delta":{"content":"[1,"}}]}'


@pytest.mark.parametrize("held", [ROLE, MIXED])
@pytest.mark.parametrize("comment", [b"", b": c\r\n"])
def test_a_line_end_cut_in_two_goes_wherever_its_block_goes(held: bytes, comment: bytes) -> None:
    events = [b"data: " + FIRST, comment + b"data: " + held, b"data: " + NEXT, b"data: [DONE]"]
    stream = b"".join(event + b"\r\n\r\n" for event in events)

    def sent(step: int) -> bytes:
        transformer = wholejson.ChunkTransformer(choices=3)
        parts = [stream[at : at + step] for at in range(0, len(stream), step)]
        return b"".join(map(transformer.feed, parts)) + transformer.finish()

    assert sent(1) == sent(len(stream))
