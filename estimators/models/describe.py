"""What a fitted model is made of: its number of parameters, the library behind it, its layers."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any


def parameters(model: Any) -> int | None:
    """How many numbers the model learned; None where that says nothing (it keeps its training rows, for example).

    A network: weights. Logistic regression: coefficients and intercepts. A support vector machine: support
    vectors, dual coefficients and intercepts. Boosted trees: nodes.
    """
    if hasattr(model, "keras_model_"):
        return int(model.keras_model_.count_params())
    if hasattr(model, "booster_"):
        trees = json.loads(model.booster_.save_raw("json"))["learner"]["gradient_booster"]["model"]["trees"]
        return sum(int(tree["tree_param"]["num_nodes"]) for tree in trees)
    core = _core(model)
    if hasattr(core, "support_vectors_"):
        return int(core.support_vectors_.size + core.dual_coef_.size + core.intercept_.size)
    if hasattr(core, "coef_"):
        return int(core.coef_.size + core.intercept_.size)
    return None


def backend(model: Any) -> str:
    """The library that fitted the model, with its version, such as "scikit-learn-intelex 2026.2.0"."""
    if hasattr(model, "keras_model_"):
        import keras

        name = keras.backend.backend()
        return f"{name} {version(name)} / keras {version('keras')} {_device(name)}"
    if hasattr(model, "booster_"):
        return f"xgboost {version('xgboost')}"
    return getattr(_core(model), "accelerated_", None) or f"scikit-learn {version('scikit-learn')}"


def layers(model: Any) -> list[dict[str, Any]]:
    """One dict per layer of a network: layer, type, output (shape of one image's), parameters. Else empty."""
    if not hasattr(model, "keras_model_"):
        return []
    return [
        {
            "layer": layer.name,
            "type": type(layer).__name__,
            "output": [int(side) for side in tuple(layer.output.shape)[1:]],
            "parameters": int(layer.count_params()),
        }
        for layer in model.keras_model_.layers
    ]


def _core(model: Any) -> Any:
    """The part that learned from labels: the last step of a pipeline, the machine inside a kernel machine."""
    if hasattr(model, "steps"):
        return _core(model.steps[-1][1])
    return getattr(model, "machine_", model)


def _device(name: str) -> str:
    if name != "tensorflow":
        return "CPU"
    import tensorflow

    return "GPU" if tensorflow.config.list_physical_devices("GPU") else "CPU"


def describe(model):
    from types import SimpleNamespace

    return SimpleNamespace(parameters=parameters(model), backend=backend(model), layers=layers(model))
