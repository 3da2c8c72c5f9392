"""``python -m benchmarks.performance [NAME…]``: measure, print, and write RESULTS.md."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from benchmarks import performance
from benchmarks.environment import environment
from benchmarks.errors import UserError, unknown

RESULTS = Path(__file__).with_name("RESULTS.md")
HEAD = "# Speed, measured side by side\n\nWritten by `make performance`; each table by `python -m benchmarks.performance NAME`.\n"


def main(asked: list[str]) -> int:
    """Measure what is asked for, or all; returns the exit code."""
    try:
        for name in asked:
            if name not in performance.names():
                raise unknown("measurement", name, performance.names())
        found = sections(RESULTS.read_text()) if RESULTS.exists() else {}
        for name in asked or [n for n in performance.names() if not getattr(performance.get(n), "LONG", False)]:
            found[name] = section(name)
            print(found[name])
            RESULTS.write_text(HEAD + "".join(f"\n{found[n]}" for n in performance.names() if n in found))
    except UserError as error:
        print(f"crossover: {error}", file=sys.stderr)
        return 2
    return 0


def sections(text: str) -> dict[str, str]:
    """The tables of a file that `main` wrote, by name."""
    parts = text.split("\n## ")[1:]
    return {part.partition(":")[0]: f"## {part.rstrip()}\n" for part in parts}


def section(name: str) -> str:
    """A heading, what was measured on which machine, and the table."""
    question, about = performance.get(name), environment()
    table = markdown(question.measure())
    versions = ", ".join(f"{n} {about['libraries'][n]}" for n in question.LIBRARIES)
    made = f"{datetime.now(UTC):%Y-%m-%d}, {about['cores']} cores of {about['cpu']}, GPU: {about['gpu'] or 'none'}; {versions}."
    return f"## {name}: {question.TITLE}\n\n{question.NOTE}\n\n{made}\n\n{table}\n"


def markdown(frame: pd.DataFrame) -> str:
    """A table of texts; the first column is on the left, the others on the right."""
    columns = [str(name) for name in frame.columns]
    lines = [columns, ["---"] + ["--:"] * (len(columns) - 1), *frame.astype(str).to_numpy().tolist()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
