#!/usr/bin/env python3
"""Takes the pictures of the playground that the documentation shows, into a directory.

Needs Chromium, and Pillow for files of a sensible size: `pip install pillow`.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "python")]

from serving import gateway  # noqa: E402 - where the tests are is known only now
from support.chromium import Visit, chromium  # noqa: E402

PICTURES = {
    "playground-light": ("light", 1440, 900),
    "playground-dark": ("dark", 1440, 900),
    "playground-narrow": ("light", 390, 844),
}


def main(folder: Path) -> None:
    """Write each picture as WebP."""
    try:
        from PIL import Image
    except ImportError:
        sys.exit("screenshots need Pillow: pip install pillow")
    with gateway("--replay", "--playground") as running, chromium() as browser:
        for name, (scheme, width, height) in PICTURES.items():
            size = {"width": width, "height": height}
            with Visit(browser, viewport=size, color_scheme=scheme) as visit:
                page = visit.page
                page.goto(running.url.removesuffix("v1"))
                page.get_by_label("Speed").select_option("60")
                page.get_by_role("button", name="Start").click()
                page.locator("#tree").get_by_text("nobody hurries you. Book").wait_for()
                picture = Image.open(io.BytesIO(page.screenshot()))
            file = folder / f"{name}.webp"
            picture.convert("RGB").save(file, quality=82, method=6)
            print(f"{file}: {file.stat().st_size:,} bytes", file=sys.stderr)


main(Path(sys.argv[1]))
