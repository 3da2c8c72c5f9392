"""Tables and figures, one file each: `EXHIBITS` lists them in the order of the page.

An exhibit is two functions, ``frame(run, dataset) -> DataFrame`` and ``draw(frame, looks) -> Figure``. A new one is a
new file and its name below. Those in `ACROSS` compare the data sets of a run, ``frame(run) -> DataFrame``; a run of
several data sets shows them.
"""

from reports.exhibits.accuracy import accuracy
from reports.exhibits.alike import alike
from reports.exhibits.balance import balance
from reports.exhibits.calibration import calibration
from reports.exhibits.claims import claims
from reports.exhibits.classes import classes
from reports.exhibits.compute import compute
from reports.exhibits.conditions import conditions
from reports.exhibits.confusion import confusion
from reports.exhibits.corruption import corruption
from reports.exhibits.cost import cost
from reports.exhibits.coverage import coverage
from reports.exhibits.crossover import crossover, crossover_budgets
from reports.exhibits.curves import curves
from reports.exhibits.detection import detection
from reports.exhibits.differences import differences
from reports.exhibits.disagreements import disagreements
from reports.exhibits.ensembles import ensembles
from reports.exhibits.exhibit import Exhibit
from reports.exhibits.failures import failures
from reports.exhibits.gain import gain
from reports.exhibits.gap import gap
from reports.exhibits.layers import layers
from reports.exhibits.learning import learning, learning_budgets
from reports.exhibits.mistakes import mistakes
from reports.exhibits.mix import mix
from reports.exhibits.operations import operations
from reports.exhibits.passport import passport
from reports.exhibits.prediction import prediction
from reports.exhibits.prior_knowledge import prior_knowledge
from reports.exhibits.progress import progress
from reports.exhibits.ranks import ranks
from reports.exhibits.repair import repair, repair_by_corruption
from reports.exhibits.robustness import robust
from reports.exhibits.rounds import rounds
from reports.exhibits.samples import samples
from reports.exhibits.settings import settings
from reports.exhibits.spending import spending
from reports.exhibits.transfer import convergence, transfer
from reports.exhibits.tuning import tuning

EXHIBITS: tuple[Exhibit, ...] = (
    claims,
    crossover,
    crossover_budgets,
    learning,
    learning_budgets,
    compute,
    prediction,
    transfer,
    convergence,
    conditions,
    robust,
    corruption,
    repair,
    repair_by_corruption,
    mix,
    detection,
    accuracy,
    differences,
    cost,
    ensembles,
    confusion,
    classes,
    calibration,
    coverage,
    disagreements,
    mistakes,
    alike,
    tuning,
    gain,
    settings,
    rounds,
    progress,
    gap,
    curves,
    layers,
    prior_knowledge,
    spending,
    operations,
    failures,
    passport,
    balance,
    samples,
)
ACROSS: tuple[Exhibit, ...] = (ranks,)
GROUPS = {
    "study": "The study",
    "result": "The result",
    "errors": "Where they err",
    "tuning": "Tuning and training",
    "bill": "The bill",
    "data": "The data",
}

__all__ = ["ACROSS", "EXHIBITS", "GROUPS", "Exhibit"]
