"""`KernelMachine`: an RBF support vector machine over image features, with probabilities."""

from __future__ import annotations

from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.pipeline import make_pipeline
from sklearn.utils.validation import check_is_fitted

from estimators.features import features
from estimators.models.accelerated import PCA
from estimators.models.calibration import fit_temperature, known, softmax
from estimators.models.copies import with_copies
from estimators.models.describe import Description
from estimators.models.source import Source, embedding_of
from estimators.models.support_vectors import fit_support_vectors

DENSE = 1000  # features, of whose covariance all eigenvectors are found


class KernelMachine(ClassifierMixin, BaseEstimator):
    """Features, principal components, support vector machine with an RBF kernel (one against one).

    Parameters
    ----------
    C : penalty of a violated margin.
    gamma : inverse squared width of the kernel, as a multiple of one over the total variance of the
        components, so that a value means the same whatever features, size and contrast the images have.
    features : name of the image features, see `estimators.features`.
    components : principal components kept (fewer where the features have no more).
    copies : shifted and turned copies of each training image, see `estimators.models.copies`.
    temperature : divides the decision values before the softmax, see `decision_function`.
    seed : of the copies.

    Attributes
    ----------
    found_ : with validation rows ``{"temperature": t}``; else empty.

    Notes
    -----
    ``SVC(probability=True)`` would pay five more fits for probabilities that can contradict its predictions. Here
    one temperature is fitted on validation rows, and the most probable class is the one that ``SVC`` predicts.
    """

    def __init__(
        self,
        C: float = 10.0,
        gamma: float = 1.5,
        features: str = "pixels",
        components: int = 50,
        copies: int = 0,
        temperature: float = 0.3,
        seed: int = 0,
    ) -> None:
        self.C = C
        self.gamma = gamma
        self.features = features
        self.components = components
        self.copies = copies
        self.temperature = temperature
        self.seed = seed

    def fit(
        self,
        X: NDArray[np.uint8],
        y: NDArray[np.int64],
        validation: tuple[NDArray[np.uint8], NDArray[np.int64]] | None = None,
        source: Source | None = None,
    ) -> KernelMachine:
        """Fit on images (n, h, w, c) and labels (n,); validation rows serve to fit the temperature alone.

        With a source the features are its "embedding".
        """
        X, y = with_copies(X, y, self.copies, self.seed)
        if source is None:
            rows = features(self.features).fit(X)
        else:
            source.needs("embedding")
            rows = embedding_of(source.model).fit(X)
        data = rows.transform(X)
        # All eigenvectors of a covariance of 3,072 pixels took 1.7 s of every fit, however few its rows.
        solver = "covariance_eigh" if data.shape[1] <= DENSE else "randomized"
        pca = PCA(min(self.components, *data.shape), svd_solver=solver, random_state=self.seed % 2**32)
        data = pca.fit_transform(data)
        self.rows_ = make_pipeline(rows, pca)
        variance = float(data.var(axis=0, dtype=np.float64).sum())
        self.classes_, labels = np.unique(y, return_inverse=True)
        self.machine_ = fit_support_vectors(data, labels, C=self.C, gamma=self.gamma / max(variance, 1e-12))
        self.temperature_, self.found_ = self.temperature, {}
        if validation is not None:
            images, columns = known(validation, self.classes_)
            self.temperature_ = fit_temperature(self.decision_function(images), columns)
            self.found_ = {"temperature": self.temperature_}
        return self

    def decision_function(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The least one-vs-one margin of each class, (n, k).

        The class that wins against every other is the only one with a positive value, and the runner-up has minus that
        value at most, so that two close classes share the probability. Where no class wins against every other
        (rare), the highest value goes to the class with the most wins.
        """
        check_is_fitted(self)
        return _least_margins(self.machine_.margins(self.rows_.transform(X)), len(self.classes_))

    def predict_proba(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities (n, k)."""
        return softmax(self.decision_function(X) / self.temperature_)

    def predict(self, X: NDArray[np.uint8]) -> NDArray[np.int64]:
        """The most probable classes (n,)."""
        return self.classes_[self.decision_function(X).argmax(axis=1)]

    def embed(self, X: NDArray[np.uint8]) -> NDArray[np.floating]:
        """Principal components of the features (n, d)."""
        check_is_fitted(self)
        return self.rows_.transform(X)

    def describe(self) -> Description:
        """Its size is that of support vectors, dual coefficients and intercepts."""
        machine = self.machine_
        size = machine.vectors.size + machine.dual_coef.size + machine.intercept.size
        return Description(size, machine.accelerated or f"scikit-learn {version('scikit-learn')}")


def _least_margins(margins: NDArray[np.float32], classes: int) -> NDArray[np.float32]:
    """Each class's least margin over its pairs, (n, classes), highest for the class with the most wins."""
    rows = np.arange(len(margins))
    least = np.full((len(margins), classes), np.inf, np.float32)
    wins = np.zeros((len(margins), classes), np.int64)
    for i, j, margin in zip(*np.triu_indices(classes, 1), margins.T, strict=True):
        least[:, i] = np.minimum(least[:, i], margin)
        least[:, j] = np.minimum(least[:, j], -margin)
        wins[:, i] += margin > 0
        wins[:, j] += margin <= 0
    best, voted = least.argmax(axis=1), wins.argmax(axis=1)
    least[rows, best], least[rows, voted] = least[rows, voted], least[rows, best]
    return least
