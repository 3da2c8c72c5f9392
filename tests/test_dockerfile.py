"""The Dockerfile, read line by line, since not every machine has Docker: what it copies and runs is there."""

import fnmatch
import json
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
STEPS = [
    line.split(maxsplit=1)
    for line in (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    if line.strip() and not line.startswith("#")
]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
MEASURED = {Path("performance", "RESULTS.md")}
"""What was measured here is for readers of the repository, not for an installed copy."""
IGNORED = (ROOT / ".dockerignore").read_text().split()


def copied():
    """Path in the image -> path in the tree of all that is copied."""
    found = {}
    for step, text in STEPS:
        if step == "COPY":
            *sources, target = text.split()
            found |= {target + source if target.endswith("/") else target: ROOT / source for source in sources}
    return found


def test_what_is_copied_is_there_and_not_ignored():
    assert len(copied()) >= 9
    for path in copied().values():
        assert path.exists() and not any(fnmatch.fnmatch(path.name, pattern) for pattern in IGNORED), path


def test_all_that_is_installed_is_copied():
    project, setuptools = PROJECT["project"], PROJECT["tool"]["setuptools"]
    needed = {
        "pyproject.toml",
        project["readme"],
        *project["license-files"],
        *(f"{name}.py" for name in setuptools["py-modules"]),
    }
    needed |= {name for name in setuptools["packages"]["find"]["include"] if "*" not in name}
    assert needed <= {path.name for path in copied().values()}


def test_paths_that_a_step_runs_on_were_copied():
    there = {path for target in copied() for path in (target, str(Path(target).parent))}
    for step, text in STEPS:
        if step == "RUN":
            assert set(re.findall(r"/opt/\S+", text)) <= there, text


def test_the_command_is_the_projects_and_nobody_is_root():
    order = [step for step, _ in STEPS]
    texts = dict(STEPS)
    assert json.loads(texts["ENTRYPOINT"])[0] in PROJECT["project"]["scripts"] and json.loads(texts["CMD"]) == [
        "--help"
    ]
    user = texts["USER"]
    assert user not in ("root", "0") and f"useradd {user}" in "".join(text for step, text in STEPS if step == "RUN")
    assert order.index("USER") > max(i for i, step in enumerate(order) if step in ("RUN", "COPY"))


def test_its_python_is_one_that_the_project_takes():
    least, below = re.search(r">=3\.(\d+),<3\.(\d+)", PROJECT["project"]["requires-python"]).groups()
    minor = re.match(r"python:3\.(\d+)-slim$", dict(STEPS)["FROM"])[1]
    assert int(least) <= int(minor) < int(below)


def test_what_is_not_python_is_packaged():
    """An installed copy has the templates, suites and portfolios as well."""
    packaged = PROJECT["tool"]["setuptools"]["package-data"]
    for room in ("tuning", "estimators", "benchmarks", "reports"):
        for path in (ROOT / room).rglob("*.*"):
            name = path.relative_to(ROOT / room)
            if path.is_dir() or path.suffix in (".py", ".pyc") or name in MEASURED or name.parts[0] == "published":
                continue
            assert any(fnmatch.fnmatch(str(name), pattern) for pattern in packaged.get(room, [])), path
