"""The page at `/`: what it holds, and what a real browser does with it."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import msgspec
import pytest

from hagane.bundle.bundle import Bundle
from hagane.serving import ServerThread

HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
NASTY = '"><script>alert(1)</script>'


def test_a_browser_gets_the_page_and_a_program_json(client: httpx.Client) -> None:
    page, index = client.get("/", headers=HTML), client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert index.json()["protocols"]["vertex"]
    assert {page.headers["vary"], index.headers["vary"]} == {"Accept"}
    assert "default-src 'none'" in page.headers["content-security-policy"]


class Seen(HTMLParser):
    """The elements with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


def test_the_form_is_the_signatures(client: httpx.Client, flights: Bundle) -> None:
    seen = Seen(client.get("/", headers=HTML).text)
    controls = {each["data-name"]: each for _, each in seen.elements if "data-name" in each}
    assert list(controls) == list(flights.signature.names)
    assert [each["data-type"] for each in controls.values()] == [column.type for column in flights.signature.inputs]
    assert (controls["age"]["value"], controls["seen"]["value"]) == ("40", "2013-01-01T05:00:00Z")
    labelled = {each["for"] for tag, each in seen.elements if tag == "label" and "for" in each}
    assert {each["id"] for each in controls.values()} == labelled
    outside = [each for _, each in seen.elements for name in ("src", "href") if (each.get(name) or "/")[0] != "/"]
    assert outside == []


def test_names_and_values_are_text(flights: Bundle) -> None:
    inputs = (msgspec.structs.replace(flights.signature.inputs[2], name=NASTY), *flights.signature.inputs[3:])
    signature = msgspec.structs.replace(flights.signature, inputs=inputs, model_name=NASTY, example={NASTY: NASTY})
    from hagane.serving.served_model import ServedModel
    from hagane.serving.try_page import try_page

    class Named:
        """Enough of a bundle for the page: its graph would not fit this signature."""

    bundle: Any = Named()
    bundle.signature, bundle.name, bundle.manifest = signature, NASTY, flights.manifest
    page = try_page(ServedModel(bundle, protocols=("vertex",)))
    assert NASTY not in page
    assert page.count("<script>") == 1


def test_faults_come_with_their_fields(client: httpx.Client) -> None:
    refused = client.post("/page/predict", json={"instances": [{"age": "x", "fare": True}], "y": 1})
    assert refused.status_code == 400
    faults = refused.json()["faults"]
    assert [each["where"] for each in faults] == ["", "instances[0].age", "instances[0].fare"]
    assert "is not an INT64" in faults[1]["text"]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a headless Chromium's debugger."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        pytest.skip("no Chromium is installed: the page is not seen by a real browser")
    profile = tmp_path_factory.mktemp("chromium")
    command = [found, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--no-proxy-server"]
    process = subprocess.Popen([*command, f"--user-data-dir={profile}"], stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if listening := re.search(r"ws://(\S+?)/", line):
                yield listening[1]
                break
        else:
            pytest.skip("Chromium did not start")
    finally:
        process.kill()
        process.communicate()


async def look(browser: str, url: str, *scripts: str, width: int = 1100, dark: bool = False) -> list[Any]:
    """What the scripts give, one after another, in a page of that width at `url`; each may be a promise."""
    results = []
    async with aiohttp.ClientSession() as session:
        async with session.put(f"http://{browser}/json/new?about:blank") as opened:
            debugger = (await opened.json(content_type=None))["webSocketDebuggerUrl"]
        async with session.ws_connect(debugger) as socket:

            async def command(method: str, **parameters: Any) -> Any:
                await socket.send_json({"id": 1, "method": method, "params": parameters})
                while (answer := await socket.receive_json(timeout=30)).get("id") != 1:
                    pass
                return answer["result"]

            size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
            await command("Emulation.setDeviceMetricsOverride", **size)
            scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
            await command("Emulation.setEmulatedMedia", features=scheme)
            await command("Page.navigate", url=url)
            for script in (PREDICTED, *scripts):
                told = await command("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
                assert "exceptionDetails" not in told, told
                results.append(told["result"].get("value"))
    return results[1:]


PREDICTED = """new Promise((done, failed) => { const began = Date.now(); (function look() {
  const shown = document.querySelector("#answer .answer, #answer .fault");
  if (shown) done(shown.textContent);
  else if (Date.now() - began > 20000) failed("nothing was shown");
  else setTimeout(look, 20) })() })"""
FILL = """(() => { const field = document.querySelector('[data-name="%s"]'); field.value = '%s';
  document.getElementById("answer").replaceChildren(); field.form.requestSubmit() })()"""


@pytest.mark.slow
def test_a_person_fills_the_form_and_sees_the_prediction(browser: str, flights: Bundle) -> None:
    text = "document.getElementById('answer').textContent"
    with ServerThread(flights) as server:
        url = server.url
        shown = asyncio.run(
            look(browser, server.url, text, FILL % ("age", "10"), PREDICTED, FILL % ("age", "3.5"), PREDICTED,
                 "document.activeElement.dataset.name + ' ' + document.activeElement.getAttribute('aria-invalid')",
                 FILL % ("age", "9223372036854775808"), PREDICTED, FILL % ("age", ""), PREDICTED,
                 "document.getElementById('curl').textContent")
        )  # fmt: skip
    assert "yes" in shown[0]
    assert "0.650" in shown[0]
    assert flights.predict([{"age": 10, "job": "pilot"}]).rows()[0]["predicted_late"] == shown[2] == "no"
    assert "not an INT64" in shown[4]
    assert shown[5] == "age true"
    assert "received 9223372036854775808" in shown[7]
    assert shown[9] == "no"
    assert f"curl -s {url}/predict" in shown[10]


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True])
def test_it_fits_a_small_phone_in_light_and_dark(browser: str, flights: Bundle, dark: bool) -> None:
    measure = """(() => { const luminance = text => { const [r, g, b] = text.match(/[0-9.]+/g).map(Number).map(each =>
      each / 255).map(each => each <= .03928 ? each / 12.92 : ((each + .055) / 1.055) ** 2.4);
      return .2126 * r + .7152 * g + .0722 * b };
    const contrast = each => { const style = getComputedStyle(each), a = luminance(style.color),
      b = luminance(style.backgroundColor); return (Math.max(a, b) + .05) / (Math.min(a, b) + .05) };
    return [document.documentElement.scrollWidth, contrast(document.body), contrast(document.querySelector("button")),
      contrast(document.querySelector("input[type=text]")), document.querySelector("button").offsetHeight,
      luminance(getComputedStyle(document.body).backgroundColor)] })()"""
    with ServerThread(flights) as server:
        ((width, body, button, field, height, ground),) = asyncio.run(
            look(browser, server.url, measure, width=320, dark=dark)
        )
    assert width <= 320
    assert min(body, button, field) >= 4.5
    assert height >= 44
    assert (ground < 0.1) == dark


WHY = """new Promise((done, failed) => { const began = Date.now(); (function look() {
  const bars = [...document.querySelectorAll("#why .bars > span:not(.bar)")];
  const narrow = document.documentElement.scrollWidth <= innerWidth;
  if (bars.length) done([document.querySelector("#why h3").textContent, narrow, ...bars.map(each => each.textContent)]);
  else if (Date.now() - began > 20000) failed("nothing was explained");
  else setTimeout(look, 20) })() })"""


@pytest.mark.slow
def test_the_page_says_why(browser: str, rides: Bundle) -> None:
    """Bars for the columns, the largest first, with their signs; gone where the row is refused."""
    gone = "document.querySelectorAll('#why .bars').length"
    with ServerThread(rides) as server:
        shown = asyncio.run(
            look(browser, server.url, FILL % ("fare", "3"), PREDICTED, FILL % ("job", "pilot"), PREDICTED, WHY,
                 FILL % ("fare", "x"), PREDICTED, gone, width=320)
        )  # fmt: skip
    title, narrow, *bars = shown[4]
    assert (title, narrow) == ("Why yes", True)
    assert [*bars[::2]] == ["job", "fare"]
    assert all(figure.startswith("+0.") for figure in bars[1::2])
    assert shown[7] == 0


@pytest.mark.slow
def test_a_regression(browser: str, doubler_folder: Path) -> None:
    with ServerThread(doubler_folder) as server:
        shown = asyncio.run(look(browser, server.url, FILL % ("x", "2.25"), PREDICTED))
    assert shown[1] == "4.5"
