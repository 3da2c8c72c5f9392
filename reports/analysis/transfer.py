"""What a source is worth: variants that start from one beside the same variants from scratch, at every number of images.

The gain at a level is the accuracy with the source less that without, on the same test images, with its paired interval; p
values are corrected (Holm) for all ways and levels of a source. The worth is read off the curve from scratch: so many more
images per class as it takes for the accuracy that the source gives, between levels by a straight line over the logarithm of
their number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.studies import Condition
from reports.analysis.comparison import holm, paired_p
from reports.analysis.effort import efforts
from reports.analysis.intervals import accuracy_interval, difference_interval

if TYPE_CHECKING:
    from reports.run import Run

STUDY = "transfer"
SCRATCH, AS_IT_IS = "from scratch", "as it is"
TELLING = 0.25  # of the way from guessing to all right: a training that came less far sets no goal


BEYOND = {"worth": "worth_beyond", "worth_low": "low_beyond", "worth_high": "high_beyond"}


@dataclass(frozen=True)
class Worth:
    """Images per class that a source stands for beyond those that were used with it; `beyond` says that it is more than this,
    since the curve from scratch ends below.
    """

    images: float
    beyond: bool = False


def origins(run: Run) -> dict[str, dict[str, Any]]:
    """By label of a variant what run.json tells of its source, of those that have one."""
    return {name: facts["origin"] for name, facts in run.info["variants"].items() if facts.get("origin")}


def levels(run: Run, dataset: str) -> list[tuple[Condition, int]]:
    """The conditions of the study that were evaluated on a data set, and their images per class, ascending."""
    found = [(c, int(c.value or 0)) for c in run.conditions if c.study == STUDY and run.at(c).scored(dataset)]
    return sorted(found, key=lambda level: level[1])


def worth(accuracy: float, used: int, images: NDArray[np.float64], scratch: NDArray[np.float64]) -> Worth:
    """What an accuracy is worth that was reached with `used` images per class.

    Parameters
    ----------
    images, scratch : (m,), images per class, ascending, and the accuracy that training from scratch reached with them. More
        images are taken to be no worse than fewer.
    """
    reached = np.maximum.accumulate(scratch)
    if accuracy > reached[-1]:
        return Worth(images[-1] - used, beyond=True)
    if accuracy <= reached[0]:
        # Less than the curve has; nobody knows how many fewer.
        return Worth(min(0.0, images[0] - used))
    after = int(np.argmax(reached >= accuracy))
    share = (accuracy - reached[after - 1]) / (reached[after] - reached[after - 1])
    needed = np.exp(np.interp(share, [0, 1], np.log(images[[after - 1, after]])))
    return Worth(float(needed) - used)


def transfer(run: Run, dataset: str) -> pd.DataFrame:
    """One row per variant and level that was evaluated, those from scratch first.

    Returns
    -------
    ``variant, family, estimator, source, way, framed, per_class, images, seeds, accuracy, accuracy_low, accuracy_high``; of those
    with a source also ``gain, gain_low, gain_high, p_holm``, ``worth`` with the ends ``worth_low, worth_high`` of what the interval
    of the accuracy is worth, ``worth_beyond, low_beyond, high_beyond`` where that is more, and ``source_seconds``, what its model took to
    fit; ``seconds`` of the fit; ``effort``, its share of a full fit, and ``scratch_effort``, that of the same variant without a source; ``validation``, the accuracy by which a variant may be chosen. ``scratch`` is the label of the
    same variant without a source.
    """
    return run.once(("transfer", dataset), lambda: _transfer(run, dataset)).copy()


def _transfer(run: Run, dataset: str) -> pd.DataFrame:
    about, classes = origins(run), 0
    rows, right = [], {}
    for condition, per_class in levels(run, dataset):
        at, classes = run.at(condition), len(run.classes(dataset))
        fits = at.fits[(at.fits["dataset"] == dataset) & (at.fits["status"] == "ok")].groupby("variant")
        means, lengths = fits[["fit_seconds", "validation_score"]].mean(), efforts(at, dataset)
        for name in at.scored(dataset):
            own = about.get(name)
            correct = right[name, per_class] = at.correct(dataset, name)
            low, high = accuracy_interval(correct)
            row = {
                "variant": name, "family": run.families[name], "estimator": run.estimators[name],
                "source": own["source"] if own else "", "way": (own["way"] or AS_IT_IS) if own else SCRATCH,
                "framed": own["framed"] if own else None, "scratch": own["scratch"] if own else name,
                "model": own["model"] if own else "", "per_class": per_class, "images": per_class * classes,
                "seeds": len(correct), "accuracy": float(correct.mean()), "accuracy_low": low, "accuracy_high": high,
                "seconds": means["fit_seconds"].get(name), "validation": means["validation_score"].get(name),
                "effort": lengths[name].fit_effort if name in lengths else np.nan,
            }  # fmt: skip
            rows.append(row)
    if not rows:
        return pd.DataFrame()
    table = pd.DataFrame(rows)
    table = table.assign(
        **dict.fromkeys(["gain", "gain_low", "gain_high", "p", "p_holm", "scratch_effort"], np.nan),
        **dict.fromkeys(["worth", "worth_low", "worth_high"], np.nan),
        **dict.fromkeys(["worth_beyond", "low_beyond", "high_beyond"], False),
    )
    table["source_seconds"] = table["model"].map(_seconds_of_models(run, dataset))
    curves = dict(list(table[table["way"] == SCRATCH].groupby("variant")))
    for place, row in table[table["way"] != SCRATCH].iterrows():
        if (row["scratch"], row["per_class"]) in right:
            pair = right[row["variant"], row["per_class"]], right[row["scratch"], row["per_class"]]
            seeds = min(map(len, pair))
            gap = pair[0][:seeds].astype(np.int8) - pair[1][:seeds].astype(np.int8)
            low, high = difference_interval(gap)
            table.loc[place, ["gain", "gain_low", "gain_high", "p"]] = float(gap.mean()), low, high, paired_p(gap)
        if row["scratch"] in curves:
            own = curves[row["scratch"]]
            at = own.set_index("per_class")
            if row["per_class"] in at.index:
                table.loc[place, "scratch_effort"] = at["effort"][row["per_class"]]
            scratch = own["per_class"].to_numpy(float), own["accuracy"].to_numpy(float)
            for of, to in (("accuracy", "worth"), ("accuracy_low", "worth_low"), ("accuracy_high", "worth_high")):
                found = worth(row[of], row["per_class"], *scratch)
                table.loc[place, [to, BEYOND[to]]] = found.images * classes, found.beyond
    for _, own in table[table["p"].notna()].groupby("source"):
        table.loc[own.index, "p_holm"] = holm(own["p"].to_numpy(float))
    order = {name: i for i, name in enumerate(run.variants)}
    return table.drop(columns="p").sort_values(
        ["variant", "per_class"],
        key=lambda values: values.map(order) if values.name == "variant" else values,
        ignore_index=True,
    )


def _seconds_of_models(run: Run, dataset: str) -> dict[str, float]:
    """By label of a source's model, the mean seconds of its fits."""
    found: dict[str, float] = {}
    for condition in run.conditions:
        if condition.study == STUDY and not condition.value:
            fits = run.at(condition).fits
            fits = fits[(fits["dataset"] == dataset) & (fits["status"] == "ok")]
            found |= fits.groupby("variant")["fit_seconds"].mean().to_dict()
    return found


def convergence(run: Run, dataset: str) -> pd.DataFrame:
    """How fast models with curves get as far as training from scratch gets in the end, at every level.

    The curves are those of the longest trial of each variant, on the same validation rows; the goal is the best validation
    accuracy of the one from scratch, where that is clearly above chance. Networks are looked at six times in a training, so
    that is how finely time is told; of boosted trees a round is a look. Seconds are those of the fit up to then, with what it
    takes to start.

    Returns
    -------
    ``variant, family, source, way, per_class, goal, best, share, shown, seconds``: `share` of the training after which the goal
    was reached, `shown` images or rounds, missing where it was not.
    """
    about, rows = origins(run), []
    for condition, per_class in levels(run, dataset):
        chance = 1 / len(run.classes(dataset))
        trials = run.at(condition).trials
        trials = trials[(trials["dataset"] == dataset) & (trials["status"] == "ok")]
        longest = trials.sort_values(["effort", "number"]).groupby(["variant", "seed"]).tail(1)
        curves: dict[tuple[str, int], Any] = {
            (row.variant, row.seed): row for row in longest.itertuples() if (row.history or {}).get("val_accuracy")
        }
        for (name, seed), row in curves.items():
            own = about.get(name)
            alone = curves.get((own["scratch"] if own else name, seed))
            if alone is None:
                continue
            goal, reached = max(alone.history["val_accuracy"]), np.array(row.history["val_accuracy"])
            if goal < chance + TELLING * (1 - chance):
                continue
            looks = np.flatnonzero(reached >= goal)
            share = (looks[0] + 1) / len(reached) if len(looks) else np.nan
            shown = row.history.get("images", list(range(1, len(reached) + 1)))
            start = row.start_seconds if row.start_seconds == row.start_seconds else 0.0
            rows.append(
                {
                    "variant": name, "family": run.families[name], "source": own["source"] if own else "",
                    "way": own["way"] if own else SCRATCH, "per_class": per_class, "seed": seed, "goal": goal,
                    "best": float(reached.max()), "share": share, "shown": shown[looks[0]] if len(looks) else np.nan,
                    "seconds": (start + share * (row.fit_seconds - start)) / row.fits,
                }
            )  # fmt: skip
    if not rows:
        return pd.DataFrame()
    kept = ["variant", "family", "source", "way", "per_class"]
    # A seed that did not get there counts as not reached, so that the mean is not of the lucky ones alone.
    numbers = pd.DataFrame(rows).groupby(kept, sort=False)[["goal", "best", "share", "shown", "seconds"]]
    return numbers.agg(lambda values: values.mean(skipna=False)).reset_index()
