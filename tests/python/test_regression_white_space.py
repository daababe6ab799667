"""White space without end after a string is an error at the limit, with repair as without it."""

from __future__ import annotations

import pytest

import wholejson


@pytest.mark.parametrize("repair", [True, False])
@pytest.mark.parametrize("before", ['{"a": "x"', '{"a": "x",', '["x"', '["x",', "{", '{"a": 1,'])
def test_white_space_without_end_is_an_error_at_the_limit(before: str, repair: bool) -> None:
    reader = wholejson.Aggregator(repair=repair, limits=wholejson.Limits(white_space=10_000))
    reader.feed(before)
    spaces = " " * 1000
    for _ in range(9):
        reader.feed(spaces)
    with pytest.raises(wholejson.LimitError) as caught:
        reader.feed(spaces * 10)
    assert "white_space" == caught.value.kind
    assert len(before) + 10_000 == caught.value.offset
