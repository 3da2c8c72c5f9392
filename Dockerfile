# docker build -t crossover . && docker run --rm -v "$PWD/runs:/work/runs" -v "$HOME/data:/data" crossover run quick
FROM python:3.12-slim
# OpenMP, which XGBoost is linked with.
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*
WORKDIR /work
COPY . /opt/crossover
RUN pip install --no-cache-dir --constraint /opt/crossover/constraints.txt /opt/crossover
ENV CROSSOVER_DATA=/data CROSSOVER_CACHE=/work/runs/.cache
ENTRYPOINT ["crossover"]
CMD ["--help"]
