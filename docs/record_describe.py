"""Draw the pictures of docs/describe.md: parts of the page about the demo's flights, as Chromium shows them.

python docs/record_describe.py
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import hagane
from hagane.fronts.demo_data import QUERY, unpack_flights

TITLE = "Flights from New York in 2013"
WIDTH, HEIGHT = 1180, 2400
"""Of the window; what is below the last line of the page is cut off."""
PARTS = {
    "columns": "header{display:block}.columns>:nth-child(n+9){display:none}nav{display:none!important}",
    "correlations": ".card:has(details){display:none}",
    "shapes": ".plots>:nth-child(n+7){display:none}",
}
"""A section of the page → what else is shown or hidden of it."""


def main() -> None:
    """Describe the flights once, and draw each part."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("no Chromium is installed to draw with")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        flights = unpack_flights(folder / "flights")
        page = hagane.describe(QUERY.format(folder=flights), label="late").to_html(title=TITLE)
        for part, style in PARTS.items():
            draw(browser, part_alone(page, part, style), folder).save(
                Path(__file__).with_name(f"describe_{part}.png"), optimize=True
            )


def part_alone(page: str, part: str, style: str) -> str:
    """The page with one of its sections only."""
    hidden = f"header,footer,section.part{{display:none}}#{part}{{display:block;margin:0}}main{{padding:12px 20px}}"
    return page.replace("</style>", f"{hidden}{style}</style>", 1)


def draw(browser: str, page: str, folder: Path) -> Image.Image:
    """The page in light colours, without the empty ground below it."""
    (folder / "page.html").write_text(page, encoding="utf-8")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
               f"--screenshot={folder / 'page.png'}", f"--window-size={WIDTH},{HEIGHT}",
               f"--user-data-dir={folder / 'profile'}", (folder / "page.html").as_uri()]  # fmt: skip
    subprocess.run(command, capture_output=True, timeout=90, check=True)
    picture = Image.open(folder / "page.png").convert("RGB")
    pixels = np.asarray(picture)
    drawn = np.flatnonzero((pixels != pixels[-1, 0]).any(axis=(1, 2)))
    return picture.crop((0, 0, picture.width, int(drawn[-1]) + 16))


if __name__ == "__main__":
    main()
