"""models(): pydantic models as a document grows, the last one validated in full."""

from __future__ import annotations

import asyncio
import datetime
import enum
import subprocess
import sys
from typing import Annotated, Literal, Optional, Union

import pytest
from reading import one_by_one
from test_objects import CHUNKS, sdk

import wholejson

pydantic = pytest.importorskip("pydantic")
from pydantic import BaseModel, ConfigDict, Field, RootModel, field_validator  # noqa: E402


class Size(enum.Enum):
    SMALL = "small"
    LARGE = "large"


class Item(BaseModel):
    name: Annotated[str, Field(min_length=3)]
    when: datetime.date
    size: Size = Size.SMALL
    items: list[Item] = []


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: str = Field(alias="Title")
    items: list[Item]
    first: Optional[Item] = None  # noqa: UP045  both forms are seen
    tags: dict[str, Literal["red", "green"]] = {}

    @field_validator("title")
    @classmethod
    def _short(cls, title: str) -> str:
        assert len(title) < 20, "too long a title"
        return title


DOCUMENT = """{"Title": "An order", "items": [{"name": "bolt", "when": "2026-11-23",
"size": "large", "items": [{"name": "nut", "when": "2026-11-24"}]}],
"first": {"name": "bolt", "when": "2026-11-23"}, "tags": {"a": "red", "b": "green"}}"""


def test_a_schema_and_pointers_hold_values_back():
    schema = Order.model_json_schema()
    partial = list(wholejson.models(one_by_one(DOCUMENT), Order, schema=schema))
    tags = [each.tags for each in partial if each.tags]
    assert [{"a": "red"}, {"a": "red", "b": "green"}] == tags[:2]
    dates = [each.items[0].when for each in partial if each.items and each.items[0].when]
    assert {datetime.date(2026, 11, 23)} == set(dates)
    whole = wholejson.models(one_by_one(DOCUMENT), Order, whole=["/Title"])
    assert {None, "An order"} >= {each.title for each in whole}


def test_the_last_model_is_validated_in_full_and_all_before_are_partial():
    *partial, last = wholejson.models(one_by_one(DOCUMENT), Order)
    assert last == Order.model_validate_json(DOCUMENT)
    assert type(last) is Order
    assert all(type(each).__name__ == "PartialOrder" for each in partial)
    titles = [each.title for each in partial]
    assert titles[:4] == ["A", "An", "An ", "An o"]
    assert titles[-1] == "An order"
    whole = partial[-1].model_dump(by_alias=True, exclude_unset=True, mode="json")
    assert whole == last.model_dump(by_alias=True, exclude_unset=True, mode="json")


def test_a_field_is_none_while_it_is_missing_and_until_it_has_its_type():
    seen = []
    for each in wholejson.models(one_by_one(DOCUMENT), Order):
        item = each.items[0] if each.items else None
        seen.append((item.name, item.when, item.size) if item else None)
    order = list(dict.fromkeys(seen))
    day = datetime.date(2026, 11, 23)
    assert (
        order
        == [
            None,
            ("b", None, None),
            ("bo", None, None),
            ("bol", None, None),
            ("bolt", None, None),
            ("bolt", day, None),
            ("bolt", day, Size.LARGE),
            ("bolt", day, Size.LARGE),
        ][:-1]
    )


def test_a_member_that_is_growing_hides_no_other_one():
    tags = [each.tags for each in wholejson.models(one_by_one(DOCUMENT), Order)]
    first = next(at for at, each in enumerate(tags) if each)
    assert tags[first] == {"a": "red"}
    assert all(each and each["a"] == "red" for each in tags[first:])
    assert tags[-1] == {"a": "red", "b": "green"}


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Cow(BaseModel):
    kind: Literal["cow"]
    lives: int


class Zoo(BaseModel):
    animals: list[Annotated[Union[Cat, Cow], Field(discriminator="kind")]]


def test_members_of_a_union_are_told_apart_by_their_literals():
    text = '{"animals": [{"kind": "cow", "lives": 1}, {"kind": "cat", "lives": 9}]}'
    *partial, last = wholejson.models(one_by_one(text), Zoo)
    assert last == Zoo.model_validate_json(text)
    kinds = [[type(animal).__name__ for animal in each.animals or []] for each in partial]
    assert {tuple(each) for each in kinds} == {(), ("PartialCow",), ("PartialCow", "PartialCat")}


def test_a_root_model_may_be_a_list():
    class Items(RootModel[list[Item]]):
        pass

    *partial, last = wholejson.models(['[{"name": "bolt"', ', "when": "2026-11-23"}', "]"], Items)
    assert [each.root[0].name for each in partial] == ["bolt", "bolt"]
    assert last.root == [Item(name="bolt", when=datetime.date(2026, 11, 23))]


def test_chunks_of_the_sdk_sync_and_async():
    class Person(BaseModel):
        name: str
        tags: list[float]

    async def asynchronous():
        for each in sdk(CHUNKS):
            yield each

    async def collect():
        return [each async for each in wholejson.models(asynchronous(), Person)]

    for seen in (list(wholejson.models(sdk(CHUNKS), Person)), asyncio.run(collect())):
        assert [each.name for each in seen] == ["J", "John", "John", "John", "John"]
        assert seen[-1] == Person(name="John", tags=[1, 2.5])


def test_a_document_that_is_no_model_raises_what_pydantic_raises_at_the_end():
    models = wholejson.models(['{"Title": "a title that is too long", "it'], Order)
    assert next(models).title == "a title that is too long"
    with pytest.raises(pydantic.ValidationError) as caught:
        next(models)
    assert {error["loc"] for error in caught.value.errors()} == {("Title",), ("items",)}
    with pytest.raises(pydantic.ValidationError):
        list(wholejson.models(["[1, 2]"], Order))
    with pytest.raises(wholejson.NoJSONError):
        list(wholejson.models(["no"], Order))


def test_what_is_no_model_class_is_refused_at_once():
    for wrong in (dict, Order.model_construct(), None):
        with pytest.raises(TypeError, match="model class"):
            wholejson.models([], wrong)


def test_without_pydantic_the_error_says_how_to_install_it():
    code = (
        "import sys; sys.modules['pydantic'] = None\n"
        "import wholejson\n"
        "try: wholejson.models([], object)\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'wholejson[pydantic]'" in done.stdout


def test_what_is_no_stream_is_refused_in_the_name_of_what_was_called():
    class User(pydantic.BaseModel):
        name: str

    with pytest.raises(
        TypeError, match=r"^models\(\) takes an iterable or async iterable, not one"
    ):
        wholejson.models("{}", User)
    with pytest.raises(
        TypeError, match=r"^values\(\) takes an iterable or async iterable, not one"
    ):
        wholejson.values("{}")
