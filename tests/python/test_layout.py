"""JSON laid out for people: as `json.dumps` does it, but with the numbers as written."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from wholejson.layout import laid_out

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES, st.sampled_from([(", ", ": "), (",", ":")]), st.booleans())
def test_it_is_laid_out_as_json_dumps_does_it(value, separators, ascii_only):
    text = json.dumps(value, separators=separators, ensure_ascii=ascii_only)
    assert json.dumps(value, indent=2, ensure_ascii=False) == laid_out(text)


def test_numbers_stay_as_they_were_written():
    assert '{\n  "p": 24.90,\n  "q": [\n    1e400\n  ]\n}' == laid_out('{"p": 24.90, "q": [1e400]}')


def test_depth_is_no_matter():
    assert 99_999 == laid_out("[" * 50_000 + "]" * 50_000, indent=0).count("\n") + 1
