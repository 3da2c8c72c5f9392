"""The house stands as ARCHITECTURE.md draws it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ["tuning", "estimators", "benchmarks", "reports"]


def imported(path: Path) -> set[str]:
    """Top-level names that a file imports anywhere, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_imports_point_one_way(room):
    forbidden = {*ROOMS[ROOMS.index(room) + 1 :], "crossover", "tests"}
    wrong = {str(f.relative_to(ROOT)): imported(f) & forbidden for f in (ROOT / room).rglob("*.py")}
    assert not {name: names for name, names in wrong.items() if names}


def modules(path: Path) -> set[str]:
    """Full names of the modules that a file imports anywhere, and of what it imports from them."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


EXHIBITS = sorted((ROOT / "reports" / "exhibits").glob("[!_]*.py"))


@pytest.mark.parametrize(
    "path", [*EXHIBITS, *sorted((ROOT / "reports" / "verdict").glob("*.py"))], ids=lambda path: path.stem
)
def test_exhibits_import_no_exhibits(path):
    others = {f"reports.exhibits.{other.stem}" for other in EXHIBITS} - {"reports.exhibits.exhibit"}
    assert not modules(path) & {"reports.exhibits", *others}


def test_analysis_knows_no_exhibit_and_no_figure():
    drawn = (
        "reports.exhibits",
        "reports.page",
        "reports.drawing.style",
        "reports.drawing.svg",
        "matplotlib",
        "seaborn",
    )
    for path in (ROOT / "reports" / "analysis").glob("*.py"):
        assert not {name for name in modules(path) if name.startswith(drawn)}


def test_nothing_travels_in_the_attrs_of_a_frame():
    assert not [path.name for path in (ROOT / "reports").rglob("*.py") if ".attrs" in path.read_text()]


@pytest.mark.parametrize(("room", "absent"), [("tuning", "numpy.typing|PIL"), ("reports", "tensorflow|keras|xgboost")])
def test_rooms_do_without(room, absent):
    wrong = {f.name for f in (ROOT / room).rglob("*.py") if imported(f) & set(absent.split("|"))}
    assert not wrong


@pytest.mark.parametrize(
    "statement",
    ["import crossover", "import reports", "import estimators; estimators.select()", "import benchmarks.suite"],
)
def test_what_is_imported_often_is_light(statement):
    heavy = "import sys; print(*{'tensorflow', 'keras', 'sklearn', 'xgboost', 'keras_tuner'} & set(sys.modules))"
    code = f"{statement}; {heavy}"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert ran.stdout.strip() == ""


def test_the_tree_is_the_one_that_is_described():
    text = (ROOT / "ARCHITECTURE.md").read_text()
    for folder in [
        *ROOMS,
        "benchmarks/data/datasets",
        "benchmarks/execution/executors",
        "benchmarks/suites",
        "reports/exhibits",
    ]:
        assert (ROOT / folder).is_dir()
        assert f"{Path(folder).name}/" in text
