# docker build -t crossover .
# docker run --rm --init --user "$(id -u):$(id -g)" -v "$PWD:/work" crossover predict runs/quick photos --out labels.csv
# docker run --rm --init --user "$(id -u):$(id -g)" -v "$PWD:/work" -v "$HOME/data:/data:ro" crossover run quick
FROM python:3.12-slim
# OpenMP, which XGBoost is linked with.
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*
COPY pyproject.toml constraints.txt README.md LICENSE crossover.py /opt/crossover/
COPY tuning /opt/crossover/tuning
COPY estimators /opt/crossover/estimators
COPY benchmarks /opt/crossover/benchmarks
COPY reports /opt/crossover/reports
RUN pip install --no-cache-dir --constraint /opt/crossover/constraints.txt /opt/crossover
# Whoever it is run as may write into /work, where nothing is mounted too.
RUN useradd crossover && mkdir -m 1777 /work
USER crossover
WORKDIR /work
# Libraries keep their settings at home, and the user of --user has none.
ENV HOME=/tmp CROSSOVER_DATA=/data CROSSOVER_CACHE=/work/runs/.cache
ENTRYPOINT ["crossover"]
CMD ["--help"]
