#!/usr/bin/env python3
"""Takes the pictures of web pages that the documentation shows, into a directory.

Needs Chromium, npm's packages of the tests, and Pillow: `make screenshots` installs the latter.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "python")]

from serving import gateway, serving  # noqa: E402 - where the tests are is known only now
from support.chromium import Visit, chromium  # noqa: E402
from support.react import RECIPE, build, example  # noqa: E402

from wholejson.replay import Replay  # noqa: E402

PLAYGROUND = {
    "playground-light": ("light", 1440, 900),
    "playground-dark": ("dark", 1440, 900),
    "playground-narrow": ("light", 390, 844),
}


def main(folder: Path) -> None:
    """Write each picture as WebP."""
    with chromium() as browser:
        with gateway("--replay", "--playground") as running:
            for name, (scheme, width, height) in PLAYGROUND.items():
                size = {"width": width, "height": height}
                with Visit(browser, viewport=size, color_scheme=scheme) as visit:
                    page = visit.page
                    page.goto(running.url.removesuffix("v1"))
                    page.get_by_label("Speed").select_option("60")
                    page.get_by_role("button", name="Start").click()
                    page.locator("#tree").get_by_text("nobody hurries you. Book").wait_for()
                    write(page, folder / f"{name}.webp")
        with (
            tempfile.TemporaryDirectory() as place,
            serving(Replay([json.dumps(RECIPE)], pace=0.02)) as provider,
            example(build(Path(place) / "react"), provider) as url,
            Visit(browser, viewport={"width": 760, "height": 640}) as visit,
        ):
            visit.page.goto(url)
            visit.page.get_by_role("button", name="Cook").click()
            visit.page.get_by_text("Melt the butter with the grated").wait_for()
            write(visit.page, folder / "react.webp")


def write(page: Any, file: Path) -> None:
    """Write what a page shows now."""
    try:
        from PIL import Image
    except ImportError:
        sys.exit("screenshots need Pillow: pip install --group pictures")
    picture = Image.open(io.BytesIO(page.screenshot()))
    picture.convert("RGB").save(file, quality=82, method=6)
    print(f"{file}: {file.stat().st_size:,} bytes", file=sys.stderr)


main(Path(sys.argv[1]))
