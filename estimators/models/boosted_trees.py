"""`BoostedTrees`: gradient-boosted trees on pixels, by XGBoost."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from estimators.features import features
from estimators.models.calibration import fit_temperature, known, softmax
from estimators.models.copies import with_copies
from estimators.models.describe import Description
from estimators.models.gpu import gpu
from estimators.models.saving import load, save
from estimators.models.source import Source, embedding_of
from estimators.models.threads import threads

# Rows that a round looks at, at least; from twice as many on half of them. At 19,000 images of MNIST halves took 60 % of the time
# of all rows (12.9 and 21.1 s), at 96.1 and 96.4 % on pixels and 98.3 and 98.4 % on gradients.
ROWS_A_ROUND = 5_000


class BoostedTrees(ClassifierMixin, BaseEstimator):
    """Gradient-boosted trees on pixels or on oriented gradients (Chen & Guestrin 2016, arXiv:1603.02754).

    Stochastic gradient boosting (Friedman 2002): of more than `ROWS_A_ROUND` rows two random stratified parts are made, halves
    or of so many rows, and the rounds look at one and the other in turn. XGBoost's own ``subsample`` is as accurate per round, but
    takes as long as no sample at all, since it passes over all rows and gives most of them no weight.

    Parameters
    ----------
    rounds : boosting rounds, at most; each grows one tree per class.
    learning_rate : factor on the contribution of each tree.
    max_depth : greatest depth of a tree.
    min_child_weight : least sum of second derivatives in a leaf.
    colsample_bynode : share of the columns that each split looks at; neighbours tell the same, so few suffice.
    features : name of the image features, see `estimators.features`.
    rare : columns are dropped that differ from their least value in no more than this share of the images: the
        margins of an image, mostly.
    max_bin : values of a column that are told apart.
    copies : shifted and turned copies of each training image, see `estimators.models.copies`.
    temperature : divides the sums of the trees, see `estimators.models.calibration`.
    patience : rounds without a better log-loss on the validation rows after which the fit ends.
    seed : of the copies and of the samples of rows and columns.

    Attributes
    ----------
    found_ : with validation rows the best number of rounds and the temperature, ``{"rounds": n, "temperature": t}``; else
        empty.
    history_ : curves by round, ``{"loss": [...], "accuracy": [...], "val_loss": ..., "val_accuracy": ...}``;
        the loss is the log-loss, on the rows that the round looked at and on the validation rows.
    booster_ : the native model, cut off after the best round; it predicts on the CPU.
    device_ : "cuda" or "cpu": where XGBoost says that it trained, which takes the CPU where it finds no GPU.
    source_ : what it started from, or None.
    """

    def __init__(
        self,
        rounds: int = 225,
        learning_rate: float = 0.25,
        max_depth: int = 6,
        min_child_weight: float = 1.0,
        colsample_bynode: float = 0.2,
        features: str = "pixels",
        rare: float = 0.03,
        max_bin: int = 16,
        copies: int = 0,
        temperature: float = 1.0,
        patience: int = 15,
        seed: int = 0,
    ) -> None:
        self.rounds = rounds
        self.learning_rate = learning_rate
        self.max_depth = max_depth
        self.min_child_weight = min_child_weight
        self.colsample_bynode = colsample_bynode
        self.features = features
        self.rare = rare
        self.max_bin = max_bin
        self.copies = copies
        self.temperature = temperature
        self.patience = patience
        self.seed = seed

    def fit(
        self,
        X: NDArray[np.uint8],
        y: NDArray[np.int64],
        validation: tuple[NDArray[np.uint8], NDArray[np.int64]] | None = None,
        source: Source | None = None,
    ) -> BoostedTrees:
        """Fit on images (n, h, w, c) and labels (n,); validation rows decide when to stop.

        With a source "boosting" goes on from its logits: the trees of a `BoostedTrees` are the first ones of the sum, and another
        model's logits stand for such trees. Or the columns are those of its "embedding".
        """
        import xgboost

        X, y = with_copies(X, y, self.copies, self.seed)
        self.classes_, labels = np.unique(y, return_inverse=True)
        self.source_ = source
        if source is not None:
            source.needs("boosting", "embedding")
        self.features_ = self._features()
        data = self.features_.fit_transform(X)
        self.columns_ = informative_columns(data, self.rare)
        data = data[:, self.columns_]

        options: dict[str, Any] = {"max_bin": self.max_bin, "nthread": threads()}
        parts: list[Any] = []
        start = self._start(X)
        for rows in _parts(labels, self.seed):
            more: dict[str, Any] = {"ref": parts[0]} if parts else {}
            if start is not None:
                more["base_margin"] = start[rows]
            parts.append(xgboost.QuantileDMatrix(data[rows], labels[rows], **options, **more))
        held_out = None
        if validation is not None:
            V, column = known(validation, self.classes_)
            more = {} if start is None else {"base_margin": self._start(V)}
            held_out = xgboost.QuantileDMatrix(self._rows(V), column, ref=parts[0], **options, **more)

        booster = xgboost.Booster(
            {
                "device": device(),
                "objective": "multi:softprob",
                "num_class": len(self.classes_),
                # The logarithm of each class's share, of all rows: XGBoost would take it from the first part alone.
                "base_score": np.log(np.bincount(labels) / len(labels)).tolist(),
                "tree_method": "hist",
                "learning_rate": self.learning_rate,
                "max_depth": self.max_depth,
                "min_child_weight": self.min_child_weight,
                "colsample_bynode": self.colsample_bynode,
                "seed": self.seed,
                "eval_metric": ["mlogloss", "merror"],
                **options,
            },
            cache=[*parts, *([held_out] if held_out is not None else [])],
        )
        self.history_: dict[str, list[float]] = {}
        best, least_loss = self.rounds, np.inf
        for i in range(self.rounds):
            part = parts[i % len(parts)]
            booster.update(part, i)
            watched = [(part, "fit")] + ([(held_out, "val")] if held_out is not None else [])
            self._record(booster.eval_set(watched, i))
            if held_out is not None:
                loss = self.history_["val_loss"][-1]
                if loss < least_loss:
                    best, least_loss = i + 1, loss
                elif i + 1 - best >= self.patience:
                    break
        self.device_ = json.loads(booster.save_config())["learner"]["generic_param"]["device"].partition(":")[0]
        self.booster_ = booster[:best]
        self.booster_.set_param({"device": "cpu"})  # To predict: rows are in its memory, and one image is soon done.
        self.temperature_, self.found_ = self.temperature, {}
        if held_out is not None:
            self.temperature_ = fit_temperature(self._logits(V), column)
            self.found_ = {"rounds": best, "temperature": self.temperature_}
        return self

    def predict_proba(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities (n, k)."""
        check_is_fitted(self)
        return softmax(self._logits(X) / self.temperature_)

    def predict(self, X: NDArray[np.uint8]) -> NDArray[np.int64]:
        """The most probable classes (n,)."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def save_to(self, folder: Path) -> None:
        """Write the native model and what else `load_from` needs."""
        self.booster_.save_model(folder / "trees.ubj")
        about = {
            "params": self.get_params(),
            "temperature": self.temperature_,
            "classes": self.classes_.tolist(),
            "image_shape": list(self.features_.image_shape_),
            "columns": self.columns_.tolist(),
            "device": self.device_,
        }
        if self.source_ is not None:
            save(self.source_.model, folder / "source")
            about["source"] = {"labels": list(self.source_.labels), "way": self.source_.way}
            if self.source_.way == "embedding":
                about["scale"] = [self.features_.mean_.tolist(), self.features_.spread_.tolist()]
        (folder / "trees.json").write_text(json.dumps(about))

    def embed(self, X: NDArray[np.uint8]) -> NDArray[np.floating]:
        """The features that the trees look at (n, d)."""
        check_is_fitted(self)
        return self._rows(X)

    def describe(self) -> Description:
        """Its size is the number of nodes of all trees."""
        trees = json.loads(self.booster_.save_raw("json"))["learner"]["gradient_booster"]["model"]["trees"]
        nodes = sum(int(tree["tree_param"]["num_nodes"]) for tree in trees)
        return Description(nodes, f"xgboost {version('xgboost')}{' GPU' if self.device_ == 'cuda' else ''}")

    @classmethod
    def load_from(cls, folder: Path) -> Self:
        """The model that `save_to` wrote."""
        import xgboost

        about = json.loads((folder / "trees.json").read_text())
        model = cls(**about["params"])
        model.temperature_ = about["temperature"]
        model.classes_ = np.array(about["classes"])
        facts = about.get("source")
        model.source_ = None if facts is None else Source(load(folder / "source"), tuple(facts["labels"]), facts["way"])
        model.features_ = model._features()
        model.features_.image_shape_ = tuple(about["image_shape"])
        if "scale" in about:
            model.features_.mean_, model.features_.spread_ = (np.array(v, np.float32) for v in about["scale"])
        model.columns_ = np.array(about["columns"])
        model.device_ = about.get("device", "cpu")
        model.booster_ = xgboost.Booster(model_file=folder / "trees.ubj")
        return model

    def _logits(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Sums of the trees, (n, k)."""
        self.booster_.set_param({"nthread": threads()})
        sums = self.booster_.inplace_predict(self._rows(X), predict_type="margin", base_margin=self._start(X))
        return sums.reshape(len(X), len(self.classes_))

    def _features(self) -> Any:
        if self.source_ is not None and self.source_.way == "embedding":
            return embedding_of(self.source_.model)
        return features(self.features).for_trees()

    def _start(self, X: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """Sums that the trees add to, (n, k); None where they start at the classes' shares."""
        if self.source_ is None or self.source_.way != "boosting":
            return None
        return self.source_.logits(X, self.classes_)

    def _rows(self, X: NDArray[np.uint8]) -> NDArray:
        return self.features_.transform(X)[:, self.columns_]

    def _record(self, line: str) -> None:
        """Add what XGBoost tells of a round: ``[7]  fit-mlogloss:0.31  fit-merror:0.05  val-…``."""
        for field in line.split()[1:]:
            name, _, value = field.rpartition(":")
            part, _, metric = name.partition("-")
            prefix = "val_" if part == "val" else ""
            if metric == "mlogloss":
                self.history_.setdefault(f"{prefix}loss", []).append(float(value))
            else:
                self.history_.setdefault(f"{prefix}accuracy", []).append(1 - float(value))


def device() -> str:
    """Where XGBoost trains: "cuda" where there is a GPU and XGBoost was built for it, else "cpu"."""
    import xgboost

    return "cuda" if gpu() != "none" and xgboost.build_info().get("USE_CUDA") else "cpu"


def _parts(labels: NDArray[np.integer], seed: int) -> list[NDArray[np.intp]]:
    """Row indexes: all rows as one part, or of more than `ROWS_A_ROUND` two parts, together all rows, with every class in both.

    The only row of a class is in both parts.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    if len(labels) <= ROWS_A_ROUND:
        return [order]
    order = order[np.argsort(labels[order], kind="stable")]
    halves = [rng.permutation(order[start::2]) for start in (0, 1)]
    alone = np.flatnonzero(np.bincount(labels)[labels] == 1)
    more = max(0, ROWS_A_ROUND - len(order) // 2)  # rows of the other half
    return [
        np.concatenate([own, np.union1d(other[:more], np.setdiff1d(alone, own))])
        for own, other in (halves, halves[::-1])
    ]


def informative_columns(data: NDArray, rare: float) -> NDArray[np.intp]:
    """The columns that differ from their least value in more than the share `rare` of the rows; at least one."""
    share = (data != data.min(axis=0)).mean(axis=0)
    for least in (rare, 0.0):
        if (share > least).any():
            return np.flatnonzero(share > least)
    return np.arange(1)
