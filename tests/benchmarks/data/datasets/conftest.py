from dataclasses import replace
from importlib import import_module

import pytest

from benchmarks.data import datasets
from benchmarks.data.store.recipe import File
from tests.benchmarks.data.datasets.official import WRITERS


@pytest.fixture
def put(tmp_path, monkeypatch):
    """Writes the official files of a set, small ones, into a folder of its name; checksums are not compared."""
    monkeypatch.delenv("CROSSOVER_DATA", raising=False)

    def put(name, write=None):
        source = datasets.source(name)
        forms = [tuple(File(file.name) for file in form) for form in source.forms]
        attribute = name.replace("-", "_")
        module = import_module(f"benchmarks.data.datasets.{attribute}")
        # Nothing is to be downloaded in place of a file that is missing.
        bare = replace(source, files=forms[0], alternatives=tuple(forms[1:]), mirrors=(), archive=None, obtain="get it")
        monkeypatch.setattr(module, attribute, bare)
        folder = tmp_path / "data" / name
        folder.mkdir(parents=True)
        return folder, (write or WRITERS[name])(folder)

    return put


@pytest.fixture
def small(put, tmp_path):
    """Loads a set from small official files."""

    def small(name, write=None):
        put(name, write)
        return datasets.load(name, tmp_path / "data")

    return small
