"""Which run was perhaps meant by a folder that is none: words for an error."""

from __future__ import annotations

import difflib
from pathlib import Path

RUNS = Path("runs")  # what `crossover run` makes is below it
LISTED = 20  # runs that a message names


def runs_in(folder: Path) -> dict[str, Path]:
    """The run folders in a folder, by name; none where nobody may look."""
    try:
        return {path.name: path for path in sorted(folder.iterdir()) if (path / "run.json").is_file()}
    except OSError:
        return {}


def meant(folder: Path) -> str:
    """Which run was perhaps meant by a folder that is none, as words that follow an error; "" where there is no telling."""
    if inside := runs_in(folder):
        paths = [str(path) for path in inside.values()]
        more = f" and {len(paths) - LISTED} more" if len(paths) > LISTED else ""
        return f" The runs in it: {', '.join(paths[:LISTED])}{more}."
    near = runs_in(folder.parent) | runs_in(RUNS)
    names = [folder.name] if folder.name in near else difflib.get_close_matches(folder.name, near, n=1, cutoff=0.6)
    return f" Did you mean {near[names[0]]}?" if names else ""
