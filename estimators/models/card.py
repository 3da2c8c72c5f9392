"""`card`: what a model folder says of itself to people and to a hub of models, its README.md.

The text is ``card.md`` beside this file: front matter as Hugging Face reads it (https://huggingface.co/docs/hub/model-cards), then
what Mitchell et al. (2019), *Model Cards for Model Reporting*, arXiv:1810.03993, ask for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Template

CARD = "README.md"
NETWORK = "network.keras"  # a model that is whole in this file is loaded by Keras alone


def card(about: Mapping[str, Any], files: list[str]) -> str:
    """The text of a model card, Markdown.

    Parameters
    ----------
    about : what ``model.json`` tells; the card leaves out what that does not tell.
    files : names of the files of the model.
    """
    package, _, module = about["reader"].partition(".")
    own_file = f"{module.partition('.')[0]}.py" if package == "crossover_plugins" else ""
    return _template().render(about=about, network=NETWORK if NETWORK in files else "", own_file=own_file)


@cache
def _template() -> Template:
    from jinja2 import Environment

    environment = Environment(trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, autoescape=False)
    environment.filters |= {"line": _line, "quoted": _quoted}
    return environment.from_string(Path(__file__).with_name("card.md").read_text(encoding="utf-8"))


def _line(text: object) -> str:
    """Words of others as one line that cannot leave its place in the document."""
    return _printable(text).replace("`", "'").replace("<", "&lt;")


def _quoted(text: object) -> str:
    """Words of others as a string in YAML, which reads those of JSON but for what cannot be printed."""
    return json.dumps(_printable(text), ensure_ascii=False)


def _printable(text: object) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
