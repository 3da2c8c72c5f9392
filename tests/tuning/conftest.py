from dataclasses import replace

import pytest
from hypothesis import settings

from tuning import Outcome, select

# No deadline per example: on a busy machine it would fail what is right.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def play():
    """A function that runs a search to its end, or for so many trials, and returns its batches of outcomes."""

    def play(search, score, most=10_000):
        """`score(trial)` is a float, or the status of a trial that has none."""
        batches = []
        try:
            trials = next(search)
            while sum(map(len, batches)) < most:
                batches.append([outcome(trial, score(trial)) for trial in trials])
                trials = search.send(batches[-1])
        except StopIteration:
            pass
        search.close()
        return batches

    def outcome(trial, result):
        return Outcome(trial, result) if isinstance(result, str) else Outcome(trial, "ok", result)

    return play


def picked(outcomes):
    """The best score at the highest effort at which the base setting and another one are ok, as a search would pick it."""
    selection = select([replace(o, log_loss=-(o.score or 0)) if o.ok else o for o in outcomes])
    own, other = selection.winner, selection.finalist
    return own if other is None or own.score >= other.score else other
