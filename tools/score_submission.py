"""How many labels of a Digit Recognizer submission are right, by matching its images with those of MNIST.

    .venv/bin/python tools/score_submission.py submission.csv

The competition keeps the labels of test.csv, but its images are those of MNIST in another order. So this tells what Kaggle would say
of all 28,000. It is for judging a submission that is written already: to choose a model by it would be to train on the answers, which
is why it is no part of the package. It needs the files of both data sets, as `crossover run mnist` and `crossover run kaggle` do.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.data import datasets
from benchmarks.errors import UserError
from reports.analysis.intervals import wilson
from reports.export.kaggle import check_submission


def known_labels():
    """Bytes of an image of MNIST -> its label; None where equal images have several."""
    known = {}
    mnist = datasets.load("mnist")
    for part in (mnist.train, mnist.test.open()):
        for image, label in zip(part.X, part.y.tolist(), strict=True):
            key = image.tobytes()
            known[key] = label if known.get(key, label) == label else None
    return known


def matched(images, known):
    """The label of each image, -1 where MNIST does not tell it."""
    found = [known.get(image.tobytes()) for image in images]
    return np.array([-1 if label is None else label for label in found])


def main(path):
    """Print the share of right labels, and first whether matching finds the labels that train.csv has."""
    competition = datasets.load("digit-recognizer")
    check_submission(path, rows=len(competition.unlabelled()))
    known = known_labels()
    labelled = np.concatenate(
        [matched(part.X, known) == part.y for part in (competition.train, competition.test.open())]
    )
    print(f"Check: matching finds {labelled.sum():,} of the {len(labelled):,} labels of train.csv.")
    truth = matched(competition.unlabelled(), known)
    given = np.loadtxt(path, delimiter=",", skiprows=1, dtype=np.int64)[:, 1]
    right, n = int((given == truth).sum()), int((truth >= 0).sum())
    low, high = wilson(right, n)
    print(
        f"{path}: {right:,} of {n:,} labels are right, {100 * right / n:.3f} % (95 % interval {100 * low:.2f} to {100 * high:.2f})."
    )
    if n < len(truth):
        print(f"{len(truth) - n:,} images of test.csv are not in MNIST, or there under several labels: not counted.")
    print("Wrong: ImageId", *(np.flatnonzero((given != truth) & (truth >= 0)) + 1))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        main(Path(sys.argv[1]))
    except UserError as error:
        sys.exit(f"score_submission: {error}")
