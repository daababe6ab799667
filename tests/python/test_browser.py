"""The playground in a real Chromium: what people see, hear and press."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from serving import Gateway, gateway
from support.chromium import Visit, chromium, needs_chromium

pytestmark = needs_chromium

WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
DOCUMENT = {
    "name": "Zoë Doe",
    "age": 30,
    "member": True,
    "nothing": None,
    "tags": ["one", "two"],
    "home": {"street": "Rua 1"},
    "__proto__": "a key",
    "<b>bold</b>": "<img src=x onerror=alert(1)>",
}
TEXT = json.dumps(DOCUMENT, ensure_ascii=False)
PLANTED = "sk-planted-77"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def served() -> Iterator[Gateway]:
    with gateway("--replay", "--playground", "--replay-pace", "0") as running:
        yield running


def home(running: Gateway) -> str:
    return running.url.removesuffix("v1")


@pytest.fixture
def visit(browser: Browser, served: Gateway) -> Iterator[Visit]:
    with Visit(browser, viewport=WIDE) as visit:
        visit.page.goto(home(served))
        yield visit
        assert [] == visit.complaints
        assert [] == [url for url in visit.requests if not url.startswith(home(served))]


def fill(page: Page, document: str, speed: str = "0", mode: str = "snapshot") -> None:
    page.get_by_label("Document, as a model would write it").fill(document)
    page.get_by_label("Speed").select_option(speed)
    page.locator(f"input[name=mode][value={mode}]").check()


def end(page: Page) -> str:
    """Wait until a stream has ended; give what the page says of it."""
    page.locator("#state[data-state=done], #state[data-state=failed]").wait_for()
    return page.locator("#state").inner_text()


def figure(page: Page, name: str) -> str:
    return page.locator(f"#{name}").inner_text()


def tree(page: Page) -> Any:
    """The value that the tree shows."""
    return page.evaluate(
        """() => {
          const read = (item) => {
            const list = item.querySelector(":scope > details > .branches");
            if (!list) return JSON.parse(item.lastElementChild.textContent);
            const pairs = [...list.children].map((child) => [
              child.querySelector(":scope > .key, :scope > details > summary > .key").textContent,
              read(child),
            ]);
            const text = item.querySelector(":scope > details > summary > .count").textContent;
            return text[0] === "[" ? pairs.map(([, each]) => each) : ["object", pairs];
          };
          return JSON.stringify(read(document.querySelector("#tree > .branches > li")));
        }"""
    )


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return ["object", [[key, plain(each)] for key, each in value.items()]]
    return [plain(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("mode", ["snapshot", "paced", "patch"])
def test_a_pasted_document_grows_to_the_whole_object_in_every_mode(visit: Visit, mode: str) -> None:
    page = visit.page
    fill(page, TEXT, mode=mode)
    page.get_by_role("button", name="Start").click()
    assert re.fullmatch(r"Complete: \d+ updates?, no repairs", end(page))
    assert plain(DOCUMENT) == json.loads(tree(page))
    assert "0" == figure(page, "repairs")
    assert re.fullmatch(r"[\d.,]+ k?B", figure(page, "bytes-out"))
    assert re.fullmatch(r"[\d.]+ m?s", figure(page, "first"))
    assert re.fullmatch(r"[\d.]+ m?s|–", figure(page, "pause"))
    shreds = page.locator("#shreds .shred").all_inner_texts()
    assert TEXT == "".join(shreds)
    assert f"of {len(shreds)} shreds" == figure(page, "updates-note")
    last = json.loads(figure(page, "chunk"))
    assert isinstance(last, list if mode == "patch" else dict)


def test_the_form_is_filled_in_and_each_field_has_its_label(visit: Visit) -> None:
    page = visit.page
    fill(page, TEXT)
    page.get_by_role("button", name="Start").click()
    end(page)
    filled = page.locator("#filled")
    expect(filled.get_by_label("Name", exact=True)).to_have_value("Zoë Doe")
    expect(filled.get_by_label("Age")).to_have_value("30")
    expect(filled.get_by_label("Member: yes")).to_be_checked()
    expect(filled.get_by_label("Nothing")).to_have_value("–")
    expect(filled.get_by_role("group", name="Tags").get_by_label("Tags 2")).to_have_value("two")
    expect(filled.get_by_role("group", name="Home").get_by_label("Street")).to_have_value("Rua 1")
    expect(filled.get_by_label("<b>bold</b>")).to_have_value("<img src=x onerror=alert(1)>")
    assert 0 == filled.locator("b, img").count()


def test_an_object_is_seen_growing_before_the_stream_has_ended(visit: Visit) -> None:
    page = visit.page
    fill(page, TEXT, speed="8")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#tree")).to_contain_text('name"Z')
    seen = [page.locator("#tree .branches").first.inner_text() for _ in range(1)]
    assert "streaming" == page.locator("#state").get_attribute("data-state")
    expect(page.locator("#tree")).to_contain_text("membertrue")
    seen.append(page.locator("#tree .branches").first.inner_text())
    assert "streaming" == page.locator("#state").get_attribute("data-state")
    assert 0 < len(seen[0]) < len(seen[1])
    assert 0 < page.locator("#shreds .told").count() < page.locator("#shreds .shred").count()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#state")).to_have_text("Stopped")


def test_patches_and_a_pace_cost_less_on_the_wire_than_all_snapshots(visit: Visit) -> None:
    page, cost = visit.page, {}
    page.get_by_label("Example").select_option("A long report")
    document = page.get_by_label("Document, as a model would write it").input_value()
    for mode in ("snapshot", "paced", "patch"):
        fill(page, document, speed="0", mode=mode)
        page.get_by_role("button", name="Start").click()
        assert end(page).startswith("Complete")
        said = re.search(r"([\d.,]+) ×", figure(page, "events-out"))
        assert said
        cost[mode] = float(said[1].replace(",", ""))
        page.reload()
    assert cost["patch"] < 1.6
    assert cost["snapshot"] > 2 * cost["patch"]
    assert cost["snapshot"] > 2 * cost["paced"]


def test_malformed_text_is_repaired_and_counted_or_refused(visit: Visit) -> None:
    page = visit.page
    page.get_by_label("Example").select_option("Malformed JSON")
    page.get_by_label("Speed").select_option("0")
    page.get_by_role("button", name="Start").click()
    assert re.fullmatch(r"Cut off: \d+ updates, \d+ repairs", end(page))
    assert int(figure(page, "repairs")) > 5
    expect(page.locator("#tree")).to_contain_text('title"Meeting about the \\"new\\" plan"')
    page.get_by_label("Repair malformed text").uncheck()
    page.get_by_role("button", name="Start").click()
    assert "Failed" == end(page)
    expect(page.locator("#error")).to_contain_text("invalid_json")
    expect(page.locator("#tree")).to_contain_text("The object so far")


def test_text_that_holds_no_json_is_told(visit: Visit) -> None:
    fill(visit.page, "I am sorry, I cannot do that.")
    visit.page.get_by_role("button", name="Start").click()
    assert "Failed" == end(visit.page)
    expect(visit.page.locator("#error")).to_contain_text("no_json")


def test_a_document_that_is_too_long_is_refused_with_the_limit(
    browser: Browser, served: Gateway
) -> None:
    with Visit(browser) as visit:
        visit.page.goto(home(served))
        fill(visit.page, json.dumps(["x" * (64 << 10)]))
        expect(visit.page.locator("#document-size")).to_contain_text("at most 65.5 kB here")
        visit.page.get_by_role("button", name="Start").click()
        assert "Failed" == end(visit.page)
        expect(visit.page.locator("#error")).to_contain_text("at most 65,536 bytes")


def test_a_file_can_be_opened(visit: Visit) -> None:
    file = {"name": "a.json", "mimeType": "application/json", "buffer": b'{"from": "a file"}'}
    visit.page.get_by_label("Open a file").set_input_files(file)  # type: ignore[arg-type]
    field = visit.page.get_by_label("Document, as a model would write it")
    expect(field).to_have_value('{"from": "a file"}')


def test_a_prompt_is_sent_to_the_upstream(visit: Visit) -> None:
    page = visit.page
    page.get_by_text("A prompt").click()
    page.get_by_label("Model", exact=True).fill("gpt-4o")
    page.get_by_role("button", name="Start").click()
    assert end(page).startswith("Complete")
    expect(page.locator("#tree")).to_contain_text('email"john.doe@example.com"')
    assert page.get_by_label("Key").is_hidden()


def test_everything_can_be_done_with_the_keyboard(visit: Visit) -> None:
    page = visit.page
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the object")).to_be_focused()
    page.keyboard.press("Tab")
    assert "source" == page.evaluate("() => document.activeElement.name")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label("Model", exact=True)).to_be_visible()
    page.keyboard.press("ArrowLeft")
    reached = set()
    for _ in range(20):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("() => document.activeElement.id || document.activeElement.name"))
        style = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
        opacity = page.evaluate("() => getComputedStyle(document.activeElement).opacity")
        if page.evaluate("() => document.activeElement !== document.body"):
            assert style != "none" or opacity == "0"  # a hidden control's label shows it
    assert {
        "sample", "speed", "document", "file", "mode", "repair", "start", "shreds", "tree",
        "filled", "chunk",
    } <= reached  # fmt: skip
    fill(page, TEXT)
    page.get_by_label("Document, as a model would write it").focus()
    page.keyboard.press("Control+Enter")
    assert end(page).startswith("Complete")
    page.locator("#tree summary").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#tree details").first).not_to_have_attribute("open", "")


def test_only_the_state_and_a_failure_are_announced_and_the_page_has_its_landmarks(
    visit: Visit,
) -> None:
    page = visit.page
    assert ["state", "error"] == page.evaluate(
        "() => [...document.querySelectorAll('[aria-live], [role=status], [role=alert], output')]"
        ".map(each => each.id)"
    )
    for role in ("banner", "main", "contentinfo"):
        assert 1 == page.get_by_role(role).count()  # type: ignore[arg-type]
    names = ["What streams, and how", "Figures", "Shreds", "Whole object", "Filled-in form"]
    for name in names:
        assert page.get_by_role("region", name=name).count() >= 1
    assert "wholejson playground" == page.get_by_role("heading", level=1).text_content()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW, {"width": 320, "height": 640}])
def test_nothing_is_wrong_for_people_who_cannot_see_or_see_less(
    browser: Browser, served: Gateway, scheme: Any, size: Any
) -> None:
    with Visit(browser, viewport=size, color_scheme=scheme) as visit:
        visit.page.goto(home(served))
        assert [] == visit.violations()
        assert not visit.overflows()
        fill(visit.page, TEXT, mode="paced")
        visit.page.get_by_role("button", name="Start").click()
        end(visit.page)
        assert [] == visit.violations()
        assert not visit.overflows()
        fill(visit.page, "no JSON")
        visit.page.get_by_role("button", name="Start").click()
        visit.page.locator("#state[data-state=failed]").wait_for()
        visit.page.get_by_text("A prompt").click()
        assert [] == visit.violations()
        assert not visit.overflows()
        assert [] == visit.complaints


def test_whoever_wants_less_motion_gets_none(browser: Browser, served: Gateway) -> None:
    running = "() => document.getAnimations().length"
    for motion, moving in (("no-preference", True), ("reduce", False)):
        with Visit(browser, reduced_motion=motion) as visit:
            visit.page.goto(home(served))
            fill(visit.page, TEXT, speed="8")
            visit.page.get_by_role("button", name="Start").click()
            expect(visit.page.locator("#state")).to_have_attribute("data-state", "streaming")
            assert moving == bool(visit.page.evaluate(running))


def test_a_key_is_asked_for_where_one_is_wanted_and_stays_in_memory(browser: Browser) -> None:
    with (
        gateway("--replay", "--playground", WHOLEJSON_CLIENT_KEYS=PLANTED) as running,
        Visit(browser) as visit,
    ):
        page = visit.page
        page.goto(home(running))
        expect(page.get_by_label("Key", exact=True)).to_be_visible()
        fill(page, TEXT)
        page.get_by_role("button", name="Start").click()
        assert "Failed" == end(page)
        expect(page.locator("#error")).to_contain_text("invalid_api_key")
        page.get_by_label("Key", exact=True).fill(PLANTED)
        page.get_by_role("button", name="Start").click()
        page.locator("#state[data-state=done]").wait_for()
        assert PLANTED not in page.content()
        stored = "() => [localStorage.length, sessionStorage.length, document.cookie]"
        assert [0, 0, ""] == page.evaluate(stored)
        assert not any(PLANTED in url for url in visit.requests)
        page.reload()
        assert "" == page.get_by_label("Key", exact=True).input_value()
        assert [] == [text for text in visit.complaints if "401" not in text]
    assert PLANTED not in "".join(running.lines)
