"""On which data, by which protocol, run how, scored how, recorded where.

The nouns: `Images` and `Dataset` (`benchmarks.data.images`), `Suite` and `Budget` (`benchmarks.suite`), `Cell`, one
(data set, estimator, seed) (`benchmarks.protocol`), `Job`, one self-describing unit of work (`benchmarks.execution.job`), an executor
that performs jobs (`benchmarks.execution.executors`), and the `Ledger` that holds every trial (`benchmarks.ledger`).
"""
