"""The page: one HTML file that asks nobody for anything, made of the verdicts, the leaderboard and the exhibits."""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

import pandas as pd
from markupsafe import Markup

from benchmarks.errors import UserError, printable
from benchmarks.safety import faults
from benchmarks.safety.names import shortened
from reports import leaderboard
from reports.analysis.resources import BUDGETS
from reports.drawing import formats, style
from reports.drawing.formats import Format
from reports.drawing.side_by_side import each
from reports.drawing.svg import Shared
from reports.environments import joined
from reports.exhibits import ACROSS, EXHIBITS, GROUPS, Exhibit
from reports.run import Run
from reports.verdict import Verdict, verdict

T = TypeVar("T")

LONGEST = 50  # rows of a table on the page; the CSV beside it has all
NOT_COMPARABLE = "Not all times are comparable."
UNFORESEEN = "It cannot be made of what the run folder holds"
PACKED = 1_500  # bytes of a CSV from which on it is packed


@dataclass(frozen=True)
class Cell:
    """A cell of a table: its text, what it sorts by if not by its text, and its CSS class."""

    text: str
    value: Any = None
    kind: str = ""


@dataclass(frozen=True)
class Table:
    """A table of the page: headings (text, kind, explanation), rows of cells, and how many rows were left out."""

    headings: list[tuple[str, str, str]]
    rows: list[list[Cell]]
    more: int = 0


@dataclass(frozen=True)
class Shown:
    """An exhibit as the page shows it; without rows, `reason` says why it is not there."""

    id: str
    title: str
    lead: str
    reason: str = ""
    warning: str = ""
    note: str = ""
    figures: list[tuple[str, Any]] = field(default_factory=list)  # labelled; sketches, then elements of the page
    wide: bool = True
    alone: bool = False  # in its row, though narrow: figure and numbers stand side by side
    table: Table | None = None
    csv: str = ""
    file: str = ""
    broken: str = ""  # why it could not be made, where it should have been


def render(run: Run, told: Callable[[str], None] = lambda line: None) -> str:
    """The report page of a run as HTML text; the same run folder gives the same text.

    What cannot be made of an edited folder is left out, and a line of the page says so; `told` is told these lines too.
    """
    lost: list[str] = []
    board, shared = leaderboard.frame(run), Shared()
    slugs = {dataset: _slug(run, dataset, place) for place, dataset in enumerate(run.datasets)}
    exhibits = [exhibit for exhibit in EXHIBITS if exhibit.belongs_to(run)]
    # By exhibit, then data set: what is drawn side by side takes about as long.
    asked = [(exhibit, dataset) for exhibit in exhibits for dataset in run.datasets]
    asked += [(exhibit, "") for exhibit in ACROSS if len(run.datasets) > 1]
    done = each(lambda one: _shown(run, *one, slugs.get(one[1], "across")), asked)
    shown = {(exhibit.name, dataset): made for (exhibit, dataset), made in zip(asked, done, strict=True)}
    shown = {key: _inlined(made, shared) for key, made in shown.items()}
    lost += [
        f"{f'{dataset}: ' if dataset else ''}{made.title}: {made.broken}"
        for (_, dataset), made in shown.items()
        if made.broken
    ]
    sections = [_section(run, board, dataset, slugs[dataset], exhibits, shown, lost) for dataset in run.datasets]
    across = _placed([made for (_, dataset), made in shown.items() if not dataset])
    facts: list[tuple[str, str]] = _made("facts about the run", lambda: _facts(run), [], lost)
    libraries: dict[str, Any] = _made("libraries", lambda: _libraries(run), {}, lost)
    meta: list[str] = _made("facts about the run", lambda: _meta(run), [], lost)
    lost = list(dict.fromkeys(f"Left out: {line}" for line in lost))
    for line in lost:
        told(line)
    if any(UNFORESEEN in line for line in lost):
        told(f"The tracebacks are in {faults.folder()}.")
    page = template("page.html").render(
        sections=sections,
        headline=_headline(sections),
        facts=facts,
        libraries=libraries,
        subject=leaderboard.subject(board),
        notes=[*_notes(run), *lost],
        meta=meta,
        across=across,
        css=Markup(asset("page.css") + shared.css()),
        js=Markup(asset("page.js")),
        download=download("leaderboard.csv", leaderboard.csv(board)),
        columns=_columns(),
        interval=leaderboard.INTERVAL,
        not_comparable=NOT_COMPARABLE if run.not_comparable else "",
    )
    return f"{page}\n"


@cache
def template(name: str) -> Any:
    """The template of a page, a file beside this one."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    return Environment(
        loader=FunctionLoader(asset), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    ).get_template(name)


def asset(name: str) -> str:
    """The text of a file beside this one."""
    return files("reports.page").joinpath(name).read_text(encoding="utf-8")


def _slug(run: Run, dataset: str, place: int) -> str:
    """What the identifiers of a data set's section begin with."""
    slug = re.sub(r"[^a-z0-9]+", "-", dataset.lower()).strip("-")[:40] or "data"
    return slug if place == 0 or len(run.datasets) == len({d.lower() for d in run.datasets}) else f"{slug}-{place}"


def _section(
    run: Run,
    board: pd.DataFrame,
    dataset: str,
    slug: str,
    exhibits: Sequence[Exhibit],
    shown: Mapping[tuple[str, str], Shown],
    lost: list[str],
) -> dict[str, Any]:
    rows = board[board["dataset"] == dataset]
    groups: dict[str, list[Shown]] = {}
    for group in GROUPS:
        if members := [shown[e.name, dataset] for e in exhibits if e.group == group]:
            groups[group] = _placed(members)
    return {
        "id": slug,
        "title": run.title(dataset),
        "verdict": _made(
            f"{dataset}: the verdict",
            lambda: verdict(run, dataset),
            Verdict(f"No verdict on {run.title(dataset)}"),
            lost,
        ),
        "board": _board(rows, style.looks(run.families)),
        "rest": _rest(rows),
        "reasons": [r for r in rows.itertuples() if r.reason],
        "groups": groups,
        "labels": {group: GROUPS[group] for group in groups},
    }


def _shown(run: Run, exhibit: Exhibit, dataset: str, slug: str) -> Shown:
    """The exhibit, or why it cannot be made: one file that somebody edited must not cost all the others their place."""
    try:
        return _drawn(run, exhibit, dataset, slug)
    except Exception as error:
        reason = _reason(error)
        return Shown(f"{slug}-{exhibit.name}", exhibit.title, exhibit.lead, reason=reason, broken=reason)


def _made(what: str, make: Callable[[], T], otherwise: T, lost: list[str]) -> T:
    """What `make` makes, or something else and a line in `lost`."""
    try:
        return make()
    except Exception as error:
        lost.append(f"{what}: {_reason(error)}")
        return otherwise


def _reason(error: Exception) -> str:
    """Why a part of the page is not there; a log has the traceback of what nobody foresaw."""
    if isinstance(error, UserError):
        return str(error)
    text = shortened(" ".join(f"{type(error).__name__}: {error}".split()), 200)
    faults.logged(error, "crossover report")
    return f"{UNFORESEEN} ({printable(text)})."


def _drawn(run: Run, exhibit: Exhibit, dataset: str, slug: str) -> Shown:
    frame = exhibit.table(run, dataset) if dataset else exhibit.table(run)
    identity = f"{slug}-{exhibit.name}"
    if frame.empty:
        return Shown(identity, exhibit.title, exhibit.lead, reason=exhibit.empty)
    looks = style.looks(run.families)
    figures = [
        (label, style.sketch(exhibit.draw(part, looks), f"{identity} {label}", exhibit.describe(part)))
        for label, part in exhibit.views(frame).items()
        if exhibit.draw
    ]
    width = max((drawn.width / 72 for _, drawn in figures), default=0)
    numbers = table(frame, exhibit.format)
    file, csv = download(f"{slug}-{exhibit.name}.csv", exhibit.csv(frame))
    return Shown(
        identity,
        exhibit.title,
        exhibit.lead,
        warning=NOT_COMPARABLE if exhibit.timed and run.not_comparable else "",
        note=exhibit.note(frame),
        figures=figures,
        wide=width > style.NARROW + 0.2 if figures else len(numbers.headings) > 2,
        table=numbers,
        csv=csv,
        file=file,
    )


def _placed(members: Sequence[Shown]) -> list[Shown]:
    """The exhibits of a part, two narrow ones to a row; one that would be alone in its row uses the width of it."""
    placed: list[Shown] = []
    left: int | None = None  # where the narrow one stands that has no neighbour yet
    for member in members:
        if not member.reason:
            if left is not None and member.wide:
                placed[left] = replace(placed[left], alone=True)
            left = len(placed) if left is None and not member.wide else None
        placed.append(member)
    if left is not None:
        placed[left] = replace(placed[left], alone=True)
    return placed


def _inlined(shown: Shown, shared: Shared) -> Shown:
    """The exhibit with its figures as elements of the page."""
    try:
        return replace(shown, figures=[(label, Markup(style.inline(drawn, shared))) for label, drawn in shown.figures])
    except Exception as error:
        reason = _reason(error)
        return Shown(shown.id, shown.title, shown.lead, reason=reason, broken=reason)


def download(name: str, text: str) -> tuple[str, str]:
    """A CSV as a link of the page: file name and data URL; a long one is packed (page.js unpacks it when clicked).

    One with more than ASCII begins with a mark without which Excel takes UTF-8 for something else.
    """
    raw = text.encode("utf-8" if text.isascii() else "utf-8-sig")
    if len(raw) <= PACKED:
        return name, "data:text/csv;charset=utf-8;base64," + base64.b64encode(raw).decode()
    packed = gzip.compress(raw, mtime=0)
    return f"{name}.gz", "data:application/gzip;base64," + base64.b64encode(packed).decode()


def table(frame: pd.DataFrame, format_of: Callable[[str], Format]) -> Table:
    """A frame as a table of the page, without the columns that are not for it and those without any value."""
    shown = {name: format_of(name) for name in frame if frame[name].notna().any()}
    shown = {name: kind for name, kind in shown.items() if kind.shown == "page"}
    classes = {name: _class(frame[name], kind) for name, kind in shown.items()}
    rows = [
        [_cell(record[name], kind, classes[name]) for name, kind in shown.items()]
        for record in frame.head(LONGEST)[list(shown)].to_dict("records")
    ]
    headings = [(kind.heading(name), classes[name], "") for name, kind in shown.items()]
    return Table(headings, rows, max(0, len(frame) - LONGEST))


def _class(column: pd.Series, kind: Format) -> str:
    """The class of a column's cells: "number" is aligned to the right."""
    if kind.aligned == "by type":
        numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
        return "number" if numeric else "text"
    return "number" if kind.aligned == "right" else "text"


def _cell(value: Any, kind: Format, css: str) -> Cell:
    if formats.absent(value):
        return Cell(formats.GAP, None, css)
    text = kind.write(value)
    if kind.sorts_by_value:
        return Cell(text, int(value) if isinstance(value, bool) else float(value), css)
    if css == "text":
        return Cell(text, None, "long" if len(text) > 30 else "phrase" if len(text) > 14 and " " in text else css)
    return Cell(text, None, css)


def _board(rows: pd.DataFrame, looks: style.Looks) -> list[dict[str, Any]]:
    """The leaderboard's rows: cells by column, and where dot and interval stand on a common axis from 0 to 100."""
    ends = style.stretch([rows["accuracy_low"].min(), rows["accuracy_high"].max()])
    reach = max(float(ends[1] - ends[0]), 1e-9)

    def place(share: float) -> float:
        return round(4 + 92 * (float(style.stretch(share)) - float(ends[0])) / reach, 1)

    shown, columns = [], _columns()
    for rank, row in enumerate(rows.itertuples(), 1):
        cells = [(c, Cell(c.write(row), _sortable(getattr(row, c.sorts_by)), c.kind)) for c in columns]
        scored = not formats.absent(row.accuracy)
        span = [place(v) for v in (row.accuracy_low, row.accuracy, row.accuracy_high)] if scored else None
        shape = style.SHAPES[looks[row.variant].marker]
        small = [leaderboard.family(row), *([row.backend] if row.backend else [])]
        facts = {"small": ", ".join(small), "marks": leaderboard.marks(row)}
        shown.append({"rank": rank, "row": row, "cells": cells, "span": span, "shape": shape, **facts})
    return shown


def _columns() -> list[leaderboard.Column]:
    """The columns of the leaderboard, which fits a page; `_rest` has the others."""
    return [column for column in leaderboard.shown_columns() if column.room != "wide"]


def _rest(rows: pd.DataFrame) -> Table:
    """The scores and costs that the leaderboard has no room for."""
    columns = [column for column in leaderboard.shown_columns() if column.room == "wide"]
    headings = [(leaderboard.subject(rows), "text", ""), *((c.heading, "number", c.explanation) for c in columns)]
    cells = [
        [Cell(row.variant), *(Cell(c.write(row), _sortable(getattr(row, c.sorts_by)), "number") for c in columns)]
        for row in rows.itertuples()
    ]
    return Table(headings, [[replace(cell, kind=cell.kind or "text") for cell in row] for row in cells])


def _sortable(value: Any) -> Any:
    return "" if formats.absent(value) else value if isinstance(value, str) else float(value)


def _headline(sections: list[dict[str, Any]]) -> str:
    if len(sections) == 1:
        return sections[0]["verdict"].headline
    total, winners = len(sections), [section["verdict"].winner for section in sections]
    counts = {name: winners.count(name) for name in winners if name}
    if not counts:
        return f"No clear winner on any of {total} data sets"
    name = max(counts, key=lambda winner: counts[winner])
    if counts[name] == total:
        return f"{name} leads on {'both' if total == 2 else f'all {total}'} data sets"
    others = "" if len(counts) == 1 else f", {', '.join(n for n in counts if n != name)} elsewhere"
    return f"{name} leads on {counts[name]} of {total} data sets{others}"


def _notes(run: Run) -> list[str]:
    """What a reader of any number must know, told once, at the top; what passports note of the data is among it."""
    return list(dict.fromkeys(run.notes))


def _meta(run: Run) -> list[str]:
    machine = _machine(run)
    parts = [f"suite {run.info['suite']}", str(run.info.get("created", ""))[:10]]
    if total := _wall(run):
        parts.append(f"{formats.duration(total)} on {machine.get('cores', '?')} cores")
    seeds = len(run.info["seeds"])
    parts.append("one seed" if seeds == 1 else f"{seeds} seeds")
    if run.info.get("budget"):
        parts.append(f"budget of each estimator {_budget(run)}")
    return [part for part in parts if part]


def _budget(run: Run) -> str:
    """What each variant was granted for search and fit, under the condition that is shown."""
    levels = {condition.level for condition in run.shown.values() if condition.study == BUDGETS.name}
    return ", ".join(f"{level:g} s" for level in sorted(levels)) or str(run.info.get("budget") or "")


def _wall(run: Run) -> float:
    return sum(float(session.get("seconds") or 0) for session in run.info.get("sessions", []))


def _machine(run: Run) -> dict[str, Any]:
    """Where the run was measured: a value where there is one, else all with the names of their environments."""
    return joined({
        place: facts | {"memory_bytes": formats.size(facts.get("memory_bytes"))}
        for place, facts in run.environments.items()
    })  # fmt: skip


def _libraries(run: Run) -> dict[str, Any]:
    return joined({place: facts.get("libraries", {}) for place, facts in run.environments.items()})


def _facts(run: Run) -> list[tuple[str, str]]:
    info, machine = run.info, _machine(run)
    spent = (
        run.searches["spent_seconds"].sum() + run.fits["fit_seconds"].sum() + run.evaluations["predict_seconds"].sum()
    )
    sessions, share = info.get("sessions", []), info.get("validation_share")
    facts = [
        ("command", info.get("command")),
        ("seeds", ", ".join(map(str, info["seeds"]))),
        ("budget of each estimator", _budget(run)),
        (
            "validation rows",
            f"{formats.percent(share, 0)} % of the training images" if isinstance(share, float) else None,
        ),
        (
            "execution",
            f"{info.get('executor', '')}, {info.get('workers', '?')} workers of {info.get('threads', '?')} threads",
        ),
        ("time, in all", f"{formats.duration(_wall(run))} in {len(sessions)} session{'s' * (len(sessions) != 1)}"),
        ("time, in the ledger", f"{formats.duration(spent)} of searches, final fits and predictions"),
        ("processor", machine.get("cpu")),
        ("cores", machine.get("cores")),
        ("memory", machine.get("memory_bytes")),
        ("matrix products, 10⁹ operations a second", machine.get("product_gflops")),
        ("graphics processor", machine.get("gpu")),
        ("platform", machine.get("platform")),
        ("Python", machine.get("python")),
        ("Crossover", info.get("crossover")),
    ]
    return [(name, str(value)) for name, value in facts if value not in (None, "")]
