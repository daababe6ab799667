"""`Aggregator`: arguments, states and conversions. What is visible when is tested with the core."""

from __future__ import annotations

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
