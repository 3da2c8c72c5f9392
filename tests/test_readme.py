"""What README.md claims is what is committed."""

import html
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text()
PUBLISHED = ROOT / "reports" / "published" / "quick"


def test_the_leaderboard_is_the_published_one():
    shown = re.search(r"<!-- leaderboard: (\S+) -->\n(.*?)<!-- /leaderboard -->", TEXT, flags=re.DOTALL)
    assert shown[2].strip() == (ROOT / shown[1]).read_text().strip()


def test_the_machine_and_the_date_are_those_of_the_run():
    info = json.loads((PUBLISHED / "run.json").read_text())
    assert info["created"][:10] in TEXT and info["sessions"][0]["environment"]["cpu"] in TEXT
    assert minutes(info) in TEXT


def minutes(info):
    return f"{sum(session['seconds'] for session in info['sessions']) / 60:.0f} minutes"


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)\)", TEXT))))
def test_links_lead_somewhere(link):
    assert (ROOT / link).exists()


def test_the_commands_exist():
    import crossover

    verbs = {command.name for command in crossover.app.registered_commands}
    assert set(re.findall(r"bin/crossover (\S+)", TEXT)) <= verbs
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"`make (\w+)`", TEXT)) <= targets


def test_what_is_said_of_the_study_is_that_of_its_run():
    told = re.search(r"Measured on \S+ by `crossover run crossover`.*?\n\n?Sizes", TEXT, flags=re.DOTALL)[0]
    info = json.loads((ROOT / "reports" / "published" / "crossover" / "run.json").read_text())
    levels = info["studies"]["sizes"]["levels"]
    assert info["created"][:10] in told and f"{len(info['seeds'])} seeds".replace("3", "three") in told
    assert minutes(info) in told
    assert f"{len(levels) * len(info['variants']) * len(info['seeds'])} cells" in told


def test_what_is_said_of_the_budgets_is_that_of_their_run():
    told = re.search(r"Measured on \S+ by `crossover run budgets.*?\n\n## ", TEXT, flags=re.DOTALL)[0]
    info = json.loads((ROOT / "reports" / "published" / "budgets" / "run.json").read_text())
    levels = info["studies"]["budgets"]["levels"]
    assert info["created"][:10] in told and len(info["seeds"]) == 1 and "one seed" in told
    assert minutes(info) in told
    assert f"{len(levels) * len(info['variants'])} cells" in told
    page = (ROOT / "reports" / "published" / "budgets" / "report.html").read_text()
    table = re.findall(r"^\| `(\w+)` \| (.*) \|$", told, flags=re.MULTILINE)
    assert len(table) == len(info["variants"])
    assert all(accuracy in page for _, row in table for accuracy in row.split(" | ") if accuracy != "none")


@pytest.mark.parametrize("name", ["cifar10", "emnist"])
def test_what_is_said_of_the_experiments_is_that_of_their_runs(name):
    told = re.search(rf"\| `.venv/bin/crossover run [^|]*{name}.*?(?=\n\| `|\n## )", TEXT, flags=re.DOTALL)[0]
    folder = ROOT / "reports" / "published" / name
    board = (folder / "leaderboard.md").read_text()
    claims = json.loads((folder / "run.json").read_text())["claims"]["accuracies"]
    rows = re.findall(r"^\| ([\w -]+?) \| ([\d.]*) ?\| ([\d.]+) \|$", told, flags=re.MULTILINE)
    assert len(rows) >= 7
    for variant, claimed, measured in rows:
        assert re.search(rf"\| {variant}(?: \(may still improve\))? \| \w+ \| {measured} \|", board), variant
        assert claimed == "" or float(claimed) == pytest.approx(100 * claims[variant])
    assert re.search(rf"\b{minutes(json.loads((folder / 'run.json').read_text()))}", told)


def test_what_is_said_of_the_submission_is_what_was_said_of_it():
    told = " ".join(re.search(r"Kaggle's Digit Recognizer: reported.*?\n\n", TEXT, flags=re.DOTALL)[0].split())
    folder = ROOT / "reports" / "published" / "kaggle"
    info = json.loads((folder / "run.json").read_text())
    said = (folder / "score.txt").read_text()
    right, of, share, low, high = re.search(
        r"([\d,]+) of ([\d,]+) labels are right, ([\d.]+) % \(95 % interval ([\d.]+) to ([\d.]+)\)", said
    ).groups()
    assert f"{right} of the {of} images" in told and f"**{share} %** ({low} to {high})" in told
    assert minutes(info) in told and info["budget"] == "240 s" and len(info["variants"]) == 8


def test_what_is_said_of_the_ladder_is_that_of_its_run():
    told = re.search(r"\| `.venv/bin/crossover run digits-ladder`.*?\n\n(?=`)", TEXT, flags=re.DOTALL)[0]
    folder = ROOT / "reports" / "published" / "digits-ladder"
    info = json.loads((folder / "run.json").read_text())
    board = (folder / "leaderboard.md").read_text()
    rows = re.findall(r"^\| ([\w ]+?) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ?([\d.]*) ?\|$", told, flags=re.MULTILINE)
    assert len(rows) == 5 and minutes(info) in told and info["budget"] == "300 s"
    for name, claimed, *measured in rows:
        assert float(claimed) == pytest.approx(100 * info["claims"]["accuracies"][f"{name} - untuned"])
        for step, accuracy in zip(("untuned", "pixels", "features"), measured, strict=True):
            variant = f"{name} - {'tuned' if name == 'deep CNN' and step == 'pixels' else step}"
            assert accuracy == "" or re.search(
                rf"\| {variant}(?: \(may still improve\))? \| \w+ \| {accuracy} \|", board
            )


def test_what_is_said_of_pooling_is_that_of_its_run():
    told = " ".join(re.search(r"crossover run pooling`: networks.*?\n\n", TEXT, flags=re.DOTALL)[0].split())
    folder = ROOT / "reports" / "published" / "pooling"
    board = (folder / "leaderboard.md").read_text()
    page = (folder / "report.html").read_text().replace("\u2212", "-")
    most, least = re.search(r"they have ([\d.]+) and ([\d.]+) %, three seeds", told).groups()
    assert f"| max | deep | {most} |" in board and re.search(
        rf"\| average \(may still improve\) \| deep \| {least} \|", board
    )
    lead = re.search(r"([\d.]+) points \(-([\d.]+) to ([\d.]+)\)", told).groups()
    assert "Max is {} points (-{} to {}) ahead of average, a tie.".format(*lead) in page
    assert len(json.loads((folder / "run.json").read_text())["seeds"]) == 3


def test_what_is_said_of_corruptions_is_that_of_its_run():
    told = re.search(r"\| `.venv/bin/crossover run robustness --seeds 3`.*?\n\n.*?\n\n", TEXT, flags=re.DOTALL)[0]
    folder = ROOT / "reports" / "published" / "robustness"
    page = (folder / "report.html").read_text().replace("\u00a0", " ")
    head, _, clean, *rows, mean = (line.strip("| ").split(" | ") for line in told.split("\n\n")[0].splitlines())
    assert len(rows) == 15 and clean[0] == "no corruption" and mean[0] == "mean of the fifteen"
    for place, variant in enumerate(head[1:], start=1):
        for corruption, *accuracies in rows:
            point = rf"<title>{variant}, {corruption.replace(' ', '_')} \d: {accuracies[place - 1]} % \("
            assert re.search(point, page), (variant, corruption)
        cells = rf'<td>{variant}</td><td class="number">3</td><td class="number">15</td><td class="number">{clean[place]}</td>'
        assert re.search(rf'{cells}<td class="number">{mean[place]}</td>', page), variant
    lead, low, high = re.search(r"svm is ([\d.]+) points ahead of the cnn \(([\d.]+) to ([\d.]+)\)", told).groups()
    assert f"svm is {lead} points ahead ({low} to {high})" in page
    shares = {what: dict(zip(head[1:], map(float, values), strict=True)) for what, *values in (clean, *rows)}
    lost = {
        (what, name): f"{shares['no corruption'][name] - share:.2f}"
        for what, of in shares.items()
        for name, share in of.items()
    }
    assert f"brightness takes {lost['brightness', 'svm']} to {lost['brightness', 'xgboost']} points" in told
    assert (
        f"fog {lost['fog', 'svm']} from the svm, {lost['fog', 'xgboost']} from xgboost and {lost['fog', 'logistic_regression']}"
        in told
    )
    ahead = [of["cnn"] > of["svm"] for what, of in shares.items() if what != "no corruption"]
    assert (sum(ahead), len(ahead)) == (8, 15) and "under eight of the fifteen, and less under seven" in told
    with closing(sqlite3.connect(f"{(folder / 'ledger.sqlite').as_uri()}?mode=ro", uri=True)) as ledger:
        fits = [json.loads(params) for (params,) in ledger.execute("SELECT params FROM fits")]
    features = [fit["features"] for fit in fits if "features" in fit]
    assert features == ["hog"] * 9


def test_what_is_said_of_repair_is_that_of_its_run():
    told = re.search(r"\| `.venv/bin/crossover run repair`, on MNIST.*?\n\n.*?\n\n", TEXT, flags=re.DOTALL)[0]
    page = (ROOT / "reports" / "published" / "repair" / "report.html").read_text()
    page = html.unescape(page).replace("\u00a0", " ").replace("\u2212", "-")
    head, _, *rows = (line.strip("| ").split(" | ") for line in told.split("\n\n")[0].splitlines())
    ways = {
        "no repair": "no repair",
        "the most confident answer of all repairs": "the most confident answer of all repairs",
    }
    ways |= {
        f"chosen by the detector `{name}`": f"by detector ({name}), table and confidence"
        for name in ("statistics", "network")
    }
    best = ways["chosen by the detector `network`"]
    for place, variant in enumerate(head[1:], start=1):
        left = {}
        for what, *values in rows:
            value = values[place - 1]
            if what in ways:
                left[what] = re.search(rf"<title>{variant}, {re.escape(ways[what])}: ([\d.]+) % under", page)[1]
                assert left[what] == value, (variant, what)
            elif what.startswith("of the loss back"):
                assert f"{value[:-2]} % with the detector network" in page or variant in (
                    "logistic_regression",
                    "xgboost",
                )
            elif what.startswith("change on clean"):
                assert f"{variant}, {best}: {left['chosen by the detector `network`']} % under corruption" in page
                assert re.search(
                    rf"<title>{variant}, {re.escape(best)}: [^<]*\), {re.escape(value)} points without", page
                )
            else:
                repair = "network" if "network" in what else "autoencoder"
                assert f"<title>{variant}, {repair}: {value} points" in page
        control = float(left["the most confident answer of all repairs"])
        assert float(left["chosen by the detector `network`"]) > control
        assert (float(left["chosen by the detector `statistics`"]) > control) == (variant == "logistic_regression")


SOURCES = {
    "MNIST → USPS": ("transfer", "mnist"),
    "USPS → MNIST": ("transfer", "usps"),
    "handwritten 0–9 → MNIST": ("transfer-characters", "handwritten62-subset shared"),
    "62 characters → MNIST": ("transfer-characters", "handwritten62-subset"),
    "CIFAR-10: animals → vehicles": ("transfer-colour", "cifar-10-animals"),
}


def test_what_is_said_of_sources_is_that_of_their_runs():
    told = TEXT.partition("## What is a source worth?")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.*?) ?\| (cnn|svm) \| ([\d.– |]+) \|$", told, flags=re.MULTILINE)
    assert len(rows) == 2 * len(SOURCES) and {pair for pair, *_ in rows if pair} == set(SOURCES)
    for place, (_, estimator, values) in enumerate(rows):
        run, source = SOURCES[rows[place - place % 2][0]]
        page = (ROOT / "reports" / "published" / run / "report.html").read_text().replace("\u00a0", " ")
        bare, few, few_with, many, many_with = values.split(" | ")
        way = {"cnn": "all layers", "svm": "embedding"}[estimator]
        assert bare == "–" or f"{estimator} of {source}: {bare} % with 0 per class" in page
        assert f"{estimator} {way} from {source}: {few_with} % with 10 per class and {many_with} % with 300" in page
        assert f"{estimator}: {few} % with 10 per class and {many} % with 300 per class" in page
    for run, source, words in (
        ("transfer", "mnist", r"([\d.]+) % from MNIST to USPS"),
        ("transfer", "usps", r"([\d.]+) from USPS to MNIST"),
        ("transfer-characters", "handwritten62-subset shared", r"([\d.]+) from the handwritten digits"),
    ):
        share = re.search(words, told)[1]
        page = (ROOT / "reports" / "published" / run / "report.html").read_text().replace("\u00a0", " ")
        assert f"cnn of {source} unframed: {share} % with 0 per class" in page


def test_what_is_said_of_neighbours_is_that_of_its_run():
    told = re.search(r"\| `.venv/bin/crossover run neighbours`, on MNIST.*?\n\n.*?\n\n", TEXT, flags=re.DOTALL)[0]
    page = (ROOT / "reports" / "published" / "neighbours" / "report.html").read_text().replace("\u00a0", " ")
    _, _, *rows = (line.strip("| ").split(" | ") for line in told.split("\n\n")[0].splitlines())
    assert len(rows) == 6
    for variant, *values in rows:
        for level, value in zip(("1", "2", "4", "7", "14", "all", "anew"), values, strict=True):
            cells = rf"<td>structure</td><td>{level}</td><td[^>]*>{variant}</td>"
            cells += rf'<td class="number"[^>]*>1</td><td class="number"[^>]*>{value}</td>'
            assert re.search(cells, page), (variant, level)
    lost = re.search(r"they lose: ([\d.]+) and ([\d.]+) points with all pixels", told).groups()
    assert "svm on gradients loses {1} points; cnn without augmentation loses {0} points".format(*lost) in page


def test_what_is_said_of_wrong_labels_is_that_of_its_run():
    told = re.search(r"\| `.venv/bin/crossover run label-noise-levers`, on MNIST.*?\n\n.*?\n\n", TEXT, flags=re.DOTALL)[
        0
    ]
    folder = ROOT / "reports" / "published" / "label-noise-levers"
    page, info = (folder / "report.html").read_text(), json.loads((folder / "run.json").read_text())
    rows = re.findall(r"^\| ([\w. -]+?) \| ([\d.]+) \| ([\d.]+) \|$", told, flags=re.MULTILINE)
    assert {variant for variant, *_ in rows} == set(info["variants"])
    for variant, *measured in rows:
        for level, accuracy in zip(("symmetric-20", "symmetric-50"), measured, strict=True):
            cells = rf'<td>{level}</td><td class="number">[\d.]+</td><td[^>]*>{variant}</td><td class="number">1</td>'
            assert re.search(rf'{cells}<td class="number">{accuracy}</td>', page), (variant, level)
    assert (
        f"{info['budget']} each" in told and "97.71 and 91.68 %" in told and "97.71 % at 20 %" in info["claims"]["told"]
    )


def test_what_is_said_of_jumbled_labels_is_that_of_its_run():
    told = " ".join(re.search(r"crossover run jumbled`, on MNIST.*?\n\n", TEXT, flags=re.DOTALL)[0].split())
    page = (ROOT / "reports" / "published" / "jumbled" / "report.html").read_text()

    def measured(level, variant):
        cells = rf'<td>{level}</td><td class="number">[\d.]+</td><td[^>]*>{variant}</td><td class="number">1</td>'
        return re.search(rf'{cells}<td class="number">([\d.]+)</td>', page)[1]

    names = ("logistic_regression", "svm", "xgboost", "mlp", "cnn")
    chance = sorted((measured("jumbled", name) for name in names), key=float)
    assert f"{chance[0]} to {chance[-1]} % right" in told
    assert all(re.search(rf"{name} (has )?{measured('jumbled-others', name)} %", told) for name in names)
    assert f"{10_000 - round(100 * float(measured('jumbled-others', 'mlp'))):,} of 10,000 wrong" in told


def test_what_is_said_of_regularisation_is_that_of_its_run():
    told = re.search(r"\| `.venv/bin/crossover run regularisation.*?\n\n", TEXT, flags=re.DOTALL)[0]
    board = (ROOT / "reports" / "published" / "regularisation" / "leaderboard.md").read_text()
    rows = re.findall(r"^\| ([\w. ]+?) \| ([\d.]+) \|$", told, flags=re.MULTILINE)
    assert len(rows) == 9
    for variant, accuracy in rows:
        assert re.search(rf"\| {variant}(?: \(may still improve\))? \| deep \| {accuracy} \|", board), variant
