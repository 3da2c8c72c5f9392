"""The verdict: a headline and a few sentences, each made by a rule from the numbers.

"Best" is the most accurate on the test images. Models are tied where the paired test between them, Holm-corrected for all
pairs, is not significant at 5 %. Two costs differ where their ranges (`reports.analysis.costs`) have nothing in common. The
rules, by the name that every `Sentence` carries:

| rule | holds where | says |
| --- | --- | --- |
| `network ahead` | the best network beats the best classical model | the errors of both, and the difference |
| `classical ahead` | the best classical model beats the best network | the same; that these networks were less accurate |
| `hardly trained` | the best network is not ahead, and the budget had room for less than an eighth of a full fit of a network | that the question is not answered |
| `tie` | the two are tied | the errors of both, the difference, and the lead that would have been found |
| `lead` | one family alone was run | the leader's distance to the second |
| `ensemble` | a mean of the models was compared | its errors, those of the best model alone, the difference, and the time that both take for an image; or that it is one model alone |
| `training time` | the final fits of the two were timed alike | both times, or that they cannot be told apart |
| `setting` | the ledger tells how far the searches came | who is tuned, lightly searched, or has its default setting |
| `not flattened` | the validation curve of a network had not flattened during its fit, or, where that had no rows to watch, during its longest trial | which network, and at how many levels of a study |
| `part of a fit` | the budget had room for less than a full fit | of whom, and how much |
| `over budget` | search and fit took more than 5 % and more than 2 s beyond the budget | who, and by how much |
| `ahead everywhere` | a study of sizes or budgets, the network ahead at each | from which level on that is confirmed |
| `crossover` | the network's lead is established from a level on, and was not there at all of the smaller ones | the bracket |
| `no crossover` | the classical model is established as better at the largest level | that none was seen |
| `not settled` | at the largest level neither is established as better | that nothing is claimed |
| `under corruption` | a study of corruptions is done | what the best of each family keep, on average over them, and the difference |
| `hardest corruption` | the same | under which corruption least is left of each, and how much |
| `by corruption` | the same, both families were run, two corruptions or more | under how many the lead of each is established, after Holm |
| `repair` | what repair brings was studied | of the best of each family, what repair chosen by each detector brings back, what that costs on clean images, and whether it beats the most confident answer |
| `neighbours` | a study of structure is done | whose accuracy changes, beyond chance, where pixels are in another order, and by how much; and whose fits were of another length |
| `wrong labels` | a study of label noise is done | what the best of each family reach at each level, four at most; and whose fits were of another length |
| `suspects` | a study of cleaning is done | whose accuracy changes, beyond chance, where the images suspected of wrong labels are removed or relabelled, and by how much; and whose fits were of another length |
| `zero-shot` | a study of transfer is done, and the source knows the target's classes | what the source's best model of each family, by validation on the source, labels rightly |
| `worth` | the same, some variant starts from the source | how many images of the target that is worth at the fewest, for the best of each family by validation; or that it is not established, or that it costs |
| `cheapest of the tied` | one of those tied at the top differs in cost from all others, below them | which, and its cost |
| `hardest class` | one class alone has the lowest recall, of the leader | which, its recall and precision |
| `most frequent error` | at most three confusions are equally frequent, and happen more than once | which, and how often |
| `no error` | the leader made none | that |
| `calibration` | the leader's confidence is off by a point or more, and not by chance | by how much |
| `without a result`, `failed trials` | there are any | which, how many |
"""

from __future__ import annotations

from dataclasses import dataclass

from reports import leaderboard
from reports.analysis.comparison import between, compared, tied
from reports.analysis.crossover import crossover_of
from reports.analysis.effort import Effort, efforts
from reports.analysis.repair import repaired
from reports.analysis.resources import RESOURCES
from reports.analysis.robustness import robustness
from reports.drawing import formats
from reports.run import Run
from reports.verdict import lead, mistakes, studies, tuning
from reports.verdict.words import Figure, Sentence, capitalised, listed, told_difference


@dataclass(frozen=True)
class Verdict:
    """What a data set's results come to; `winner` is "" where the first place is shared."""

    headline: str
    winner: str = ""
    figures: tuple[Figure, ...] = ()
    sentences: tuple[Sentence, ...] = ()


def verdict(run: Run, dataset: str) -> Verdict:
    """The verdict on one data set of a run."""
    board = leaderboard.scores(run, dataset)
    pairs = compared(run, dataset, list(board["variant"]))
    title, failed = run.title(dataset), mistakes.failures(run, dataset)
    if board.empty:
        return Verdict(f"No estimator has been evaluated on {title}", sentences=failed)
    leader = board.iloc[0]
    ties = tied(pairs, leader.variant)
    share = f"{formats.percent(leader.accuracy)}\u00a0%"
    if len(board) == 1:
        headline = f"{leader.variant} reaches {share} on {title}"
    elif not ties:
        headline = f"{leader.variant} leads on {title} with {share}"
    elif len(ties) == len(board) - 1:
        headline = f"No clear winner on {title}: all {len(board)} are within the uncertainty"
    elif len(ties) > 3:
        headline = f"{len(ties) + 1} of {len(board)} are tied at the top on {title}"
    else:
        headline = f"{listed([leader.variant, *ties])} are tied at the top on {title}"
    best = {family: rows.iloc[0] for family, rows in board.groupby("family", sort=False) if family}
    known = efforts(run, dataset)
    known = {name: known[name] for name in board["variant"] if name in known}
    hardly: dict[str, Effort] = {}
    figures = [
        Figure(
            "Best accuracy",
            share,
            f"{leader.variant}, 95 % interval {formats.interval(leader.accuracy_low, leader.accuracy_high)}",
        ),
    ]
    sentences: list[Sentence] = []
    if {"deep", "classical"} <= set(best):
        gap = between(pairs, best["deep"].variant, best["classical"].variant)
        if gap["tie"] or gap["difference"] < 0:
            hardly = tuning.hardly_trained(board, known)
        figures.append(lead.glance(gap, hardly))
        sentences += lead.worth(run, dataset, gap, hardly) + lead.training_time(run, dataset, gap)
    elif len(alone := board[board["family"] != ""]) > 1:
        gap = between(pairs, *alone["variant"][:2])
        told = f"{capitalised(gap['a'])} is {told_difference(gap)} ahead of {gap['b']}" + (
            ", a tie." if gap["tie"] else "."
        )
        if not gap["difference"]:
            told = f"{capitalised(gap['a'])} and {gap['b']} are equally accurate."
        sentences.append(Sentence(told, "differences", "lead"))
    sentences += lead.ensemble(run, dataset, board, pairs)
    found = [crossover for resource in RESOURCES if (crossover := crossover_of(run, dataset, resource))]
    figures += map(studies.bracket, found)
    sentences += [studies.passing(crossover) for crossover in found]
    under = [best[family].variant for family in ("deep", "classical") if family in best]
    under = [name for name in under if name not in hardly]
    if under and all(name in robustness(run, dataset) for name in under):
        sentences += studies.corrupted(run, dataset, under)
    sentences += [
        studies.repair(name, own) for name, own in repaired(run, dataset).items() if name in under and own.lost > 0
    ]
    sentences += studies.reordered(run, dataset) + studies.wrong_labels(run, dataset) + studies.cleaned(run, dataset)
    sentences += studies.sources(run, dataset)
    sentences += [Sentence(told, "tuning", "setting") for told in tuning.settings(known)]
    if rising := [
        *tuning.rising(known),
        *(told for crossover in found for told in tuning.rising_at(run, dataset, crossover)),
    ]:
        sentences.append(Sentence(" ".join(rising), "tuning", "not flattened"))
    sentences += tuning.beyond(known, hardly)
    figures.append(
        Figure(
            f"Cost of {leader.variant}",
            formats.duration(
                (0 if formats.absent(leader.search_seconds) else leader.search_seconds) + leader.fit_seconds
            ),
            f"search {formats.duration(leader.search_seconds)}, final fit {formats.duration(leader.fit_seconds)}; "
            f"one image {formats.number(leader.latency_ms)} ms",
        )
    )
    if ties and not run.not_comparable:
        sentences += lead.cheapest(run, dataset, [leader.variant, *ties])
    sentences += mistakes.hardest(run, dataset, leader.variant)
    sentences += mistakes.confidence(run, dataset, leader)
    return Verdict(headline, "" if ties else leader.variant, tuple(figures), (*sentences, *failed))
