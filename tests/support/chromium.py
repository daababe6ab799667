"""A real Chromium, for the tests of what people see."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "tests" / "js" / "node_modules" / "axe-core" / "axe.min.js"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None,
    reason="no Chromium: `apt install chromium` (Debian), or name one with CHROMIUM=…",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the machine's Chromium, without a window; none is downloaded."""
    with sync_playwright() as playwright:
        # As root, as in a container, its sandbox cannot be set up.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


class Visit:
    """A page that is looked at, and all that it complained of or asked for."""

    def __init__(self, browser: Browser, **options: Any) -> None:
        self.context: BrowserContext = browser.new_context(**options)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def __enter__(self) -> Visit:  # noqa: PYI034 - Self is not in Python 3.10
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    def violations(self) -> list[str]:
        """What axe-core finds wrong for people who cannot see, or use no mouse."""
        if not AXE.is_file():
            pytest.fail(
                f"axe-core is missing: run `npm install` in {AXE.parents[2]}, or `make test`"
            )
        self.page.evaluate(AXE.read_text("utf-8"))
        found = self.page.evaluate(
            "() => axe.run(document, {resultTypes: ['violations']})"
            ".then(result => result.violations.map("
            "each => [each.id, ...each.nodes.map(node => node.target.join(' '))].join(' ')))"
        )
        return list(found)

    def overflows(self) -> bool:
        """Whether the page is wider than its window."""
        return bool(self.page.evaluate("() => document.documentElement.scrollWidth > innerWidth"))
