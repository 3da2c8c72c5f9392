"""`Inversion`: against images, and parts of images, of which light and dark were swapped."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from estimators.repairs import Repair

EDGE = 2  # pixels at either end of a column by which it is judged
NEARER = 0.75  # of the way from the border to its negative, a column is taken for inverted
RARE = 0.005  # of the training images at most are inverted at a column that is judged
LEAST = 64  # grey levels between the border and its negative, for the two to be told apart


class Inversion(Repair):
    """Columns, and with them whole images, are inverted where their ends look like the negative of a training image's border.

    A column is judged by the pixels at its upper and lower end, which are paper as a rule. Columns at which training images look
    inverted themselves are not judged, nor is anything where their border is neither light nor dark.
    """

    def _fit(self, X: NDArray[np.uint8]) -> None:
        self.border_ = _ends(X).mean((0, 1))
        told = np.abs(255 - 2 * self.border_).mean() > LEAST
        often = self._look_inverted(X).mean(0)
        self.judged_ = (often <= RARE) & told

    def _transform(self, X: NDArray[np.uint8]) -> NDArray[np.uint8]:
        inverted = self._look_inverted(X) & self.judged_
        return np.where(inverted[:, None, :, None], 255 - X, X)

    def _look_inverted(self, X: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Columns (n, w) whose ends are near the negative of the border."""
        between = 255 - 2 * self.border_
        place = ((_ends(X) - self.border_) * between).sum(2) / max(float((between**2).sum()), 1e-9)
        return place > NEARER


def _ends(X: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The mean of the pixels at both ends of each column: float64 (n, w, c)."""
    return np.concatenate([X[:, :EDGE], X[:, -EDGE:]], axis=1).mean(1)
