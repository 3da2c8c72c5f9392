"""The page, as text and as a reader's browser shows it."""

from __future__ import annotations

import base64
import io
import re
import shutil
import subprocess
import sys
from collections import Counter

import pandas as pd
import pytest

import reports
from reports import leaderboard
from reports.exhibits import EXHIBITS
from reports.page import download
from tests.reports.conftest import HOSTILE

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def page_file(three_seeds):
    return reports.report(three_seeds)


@pytest.fixture(scope="module")
def page(page_file):
    return page_file.read_text(encoding="utf-8")


def test_the_same_folder_gives_the_same_bytes_and_needs_no_tensorflow(page_file, three_seeds):
    names = ["report.html", "leaderboard.csv", "leaderboard.md", "results.csv"]
    before = [(three_seeds / name).read_bytes() for name in names]
    code = f"import sys, reports; reports.report({str(three_seeds)!r}); print({{'tensorflow', 'keras'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
    assert [(three_seeds / name).read_bytes() for name in names] == before


def test_importing_reports_is_light():
    code = "import sys, reports; print({'sklearn', 'matplotlib', 'seaborn', 'jinja2'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


def test_nothing_is_fetched_from_anywhere(page):
    links = re.findall(r"""(?:src|href|action|srcset|poster|data)=["']([^"']*)""", page)
    assert all(link.startswith(("#", "data:")) for link in links), links
    assert not re.search(r"@import|url\((?!#)", page)
    assert "default-src 'none'" in page


def test_it_is_small_and_whole(page):
    assert len(page.encode()) < 3_000_000
    identities = re.findall(r' id="([^"]*)"', page)
    assert [name for name, times in Counter(identities).items() if times > 1] == []
    assert {link[1:] for link in re.findall(r'href="(#[^"]+)"', page)} <= set(identities)


def test_every_exhibit_is_there_or_says_why_not(page):
    for dataset in ("digits", "things"):
        for exhibit in (e for e in EXHIBITS if not e.studies):  # which is there for a study of sizes alone
            assert f'id="{dataset}-{exhibit.name}"' in page
    assert "Everything that ran ended well." in page
    assert 'id="across-ranks"' in page
    assert page.count("Too few data sets to conclude") == 1


def test_looks_do_not_depend_on_who_is_missing(page):
    """Two estimators have no result on the second data set; the others keep their marks there."""
    for name in ("xgboost", "mlp", "cnn"):
        marks = re.findall(rf'data-value="{name}"><svg[^>]*><path d="([^"]+)"', page)
        assert len(marks) == 2 and len(set(marks)) == 1


def test_words_of_others_are_shown_as_text(page):
    assert "<script>alert(1)" not in page
    assert "<img src=x" not in page
    assert "<b>digits</b>" not in page
    assert "&lt;b&gt;digits&lt;/b&gt; instead" in page
    assert "&lt;b&gt;boom&lt;/b&gt;" in page


def test_the_csv_beside_a_figure_is_the_frame_drawn(page, three_seeds):
    found = re.search(r'download="digits-classes\.csv\.gz" href="data:application/gzip;base64,([^"]+)"', page)
    back = pd.read_csv(io.BytesIO(base64.b64decode(found[1])), compression="gzip")
    classes = next(e for e in EXHIBITS if e.name == "classes")
    frame = classes.table(reports.load(three_seeds), "digits")
    assert back["tp"].tolist() == frame["tp"].tolist()


@pytest.mark.parametrize(("name", "mark"), [("naïve", b"\xef\xbb\xbf"), ("plain", b"")])
def test_excel_reads_a_csv_of_the_page(name, mark):
    _, link = download("a.csv", f"class\n{name}\n")
    raw = base64.b64decode(link.partition(",")[2])
    assert raw == mark + f"class\n{name}\n".encode()
    assert pd.read_csv(io.BytesIO(raw))["class"].tolist() == [name]


def test_a_run_that_has_only_begun_has_a_page(make_run):
    import sqlite3

    folder = make_run(classes={"digits": ["a", "b"]}, tests=50, trials=3, failures=False)
    with sqlite3.connect(folder / "ledger.sqlite") as db:
        db.execute("DELETE FROM fits")
        db.execute("DELETE FROM evaluations")
    text = reports.report(folder).read_text()
    assert "No estimator has been evaluated on Digits" in text
    assert "not evaluated yet" in text


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no chromium, chromium-browser or google-chrome on the PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        chromium = player.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def small(make_run):
    """A page with few rows, of one data set, for what takes its time on every element."""
    variants = ["logistic_regression", "svm", "cnn"]
    return reports.report(make_run(classes={"digits": HOSTILE}, tests=80, trials=4, variants=variants))


@pytest.fixture
def opened(browser, page_file):
    """Open the page; complaints and requests are noted on it."""
    contexts = []

    def open_page(width=1280, theme="light", script=True, part="", file=page_file):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, java_script_enabled=script
        )
        context.set_default_timeout(90_000)  # a busy machine is no fault of the page
        contexts.append(context)
        tab = context.new_page()
        tab.complaints, tab.requested = [], []
        tab.on("console", lambda message: tab.complaints.append(message.text))
        tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
        tab.on("request", lambda request: tab.requested.append(request.url))
        tab.goto(file.as_uri() + part)
        return tab

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.browser
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_and_asks_nobody(opened, page_file, width, theme, script):
    tab = opened(width, theme, script)
    assert tab.complaints == []
    assert tab.requested == [page_file.as_uri()]
    for name in ("digits", "things"):
        tab.goto(f"{page_file.as_uri()}#{name}")
        assert tab.locator(f"#{name}-accuracy figure svg").is_visible()
        assert tab.locator("html").evaluate("page => page.scrollWidth") == width


@pytest.mark.browser
def test_the_leaderboard_needs_no_scrolling_and_nothing_is_lost(opened, page):
    tab = opened()
    for name in ("digits", "things"):
        tab.goto(f"{tab.url.partition('#')[0]}#{name}")
        board = tab.locator(f"#{name}-leaderboard .scroll").first
        assert board.evaluate("box => box.scrollWidth <= box.clientWidth")
        assert "setting" in board.locator("thead").inner_text()
    for column in leaderboard.shown_columns():
        assert page.count(f'title="{column.explanation}') == 2


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("place", ["leaderboard", "accuracy"])
def test_a_shadow_shows_where_more_is_to_the_right(opened, place, theme):
    from PIL import Image

    box = opened(390, theme).locator(f"#digits-{place} .scroll").first
    assert box.evaluate("box => box.scrollWidth > box.clientWidth")

    def shades() -> tuple[int, int]:
        """How far the left and the right edge are from the ground, in grey levels."""
        picture = Image.open(io.BytesIO(box.screenshot())).convert("L")
        left, ground, right = (picture.getpixel((x, 8)) for x in (2, picture.width // 2, picture.width - 3))
        return abs(left - ground), abs(right - ground)

    left, right = shades()
    assert left < 5 < 30 < right
    box.evaluate("box => box.scrollLeft = box.scrollWidth")
    left, right = shades()
    assert right < 5 < 30 < left


@pytest.mark.browser
def test_words_in_figures_can_be_read_on_a_phone(opened):
    tab = opened(390)
    for name in ("accuracy", "confusion"):
        heights = tab.locator(f"#digits-{name} figure svg text").evaluate_all(
            "texts => texts.map(t => parseFloat(getComputedStyle(t).fontSize) * t.ownerSVGElement.getScreenCTM().a)"
        )
        assert min(heights) > 9


@pytest.mark.browser
def test_headings_sort_and_gaps_stay_last(opened):
    tab = opened(part="#things")
    table = tab.locator("#things-leaderboard table")
    names = lambda: table.locator("tbody th").evaluate_all("cells => cells.map(c => c.dataset.value)")  # noqa: E731
    best_first = names()
    button = table.get_by_role("button", name="accuracy %", exact=True)
    button.click()
    assert names()[:3] == best_first[:3][::-1]
    assert names()[3:] == best_first[3:]
    assert table.locator("th[aria-sort=ascending]").count() == 1
    button.click()
    assert names()[:3] == best_first[:3]
    table.get_by_role("button", name="estimator").click()
    assert names() == sorted(best_first)


@pytest.mark.browser
def test_long_tables_filter(opened):
    tab = opened()
    part = tab.locator("#digits-classes")
    part.locator("summary").click()
    part.get_by_role("searchbox").fill("svm")
    shown = part.locator("tbody tr:visible")
    assert shown.count() == 10
    assert all("svm" in text for text in shown.all_inner_texts())


@pytest.mark.browser
def test_tabs_and_links_open_the_data_set_they_name(opened):
    tab = opened()
    assert tab.locator("#digits").is_visible()
    assert tab.locator("#things").is_hidden()
    tab.get_by_role("tab", name="Things").click()
    assert tab.locator("#things").is_visible()
    assert tab.locator("#digits").is_hidden()
    tab.get_by_role("tab", name="Things").press("ArrowLeft")
    assert tab.locator("#digits").is_visible()
    assert opened(part="#things-failures").locator("#things-failures").is_visible()


@pytest.mark.browser
def test_a_packed_csv_is_saved_unpacked(opened, three_seeds):
    tab = opened()
    part = tab.locator("#digits-classes")
    part.locator("summary").click()
    with tab.expect_download() as download:
        part.get_by_role("link", name="Download as CSV").click()
    assert download.value.suggested_filename == "digits-classes.csv"
    classes = next(e for e in EXHIBITS if e.name == "classes").table(reports.load(three_seeds), "digits")
    assert pd.read_csv(download.value.path())["tp"].tolist() == classes["tp"].tolist()


@pytest.mark.browser
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_one_cost_is_shown_at_a_time(opened, script):
    part = opened(script=script).locator("#digits-cost")
    assert part.locator("svg:visible").count() == 1
    part.get_by_text("one image, ms", exact=True).first.click()
    assert part.locator("svg:visible").count() == 1
    assert "one image, ms" in part.locator(".view:visible").get_attribute("aria-label")


@pytest.mark.browser
def test_marks_tell_their_numbers_by_keyboard_too(opened):
    tab = opened()
    marks = tab.locator("#digits-accuracy .tip")
    marks.first.focus()
    assert tab.locator("#tip").inner_text().startswith("cnn: 9")
    marks.first.press("ArrowRight")
    assert tab.locator("#tip").inner_text() == marks.nth(1).get_attribute("aria-label")
    tab.keyboard.press("Escape")
    assert tab.locator("#tip").is_hidden()
    assert opened(script=False).locator("#digits-accuracy .tip title").count() == 5


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_a_merged_page_fits(opened, one_seed, three_seeds, tmp_path, width):
    file = reports.report(one_seed, three_seeds, out=tmp_path / "merged.html")
    tab = opened(width, file=file)
    assert tab.complaints == []
    assert tab.locator("html").evaluate("page => page.scrollWidth") == width


@pytest.mark.browser
def test_printing_shows_all_data_sets(opened):
    tab = opened()
    tab.emulate_media(media="print")
    assert tab.locator("#digits").is_visible()
    assert tab.locator("#things").is_visible()


@pytest.mark.browser
@pytest.mark.parametrize(("width", "theme"), [(390, "light"), (1280, "dark")])
def test_axe_finds_nothing_serious(opened, small, width, theme):
    from axe_core_python.sync_playwright import Axe

    tab = opened(width, theme, file=small)
    tab.locator("#digits-differences summary").click()
    # axe weighs every element: what is inside a figure is one picture to assistive technology.
    found = Axe().run(tab, context={"exclude": [["figure svg"]]}, options={"resultTypes": ["violations"]})
    faults = [
        (v["id"], v["nodes"][0]["html"][:200]) for v in found["violations"] if v["impact"] in ("serious", "critical")
    ]
    assert faults == []
