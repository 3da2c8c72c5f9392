"""The code of a job: every file that it runs is digested, and what other code computed is done again."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import estimators
from benchmarks.errors import UserError
from benchmarks.execution import sources
from benchmarks.ledger import read_table
from benchmarks.run import run
from tests.benchmarks.study import Silent, add_estimator, carry_out, suite, trial

ROOT = Path(__file__).parents[3]
PERFORM = """
import sys
from dataclasses import replace
from pathlib import Path
from benchmarks.execution.work import perform
from benchmarks.execution.job import Job
from benchmarks.studies import Condition

job, model = {job}, {model!r}
jobs = [
    job,
    replace(job, kind="fit", model=model),
    replace(job, kind="evaluate", model=model, folder=model + "-out", latency_calls=1),
]
for answer in map(perform, jobs):
    assert answer.ok, answer.reason
print(*(module.__file__ for module in sys.modules.values() if getattr(module, "__file__", None)), sep="\\n")
"""


@pytest.mark.parametrize("name", estimators.names())
def test_every_file_that_a_job_runs_is_digested(name, tmp_path):
    """Asked of a process that has performed a trial, a fit and an evaluation."""
    estimator = estimators.get(name)
    # Every kind of features is found by name alone.
    params = estimator.base | ({"features": "hog"} if "features" in estimator.base else {})
    job = repr(trial(name, params, effort=0.02))
    code = PERFORM.format(job=job, model=str(tmp_path / "model"))
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert ran.returncode == 0, ran.stderr
    floors = [ROOT / floor for floor in sources.FLOORS]
    ran_files = {Path(line) for line in ran.stdout.splitlines() if any(map(Path(line).is_relative_to, floors))}
    assert len(ran_files) > 20
    assert ran_files <= set(sources.sources(sources.WORKER, estimators.file_of(name)))


def test_any_file_and_any_library_is_part_of_the_digest(monkeypatch):
    file = estimators.file_of("cnn")
    before, digest, libraries = sources.code_digest(file), sources.source_digest, dict(sources.libraries())
    assert before == sources.code_digest(file)
    for edited in sources.sources(sources.WORKER, file):
        with monkeypatch.context() as patch:
            patch.setattr(sources, "source_digest", lambda path, e=edited: "edited" if path == e else digest(path))
            patch.setattr(sources, "_changed", lambda path, e=edited: int(path == e))
            assert sources.code_digest(file) != before, edited
    for name in libraries:
        with monkeypatch.context() as patch:
            patch.setattr(sources, "libraries", lambda n=name: libraries | {n: "0"})
            assert sources.code_digest(file) != before, name


def test_an_estimator_does_not_depend_on_the_files_of_another():
    cnn = {path.name for path in sources.sources(sources.WORKER, estimators.file_of("cnn"))}
    svm = {path.name for path in sources.sources(sources.WORKER, estimators.file_of("svm"))}
    assert "network.py" in cnn - svm and "kernel_machine.py" in svm - cnn
    assert not {"mnist.py", "kaggle_csv.py"} & (cnn | svm), "data has a fingerprint of its own"


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("# a comment\nx  =  1\n", True),
        ('"""Another docstring."""\nx = 1\n', True),
        ('"""D."""\n\n\ndef f():\n    """D."""\n', None),
        ("x = 2\n", False),
        ("y = 1\n", False),
    ],
)
def test_comments_layout_and_docstrings_are_no_part_of_a_source(tmp_path, text, same):
    one, two = tmp_path / "one.py", tmp_path / "two.py"
    one.write_text('"""Docstring."""\n\nx = 1\n')
    two.write_text(text)
    if same is None:  # A function that is nothing but its docstring is still another source.
        assert sources.source_digest(one) != sources.source_digest(two)
    else:
        assert (sources.source_digest(one) == sources.source_digest(two)) is same


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    folder = tmp_path / "estimators"
    folder.mkdir()
    monkeypatch.setenv("CROSSOVER_ESTIMATORS", str(folder))
    add_estimator(folder, "nearest_mean")
    add_estimator(folder, "another")
    return folder / "nearest_mean.py"


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    sys.modules.pop(f"crossover_plugins.{path.stem}", None)  # As in a new process.


def test_a_resume_after_an_edit_reuses_nothing_of_the_old_code(tmp_path, plugin):
    both = {"estimators": ["nearest_mean", "another"]}
    carry_out(tmp_path / "run", **both)
    before = read_table(tmp_path / "run", "trials")
    edit(plugin, '"""The nearest', '"""A reworded docstring: the nearest')
    observer = Silent()
    carry_out(tmp_path / "run", observer, **both)
    assert (observer.trials, observer.notes) == (0, []), "a docstring is no code"

    edit(plugin, "normal(0, 0.01", "normal(0, 0.5")
    carry_out(tmp_path / "run", observer, **both)
    assert observer.trials == 5
    (note,) = observer.notes
    assert "nearest_mean.py changed" in note and "of nearest_mean are done again" in note
    after = read_table(tmp_path / "run", "trials")
    mine, others = (table.query("variant == 'nearest_mean'")["key"] for table in (before, after))
    assert not set(mine) & set(others) and len(after) == len(before)
    kept = [table.query("variant == 'another'")["finished"].tolist() for table in (before, after)]
    assert kept[0] == kept[1]
    assert (tmp_path / "run" / "ledger-before-session-2.sqlite").exists()
    for table in ("searches", "fits", "evaluations"):
        assert len(read_table(tmp_path / "run", table)) == 2


def test_a_resume_with_another_library_reuses_nothing(tmp_path, plugin, monkeypatch):
    carry_out(tmp_path / "run")
    libraries = dict(sources.libraries())
    monkeypatch.setattr(sources, "libraries", lambda: libraries | {"numpy": "99.0"})
    observer = Silent()
    carry_out(tmp_path / "run", observer)
    assert observer.trials == 5 and "numpy changed" in observer.notes[0]
    info = json.loads((tmp_path / "run" / "run.json").read_text())
    assert [bool(s["environment"]["cpu"]) for s in info["sessions"]] == [True, True]
    assert set(read_table(tmp_path / "run", "trials")["session"]) == {1}


def test_a_module_beside_a_plugin_and_another_plugin_are_part_of_its_code(tmp_path, plugin):
    """What it imports from its own folder, by whatever name, and the versions of the libraries that only it uses."""
    edit(
        plugin,
        "import numpy as np\n",
        "import numpy as np\nimport helper\nimport crossover_plugins.another\nimport PIL\n",
    )
    (plugin.parent / "helper.py").write_text("NOISE = 1\n")
    code = sources.code_of(plugin)
    assert {"helper.py", "another.py", "nearest_mean.py"} <= set(code) and "pillow" in code["PIL"]
    before = sources.code_digest(plugin)
    (plugin.parent / "helper.py").write_text("NOISE = 22\n")
    assert sources.code_digest(plugin) != before


def test_a_plugin_may_import_another_in_whatever_order(tmp_path, plugin):
    child = plugin.parent / "child.py"
    text = plugin.read_text().replace("nearest_mean", "child")
    child.write_text(
        text.replace("import numpy as np\n", "import numpy as np\nfrom crossover_plugins.another import build as _\n")
    )
    assert run(suite(estimators=["child"], budget="2 trials"), tmp_path / "run", Silent(), execute_by="local")
    assert set(read_table(tmp_path / "run", "fits")["status"]) == {"ok"}


def test_an_edit_during_a_run_ends_it_in_one_line_and_mixes_nothing(tmp_path, plugin):
    def at_trial(number):
        if observer.trials == 2:
            plugin.write_text(plugin.read_text().replace("normal(0, 0.01", "normal(0, 0.5"))

    observer = Silent(at_trial)
    with pytest.raises(UserError, match="was edited while it ran") as error:
        carry_out(tmp_path / "run", observer, seeds=2)
    assert "\n" not in str(error.value)
    sys.modules.pop("crossover_plugins.nearest_mean", None)
    again = Silent()
    assert carry_out(tmp_path / "run", again, seeds=2)
    assert again.trials == 10 and "nearest_mean.py changed" in again.notes[0]
    assert len(set(read_table(tmp_path / "run", "trials")["code"])) == 1


def test_what_decides_in_the_driver_is_part_of_the_code():
    assert {"benchmarks/search.py", "benchmarks/protocol.py"} <= set(sources.code_of(estimators.file_of("svm")))
