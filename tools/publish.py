"""Keep what a run wrote below reports/published: its page, tables and ledger, without predictions, models and test images.

    .venv/bin/python tools/publish.py runs/quick [NAME]

The picture of the top of the page is taken by headless Chromium, and the leaderboard of README.md is replaced if it is that of
NAME, the run's own name if none is given. Look at all of it before it is committed.
"""

import json
import re
import shutil
import sqlite3
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILES = ("leaderboard.csv", "leaderboard.md", "results.csv", "report.html", "run.json")


def publish(run, name):
    """Copy the files of a run folder; the ledger without the pages that it left empty."""
    target = ROOT / "reports" / "published" / name
    target.mkdir(exist_ok=True)
    for file in FILES:
        shutil.copy(run / file, target / file)
    ledger = target / "ledger.sqlite"
    ledger.unlink(missing_ok=True)
    source = sqlite3.connect(f"{(run / 'ledger.sqlite').resolve().as_uri()}?mode=ro", uri=True)
    source.execute("VACUUM INTO ?", [str(ledger)])
    source.close()
    return target


def photograph(page, picture):
    """The top of a page, 1280 by 1300 pixels."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as drivers:
        browser = drivers.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1280, "height": 1300})
        tab.goto(page.resolve().as_uri())
        tab.wait_for_timeout(800)
        tab.screenshot(path=str(picture))
        browser.close()


def renew(readme, target):
    """Put a leaderboard into README.md where that of the same folder is shown."""
    mark = f"<!-- leaderboard: {(target / 'leaderboard.md').relative_to(ROOT).as_posix()} -->\n"
    shown = f"{mark}\n{(target / 'leaderboard.md').read_text().strip()}\n\n<!-- /leaderboard -->"
    pattern = re.escape(mark) + r".*?<!-- /leaderboard -->"
    readme.write_text(re.sub(pattern, lambda _: shown, readme.read_text(), flags=re.DOTALL))


def main(run, name):
    """Publish a run folder under a name, and say of when it is and what it took."""
    target = publish(run, name)
    photograph(target / "report.html", target / "page.png")
    renew(ROOT / "README.md", target)
    info = json.loads((target / "run.json").read_text())
    minutes = sum(session["seconds"] for session in info["sessions"]) / 60
    print(f"{target}: of {info['created'][:10]}, {minutes:.1f} minutes on {info['sessions'][0]['environment']['cpu']}")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("Give a run folder, and the name of its published folder if it is another.")
    main(Path(sys.argv[1]), sys.argv[-1] if len(sys.argv) == 3 else Path(sys.argv[1]).resolve().name)
