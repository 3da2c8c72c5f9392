import pytest
from hypothesis import settings

from tuning import Outcome

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
