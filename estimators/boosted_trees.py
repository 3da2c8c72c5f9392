"""`BoostedTrees`: gradient-boosted trees on pixels, by XGBoost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from estimators.threads import threads


class BoostedTrees(ClassifierMixin, BaseEstimator):
    """Gradient-boosted trees on the pixels that vary (Chen & Guestrin 2016, arXiv:1603.02754).

    Parameters
    ----------
    rounds : boosting rounds, at most; each grows one tree per class.
    learning_rate : factor on the contribution of each tree.
    max_depth : greatest depth of a tree.
    min_child_weight : least sum of second derivatives in a leaf.
    subsample : share of the rows that each round looks at.
    colsample_bynode : share of the pixels that each split looks at; neighbours tell the same, so few suffice.
    max_bin : grey levels that are told apart.
    patience : rounds without a better log-loss on the validation rows after which the fit ends.
    seed : of the samples of rows and pixels.

    Attributes
    ----------
    found_ : with validation rows the best number of rounds, ``{"rounds": n}``; else empty.
    history_ : curves by round, ``{"loss": [...], "accuracy": [...], "val_loss": ..., "val_accuracy": ...}``;
        the loss is the log-loss.
    booster_ : the native model, cut off after the best round.
    """

    def __init__(
        self,
        rounds: int = 100,
        learning_rate: float = 0.3,
        max_depth: int = 6,
        min_child_weight: float = 1.0,
        subsample: float = 0.7,
        colsample_bynode: float = 0.1,
        max_bin: int = 64,
        patience: int = 15,
        seed: int = 0,
    ) -> None:
        self.rounds = rounds
        self.learning_rate = learning_rate
        self.max_depth = max_depth
        self.min_child_weight = min_child_weight
        self.subsample = subsample
        self.colsample_bynode = colsample_bynode
        self.max_bin = max_bin
        self.patience = patience
        self.seed = seed

    def fit(
        self,
        X: NDArray[np.uint8],
        y: NDArray[np.int64],
        validation: tuple[NDArray[np.uint8], NDArray[np.int64]] | None = None,
    ) -> BoostedTrees:
        """Fit on images (n, h, w, c) and labels (n,); validation rows decide when to stop."""
        import xgboost

        self.classes_, labels = np.unique(y, return_inverse=True)
        self.image_shape_ = X.shape[1:]
        flat = X.reshape(len(X), -1)
        varies = flat.max(axis=0) != flat.min(axis=0)
        self.pixels_ = np.flatnonzero(varies) if varies.any() else np.arange(1)
        data = xgboost.QuantileDMatrix(
            flat[:, self.pixels_], labels, max_bin=self.max_bin, nthread=threads()
        )
        watched = [(data, "fit")]
        if validation is not None:
            known = np.isin(validation[1], self.classes_)
            held_out = xgboost.QuantileDMatrix(
                self._rows(validation[0][known]),
                np.searchsorted(self.classes_, validation[1][known]),
                ref=data,
                max_bin=self.max_bin,
                nthread=threads(),
            )
            watched.append((held_out, "validation"))
        curves: dict[str, dict[str, list[float]]] = {}
        self.booster_ = xgboost.train(
            {
                "objective": "multi:softprob",
                "num_class": len(self.classes_),
                "tree_method": "hist",
                "max_bin": self.max_bin,
                "learning_rate": self.learning_rate,
                "max_depth": self.max_depth,
                "min_child_weight": self.min_child_weight,
                "subsample": self.subsample,
                "colsample_bynode": self.colsample_bynode,
                "seed": self.seed,
                "nthread": threads(),
                "eval_metric": ["merror", "mlogloss"],  # the last one decides when to stop
            },
            data,
            num_boost_round=self.rounds,
            evals=watched,
            evals_result=curves,
            early_stopping_rounds=None if validation is None else self.patience,
            verbose_eval=False,
        )
        self.found_ = {}
        if validation is not None:
            best = self.booster_.best_iteration + 1
            self.booster_ = self.booster_[:best]
            self.found_ = {"rounds": best}
        self.history_ = _history(curves)
        return self

    def predict_proba(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities (n, k)."""
        check_is_fitted(self)
        if X.shape[1:] != tuple(self.image_shape_):
            raise ValueError(
                f"the model was fitted on images of shape {tuple(self.image_shape_)}, given {X.shape[1:]}"
            )
        self.booster_.set_param({"nthread": threads()})
        return self.booster_.inplace_predict(self._rows(X)).reshape(len(X), len(self.classes_))

    def predict(self, X: NDArray[np.uint8]) -> NDArray[np.int64]:
        """The most probable classes (n,)."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def save_to(self, folder: Path) -> None:
        """Write the native model and what else `load_from` needs."""
        self.booster_.save_model(folder / "trees.ubj")
        about = {
            "params": self.get_params(),
            "classes": self.classes_.tolist(),
            "image_shape": list(self.image_shape_),
            "pixels": self.pixels_.tolist(),
        }
        (folder / "trees.json").write_text(json.dumps(about))

    @classmethod
    def load_from(cls, folder: Path) -> BoostedTrees:
        """The model that `save_to` wrote."""
        import xgboost

        about = json.loads((folder / "trees.json").read_text())
        model = cls(**about["params"])
        model.classes_ = np.array(about["classes"])
        model.image_shape_ = tuple(about["image_shape"])
        model.pixels_ = np.array(about["pixels"])
        model.booster_ = xgboost.Booster(model_file=folder / "trees.ubj")
        return model

    def _rows(self, X: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return X.reshape(len(X), -1)[:, self.pixels_]


def _history(curves: dict[str, dict[str, list[float]]]) -> dict[str, list[float]]:
    history: dict[str, Any] = {}
    for part, prefix in (("fit", ""), ("validation", "val_")):
        if part in curves:
            history[f"{prefix}loss"] = [float(loss) for loss in curves[part]["mlogloss"]]
            history[f"{prefix}accuracy"] = [1 - float(error) for error in curves[part]["merror"]]
    return history
