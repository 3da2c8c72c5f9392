"""CIFAR-10's vehicles: 20,000 + 4,000 photographs, 32 × 32, RGB, four classes.

For transfer to classes that a source does not have.
"""

from __future__ import annotations

from dataclasses import replace

from benchmarks.data.datasets.cifar_10 import of_classes

cifar_10_vehicles = replace(of_classes(("airplane", "automobile", "ship", "truck")), title="CIFAR-10, vehicles")
