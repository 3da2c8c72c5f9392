"""CIFAR-10's animals: 30,000 + 6,000 photographs, 32 × 32, RGB, six classes.

For transfer to classes that a source does not have.
"""

from __future__ import annotations

from dataclasses import replace

from benchmarks.data.datasets.cifar_10 import of_classes

cifar_10_animals = replace(of_classes(("bird", "cat", "deer", "dog", "frog", "horse")), title="CIFAR-10, animals")
