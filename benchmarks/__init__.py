"""On which data, by which protocol, run how, recorded where.

What is compared: `Suite`, `Variant`, `Cell` (`suite.py`, `variant.py`, `cell.py`), under the conditions of a `Study`
(`studies/`), on a `Dataset` (`data/`). In which order: `protocol.py`, `search.py`, `run.py`. How a `Job` is performed, and
what its `Answer` is: `execution/`. Where it is kept: `ledger.py`, `layout.py`.
"""
