"""How jobs are run: the job, its answer, the worker that performs it, the supervisor that watches, the executors."""
