"""The React example in a real Chromium: its endpoint, its hook, and what people see."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from serving import DONE, HEAD, Upstream, event, piece, serving, until, wait_for_close
from support.chromium import Visit, chromium, needs_chromium
from support.react import EXAMPLE, PAGE, RECIPE, build, example

import wholejson
from wholejson.replay import Replay

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("example") / "react")


@pytest.fixture
def served(built: Path) -> Iterator[Callable[[str], str]]:
    """Serve the example in front of a provider; give its address."""
    with ExitStack() as stack:
        yield lambda provider: stack.enter_context(example(built, provider))


def test_the_object_grows_on_the_screen_to_the_whole_of_it(
    browser: Browser, served: Callable[[str], str]
) -> None:
    with serving(Replay([json.dumps(RECIPE)], pace=0.05)) as provider, Visit(browser) as visit:
        page = visit.page
        page.goto(served(provider))
        page.get_by_role("button", name="Cook").click()
        article = page.get_by_role("article")
        expect(article.get_by_role("heading")).to_contain_text("Spagh")
        assert "true" == article.get_attribute("aria-busy")
        assert 0 == article.locator("ol li").count()
        expect(article.locator("ol li").first).to_be_visible()
        assert "true" == article.get_attribute("aria-busy")
        expect(page.get_by_role("status")).to_have_text("Done")
        assert "false" == article.get_attribute("aria-busy")
        assert RECIPE["steps"] == article.locator("ol li").all_inner_texts()
        assert [f"{each['name']} {each['amount']}" for each in RECIPE["ingredients"]] == [
            re.sub(r"\s+", " ", text) for text in article.locator("ul li").all_inner_texts()
        ]
        assert "20 minutes vegetarian" == re.sub(
            r"\s+", " ", article.locator(".facts").inner_text()
        )
        assert [] == visit.complaints


def test_stopping_keeps_what_is_shown_and_ends_the_models_work(
    browser: Browser, served: Callable[[str], str]
) -> None:
    def hold(connection: Any) -> None:
        connection.sendall(HEAD + piece(event('{"title": "Half a re')))
        wait_for_close(connection)

    with Upstream(hold) as upstream, Visit(browser) as visit:
        visit.page.goto(served(upstream.url))
        visit.page.get_by_role("button", name="Cook").click()
        expect(visit.page.get_by_role("heading", level=2)).to_have_text("Half a re")
        assert not upstream.closed_at
        visit.page.get_by_role("button", name="Stop").click()
        until(lambda: upstream.closed_at)
        expect(visit.page.get_by_role("button", name="Cook")).to_be_visible()
        expect(visit.page.get_by_role("heading", level=2)).to_have_text("Half a re")
        expect(visit.page.get_by_role("status")).to_have_text("")


def test_an_error_is_told_and_what_was_shown_stays(
    browser: Browser, served: Callable[[str], str]
) -> None:
    def breaks(connection: Any) -> None:
        connection.sendall(HEAD + piece(event('{"title": "Half a re')))
        time.sleep(0.3)

    with Upstream(breaks) as upstream, Visit(browser) as visit:
        visit.page.goto(served(upstream.url))
        visit.page.get_by_role("button", name="Cook").click()
        expect(visit.page.get_by_role("status")).to_contain_text("It failed: ")
        expect(visit.page.get_by_role("heading", level=2)).to_have_text("Half a re")


def test_an_answer_that_was_cut_off_says_so(browser: Browser, served: Callable[[str], str]) -> None:
    def cut(connection: Any) -> None:
        connection.sendall(
            HEAD + piece(event('{"title": "Half a re', "length") + DONE) + b"0\r\n\r\n"
        )

    with Upstream(cut) as upstream, Visit(browser) as visit:
        visit.page.goto(served(upstream.url))
        visit.page.get_by_role("button", name="Cook").click()
        expect(visit.page.get_by_role("status")).to_have_text("The answer was cut off")


def test_the_page_is_in_order_for_everybody(browser: Browser, served: Callable[[str], str]) -> None:
    with serving(Replay([json.dumps(RECIPE)])) as provider:
        home = served(provider)
        for scheme, width in (("light", 1440), ("dark", 390)):
            with Visit(
                browser, viewport={"width": width, "height": 844}, color_scheme=scheme
            ) as visit:
                visit.page.goto(home)
                expect(visit.page.get_by_role("button", name="Cook")).to_be_visible()
                visit.page.keyboard.press("Tab")
                visit.page.keyboard.press("Enter")
                expect(visit.page.get_by_role("status")).to_have_text("Done")
                assert [] == visit.violations()
                assert not visit.overflows()


def test_the_code_of_the_page_is_that_of_the_example() -> None:
    """Each line of the Python block, but for what it leaves out, stands in the example."""
    block = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert block
    server = (EXAMPLE / "server.py").read_text("utf-8")
    lines = [line.strip() for line in block[1].splitlines() if line.strip() and "…" not in line]
    assert len(lines) > 8
    assert [] == [line for line in lines if line.removesuffix(":") not in server]
    assert (Path(wholejson.__file__).parent / "js" / "read-stream.mjs").is_file()
