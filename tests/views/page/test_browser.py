"""The page in a real browser: Debian's Chromium, without a window."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests import waiting
from tests.chromium import FLAGS
from tests.history.made import MIB, T0, sample
from tests.needs import missing
from tests.views.page.test_document import HOSTILE
from tray_app.core.history.page_data import (
    Answer,
    Line,
    Mark,
    PageAlert,
    PageData,
    PageGap,
    PageJob,
    PageServer,
    PageVerdict,
    Section,
    rows_of,
)
from tray_app.core.history.thinning import Means
from tray_app.core.presentation.page_text import moment
from tray_app.views.page.document import data, document

webdriver = pytest.importorskip("selenium.webdriver", reason=missing("selenium"))
pytestmark = pytest.mark.xdist_group("browser")

ACTIONS = "selenium.webdriver.common.action_chains"
LEFT, RIGHT = 64, 14
STEP_S = 2
COUNT = 1800
FROM_MS = round(1000 * T0)
TO_MS = FROM_MS + 1000 * STEP_S * COUNT


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One browser for all tests of this module."""
    if not shutil.which("chromium") or not shutil.which("chromedriver"):
        pytest.skip(missing("chromium", "chromium-driver"))
    options = webdriver.ChromeOptions()
    for flag in FLAGS:
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
    options.binary_location = str(shutil.which("chromium"))
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture
def browser(chromium: Any) -> Iterator[Any]:
    """The browser in its usual size and colours; afterwards the page has said nothing wrong."""
    look(chromium)
    yield chromium
    wrong = [each for each in chromium.get_log("browser") if each["level"] == "SEVERE"]
    assert [each["message"] for each in wrong] == []


def look(driver: Any, width: int = 1200, scheme: str = "light") -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)


def memory_mb(number: int) -> float:
    """A climb for a minute in each ten, with one high peak."""
    return 3500.0 if number == 700 else 300.0 + (number % 300) * 4 * (number % 300 < 60)


def an_hour(**given: Any) -> PageData:
    """A page of an hour of samples."""
    samples = [sample(STEP_S * number, memory_mb(number)) for number in range(COUNT)]
    jobs = [
        PageJob(
            number=number,
            started_ms=FROM_MS + 600_000 * number,
            ended_ms=FROM_MS + 600_000 * number + 120_000,
            before=300 * MIB,
            peak=peak * MIB,
            after=310 * MIB,
            kept=None,
            stages=[("frames", 100.0)],
            lost=False,
        )
        for number, peak in ((1, 800), (2, 3000), (3, 500))
    ]
    made = {
        "server": "127.0.0.1:8000",
        "heading": "",
        "version": "1.0",
        "from_ms": FROM_MS,
        "to_ms": TO_MS,
        "rows": rows_of(samples),
        "bands": [Line("green", 0), Line("red", 2000 * MIB)],
        "lines": [Line("High", 2000 * MIB)],
        "jobs": jobs,
        "alerts": [
            PageAlert(at_ms=FROM_MS + 1_400_000, kind="K", title="High", text="3 GB", fate="shown")
        ],
        "servers": [PageServer(FROM_MS + 5000, "started", 42, "python")],
        "gaps": [PageGap(FROM_MS + 3_000_000, FROM_MS + 3_100_000, "asleep")],
    }
    return PageData(**{**made, **given})


def opened(driver: Any, path: Path, page: PageData) -> None:
    file = path / "page.html"
    file.write_text(document(page), "utf-8")
    driver.get(file.as_uri())


def js(driver: Any, code: str) -> Any:
    return driver.execute_script(f"return {code}")


def text(driver: Any, selector: str) -> str:
    return str(js(driver, f"document.querySelector({json.dumps(selector)}).innerText"))


def span_s(driver: Any) -> float:
    """How long the time in sight is, by what the tests of the module can see: the page's words."""
    words = text(driver, ".shown").rpartition("(")[2].rstrip(")")
    units = {"s": 1, "min": 60, "h": 3600}
    parts = words.split()
    return sum(float(n) * units[unit] for n, unit in zip(parts[::2], parts[1::2], strict=True))


def chain(driver: Any) -> Any:
    from selenium.webdriver.common.action_chains import ActionChains

    return ActionChains(driver, duration=0)


def at(driver: Any, share: float, key: str = "memory") -> Any:
    """A chain with the pointer at this share of the time in sight."""
    canvas = driver.find_element("css selector", f"#chart-{key} canvas")
    width = canvas.rect["width"]
    plot = width - LEFT - RIGHT
    return chain(driver).move_to_element_with_offset(
        canvas, round(LEFT + share * plot - width / 2), 0
    )


def keys(driver: Any, *pressed: str) -> None:
    js(driver, "document.getElementById('charts').focus()")
    chain(driver).send_keys(*pressed).perform()
    frame(driver)


def frame(driver: Any) -> None:
    """The page has drawn what it was asked for."""
    driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")


def test_it_asks_nobody_for_anything(browser: Any, tmp_path: Path) -> None:
    """Not even for a picture of itself; and all charts are drawn."""
    opened(browser, tmp_path, an_hour())
    assert js(browser, "performance.getEntriesByType('resource').length") == 0
    assert js(browser, "document.querySelectorAll('figure canvas').length") == 7
    told = js(browser, "document.querySelector('#chart-memory canvas').ariaLabel")
    assert told == "Memory of the server: least 300 MB, most 3.42 GB"


def test_a_server_that_was_killed_leaves_a_gap(browser: Any, tmp_path: Path) -> None:
    """In memory and in memory by process alike: nothing leads from its end to its next start."""
    killed = [sample(2 * number, 400, processes=()) for number in range(30)]
    killed += [sample(60 + 2 * number, None, processes=()) for number in range(4)]
    killed += [sample(68 + 2 * number, 390, processes=()) for number in range(30)]
    opened(browser, tmp_path, an_hour(rows=rows_of(killed), to_ms=FROM_MS + 128_000, bands=[]))
    plot = js(browser, "document.getElementById('charts').clientWidth") - LEFT - RIGHT
    for key, y in (("memory", 205), ("stack", 135)):
        opaque = [
            js(
                browser,
                f"document.querySelector('#chart-{key} canvas').getContext('2d')"
                f".getImageData({round(LEFT + plot * second / 128)}, {y}, 1, 1).data[3] > 0",
            )
            for second in (50, 61, 65, 80)
        ]
        assert opaque == [True, False, False, True], key


def test_the_value_under_the_cursor_is_the_stored_one(browser: Any, tmp_path: Path) -> None:
    """To the byte, in every chart at the same time."""
    opened(browser, tmp_path, an_hour())
    at(browser, 0.25).perform()
    width = js(browser, "document.getElementById('charts').clientWidth")
    plot = width - LEFT - RIGHT
    number = int(COUNT * round(0.25 * plot) / plot)
    shown = int(js(browser, "document.getElementById('value-memory').dataset.value"))
    assert shown in {round(memory_mb(each) * MIB) for each in (number - 1, number, number + 1)}
    assert text(browser, "#value-cpu") == "13 %"
    assert "memory" in text(browser, "#readout")


def test_the_newest_values_are_shown_without_a_cursor(browser: Any, tmp_path: Path) -> None:
    """With a sentence that says so."""
    opened(browser, tmp_path, an_hour())
    assert text(browser, "#value-memory") == "300 MB"
    assert "the newest ones are shown" in text(browser, "#readout")


def test_dragging_zooms_and_a_double_click_goes_back(browser: Any, tmp_path: Path) -> None:
    """From a quarter to three quarters: half of the time."""
    opened(browser, tmp_path, an_hour())
    whole = span_s(browser)
    at(browser, 0.25).click_and_hold().perform()
    at(browser, 0.75).release().perform()
    frame(browser)
    assert span_s(browser) == pytest.approx(whole / 2, rel=0.05)
    at(browser, 0.5).double_click().perform()
    frame(browser)
    assert span_s(browser) == whole


def test_the_wheel_zooms_with_ctrl_alone(browser: Any, tmp_path: Path) -> None:
    """Without it the page is scrolled."""
    opened(browser, tmp_path, an_hour())
    whole = span_s(browser)
    wheel = (
        "document.getElementById('charts').dispatchEvent(new WheelEvent('wheel',"
        " {deltaY: -600, ctrlKey: %s, clientX: 600, bubbles: true, cancelable: true}))"
    )
    assert js(browser, wheel % "false") is True
    frame(browser)
    assert span_s(browser) == whole
    assert js(browser, wheel % "true") is False
    frame(browser)
    assert span_s(browser) < whole / 2


def test_keys_zoom_move_and_choose(browser: Any, tmp_path: Path) -> None:
    """And what the cursor is on is spoken."""
    from selenium.webdriver.common.keys import Keys

    opened(browser, tmp_path, an_hour())
    whole = span_s(browser)
    keys(browser, "+")
    assert span_s(browser) == pytest.approx(whole / 2, rel=0.02)
    before = text(browser, ".shown")
    keys(browser, Keys.END)
    assert text(browser, ".shown") != before
    keys(browser, Keys.HOME)
    keys(browser, Keys.ARROW_LEFT)
    assert "memory" in js(browser, "document.querySelector('.spoken').textContent")
    keys(browser, "5")
    assert span_s(browser) == whole
    assert js(browser, "document.querySelector('[aria-pressed=true]').textContent") == "All"


def test_a_heading_sorts_its_table(browser: Any, tmp_path: Path) -> None:
    """The second click the other way round; a row's time leads to the charts."""
    opened(browser, tmp_path, an_hour())
    head = "document.querySelectorAll('#jobs th button')[3]"

    def order() -> list[str]:
        return list(
            js(
                browser,
                "[...document.querySelectorAll('#jobs tbody tr')].map(r => r.cells[3].innerText)",
            )
        )

    js(browser, f"{head}.click()")
    assert order() == ["500 MB", "800 MB", "2.93 GB"]
    assert js(browser, f"{head}.parentElement.ariaSort") == "ascending"
    js(browser, f"{head}.click()")
    assert order() == ["2.93 GB", "800 MB", "500 MB"]
    js(browser, "document.querySelector('#jobs td button').click()")
    frame(browser)
    assert span_s(browser) == pytest.approx(240, abs=1)


@pytest.mark.parametrize("width", [1200, 360])
def test_a_time_of_a_table_leads_to_the_whole_of_the_charts(
    browser: Any, tmp_path: Path, width: int
) -> None:
    """The bar above them, which stays in sight, covers nothing of the first."""
    look(browser, width)
    opened(browser, tmp_path, an_hour())
    js(browser, "document.querySelector('#alerts td button').click()")
    frame(browser)
    bar, title = (
        js(browser, f"document.querySelector('{of}').getBoundingClientRect().{edge}")
        for of, edge in ((".head", "bottom"), ("#chart-memory h2", "top"))
    )
    assert bar <= title < bar + 60


def test_the_legend_tells_a_stage_that_is_unknown_from_one_that_is_gone(
    browser: Any, tmp_path: Path
) -> None:
    """Each mark has a name of its own."""
    opened(browser, tmp_path, an_hour())
    legend = text(browser, "#chart-events .legend").splitlines()
    assert legend == [
        "frames",
        "job, stage unknown",
        "▶ server start",
        "■ server end",
        "▼ alert",
        QUIET,
    ]
    late = [sample(STEP_S * number, memory_mb(number)) for number in range(400, COUNT)]
    minutes = [Means(T0 + 60 * number, 30, MIB, MIB, MIB) for number in range(13)]
    opened(browser, tmp_path, an_hour(rows=rows_of(late, minutes)))
    assert "job, stages no longer kept" in text(browser, "#chart-events .legend")


def test_the_moment_of_an_incident_is_a_line_in_each_chart(browser: Any, tmp_path: Path) -> None:
    """In the colour of the text, from top to bottom."""
    opened(browser, tmp_path, an_hour(marks=[Mark(FROM_MS + 1_800_000, "incident: High")]))
    plot = js(browser, "document.getElementById('charts').clientWidth") - LEFT - RIGHT
    for key in ("memory", "events", "stack", "available", "cpu", "descriptors", "temp"):
        pixel = js(
            browser,
            f"[...document.querySelector('#chart-{key} canvas').getContext('2d')"
            f".getImageData({round(LEFT + plot / 2 - 0.5)}, 40, 1, 1).data]",
        )
        assert pixel == [28, 35, 48, 255], key


def test_an_incident_has_ranges_of_its_own(browser: Any, tmp_path: Path) -> None:
    """All of it at first, or the minute before and after its moment, whose figures are shown. A
    server that was gone then has those of its last reading."""
    samples = [sample(STEP_S * at, None if at == 300 else 300.0 + at) for at in range(360)]
    moment_ms = FROM_MS + 1000 * STEP_S * 300
    page = an_hour(
        rows=rows_of(samples),
        to_ms=FROM_MS + 1000 * STEP_S * 360,
        marks=[Mark(moment_ms, "incident: gone")],
        jobs=[],
        alerts=[],
    )
    opened(browser, tmp_path, page)
    buttons = "[...document.querySelectorAll('.tools button')].map(each => each.textContent)"
    assert js(browser, buttons) == ["Incident", "± 1 min", "◀", "▶", "+", "−"]
    assert js(browser, "document.querySelector('[aria-pressed=true]').textContent") == "Incident"
    assert span_s(browser) == 720
    assert text(browser, "#value-memory") == "599 MB"
    assert "those of the incident" in text(browser, ".readout")
    keys(browser, "2")
    assert span_s(browser) == 120
    view = js(browser, "document.querySelector('.shown').textContent")
    assert view.startswith(f"{moment(moment_ms - 60_000)} to {moment(moment_ms + 60_000)}")
    keys(browser, "1")
    assert span_s(browser) == 720


QUIET = "▼ alert without a notification"
PAPER = 720


def test_it_is_light_or_dark_as_the_browser_says(browser: Any, tmp_path: Path) -> None:
    """At once, the charts as well; paper is white in any case."""
    opened(browser, tmp_path, an_hour())
    corner = (
        "[...document.querySelector('#chart-memory canvas').getContext('2d')"
        ".getImageData(70, 225, 1, 1).data]"
    )
    background = "getComputedStyle(document.body).backgroundColor"
    light = (js(browser, background), js(browser, corner))
    look(browser, scheme="dark")
    frame(browser)
    dark = (js(browser, background), js(browser, corner))
    assert light[0] == "rgb(255, 255, 255)"
    assert dark[0] == "rgb(20, 24, 31)"
    assert light[1] != dark[1]
    js(browser, "dispatchEvent(new Event('beforeprint'))")
    on_paper = corner.replace("70, 225", "140, 450")  # two dots to a pixel
    assert (js(browser, background), js(browser, on_paper)) == light
    assert js(browser, "document.querySelector('canvas').width") == 2 * PAPER
    js(browser, "dispatchEvent(new Event('afterprint'))")
    assert js(browser, background) == dark[0]


def test_it_can_be_printed(browser: Any, tmp_path: Path) -> None:
    """On a few sheets."""
    opened(browser, tmp_path, an_hour())
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    sheets = base64.b64decode(printed["data"]).count(b"/Type /Page\n")
    assert 1 <= sheets <= 4


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_telephone(browser: Any, tmp_path: Path, scheme: str) -> None:
    """360 pixels: nothing is cut off, nothing is scrolled sideways but a wide table."""
    look(browser, 360, scheme)
    opened(browser, tmp_path, an_hour(server="a-very-long-name-of-a-server.example.org:65000"))
    assert js(browser, "document.documentElement.scrollWidth <= innerWidth")


def test_the_verdict_is_that_of_the_chosen_range(browser: Any, tmp_path: Path) -> None:
    """Hostile words are words; a time zoomed by hand keeps that of the last range."""
    opened(browser, tmp_path, an_hour(verdict=verdict()))
    first = "document.querySelector('#verdict p').innerText"
    assert text(browser, "#verdict h2") == "All of it"
    keys(browser, "1")
    assert js(browser, first) == f"Peak 1\u00a0GB while processing {HOSTILE}."
    assert text(browser, "#verdict h2") == "The last 1 h"
    assert js(browser, "document.querySelectorAll('#verdict .concern').length") == 2
    keys(browser, "+")
    assert text(browser, "#verdict h2") == "The last 1 h"
    keys(browser, "2")  # it has no more than this hour
    assert js(browser, first) == "Peak 3\u00a0GB in all."
    assert js(browser, "document.querySelectorAll('#verdict .concern').length") == 1


def verdict(leak: str = "5 jobs kept 300 MB.") -> PageVerdict:
    return PageVerdict(
        opens="All",
        times={"1 h": "The last 1 h", "All": "All of it"},
        happened={
            "1 h": Answer("Peak 1 GB", f"while processing {HOSTILE}.", True),
            "All": Answer("Peak 3 GB", "in all."),
        },
        leak=Answer("Possible leak:", leak, True),
        next=Answer("The next video fits:", "9 GB are free."),
    )


def test_hostile_words_are_words(browser: Any, tmp_path: Path) -> None:
    """Of the server, a process, a stage, an alert."""
    page = an_hour(
        server=HOSTILE,
        rows=rows_of([sample(number * 2, stage=HOSTILE) for number in range(9)]),
        to_ms=FROM_MS + 18_000,
        alerts=[
            PageAlert(at_ms=FROM_MS + 9000, kind="K", title=HOSTILE, text=HOSTILE, fate=HOSTILE)
        ],
        sections=[Section(HOSTILE, HOSTILE)],
    )
    opened(browser, tmp_path, page)
    assert js(browser, "document.querySelectorAll('img, body script:not([type])').length") == 0
    assert HOSTILE in text(browser, "#alerts")
    at(browser, 0.5).perform()
    assert HOSTILE in text(browser, "#readout")


def test_an_empty_history_says_so(browser: Any, tmp_path: Path) -> None:
    """And shows no empty charts."""
    opened(browser, tmp_path, an_hour(rows=rows_of([]), jobs=[], alerts=[], gaps=[]))
    assert "No history yet" in text(browser, "header")
    assert js(browser, "document.querySelector('#charts').offsetHeight") == 0


@pytest.fixture
def live(browser: Any) -> Iterator[tuple[str, list[PageData], list[str]]]:
    """A server of a live page; the pages that it answers with, and the requests it had. It outlives
    the page: a request that fails is an error in the browser's log."""
    answers: list[PageData] = []
    asked: list[str] = []
    page = document(an_hour(verdict=verdict()), live_url="data").encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = page
            if "data?" in self.path:
                body = data(answers[0] if answers else an_hour(rows=rows_of([])))
            self.send_response(200)
            self.send_header("Content-Type", "text/html" if body is page else "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/t/", answers, asked
    browser.get("about:blank")
    waiting.wait_for(lambda: "/t/closed" in asked, "the page has told its end")
    server.shutdown()
    server.server_close()


def wait_for(driver: Any, condition: str) -> None:
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(driver, 10, 0.05).until(lambda each: js(each, condition))


def test_a_live_page_shows_new_samples(
    browser: Any, live: tuple[str, list[PageData], list[str]]
) -> None:
    """Within an interval; who looks at an earlier time is not moved."""
    url, answers, asked = live
    browser.get(url)
    keys(browser, "+")
    keys(browser, "\ue011")  # Home
    before = text(browser, ".shown")
    newest = rows_of([sample(STEP_S * COUNT, 777)])
    answers.append(an_hour(rows=newest, to_ms=TO_MS + 2000, verdict=verdict("6 jobs kept it.")))
    wait_for(browser, "document.getElementById('value-memory').textContent === '777 MB'")
    frame(browser)
    assert text(browser, ".shown") == before
    assert "6 jobs kept it." in text(browser, "#verdict")
    assert f"data?after={TO_MS - 2000}" in asked[1]
    assert {path.partition("?")[0] for path in asked} == {"/t/", "/t/data"}


def test_who_sorts_a_table_is_not_disturbed_by_news(
    browser: Any, live: tuple[str, list[PageData], list[str]]
) -> None:
    """The heading keeps the keyboard, and the order; the same news make no other table."""
    url, answers, asked = live
    browser.get(url)
    js(browser, "document.querySelectorAll('#jobs th button')[3].click()")
    new = PageJob(
        number=4,
        started_ms=TO_MS,
        ended_ms=TO_MS + 1000,
        before=MIB,
        peak=9 * MIB,
        after=MIB,
        kept=None,
        stages=[("frames", 0.2)],
        lost=False,
    )
    answers.append(an_hour(rows=rows_of([]), jobs=[new], alerts=[], gaps=[], servers=[]))
    rows = "document.querySelectorAll('#jobs tbody tr')"
    wait_for(browser, f"{rows}.length === 4")
    assert js(browser, f"{rows}[0].cells[6].textContent") == "frames <1\u00a0s"
    assert js(browser, "document.activeElement.textContent") == "Peak"
    js(browser, f"{rows}[0].id = 'same'")
    count = len(asked)
    waiting.wait_for(lambda: len(asked) > count + 1, "it has asked twice more")
    assert js(browser, f"{rows}[0].id") == "same"


def test_a_live_page_tells_its_end(
    browser: Any, live: tuple[str, list[PageData], list[str]]
) -> None:
    """To its server, which closes then; and asks no more."""
    url, _, asked = live
    browser.get(url)
    wait_for(browser, "document.querySelector('.live').textContent === 'live'")
    browser.get("about:blank")
    waiting.wait_for(lambda: "/t/closed" in asked, "the page has told its end")


def test_nothing_serious_is_found_by_axe(browser: Any, tmp_path: Path) -> None:
    """Roles, names, contrast: in light and dark."""
    package = pytest.importorskip("axe_core_python", reason=missing("axe-core-python"))
    axe = Path(package.__file__).parent / "axe.min.js"
    for scheme in ("light", "dark"):
        look(browser, scheme=scheme)
        sections = [Section("Stacks", "main\n  work")]
        opened(browser, tmp_path, an_hour(sections=sections, verdict=verdict()))
        browser.execute_script(axe.read_text("utf-8"))
        found = browser.execute_async_script("axe.run().then(arguments[0])")
        bad = [
            (each["id"], [node["html"] for node in each["nodes"]])
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
        ]
        assert bad == []
