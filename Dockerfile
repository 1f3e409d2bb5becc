# A CUDA box: docker build -t energy-mitigation-benchmark . ; then, with NVIDIA's container toolkit on the host:
#   docker run --rm --gpus all -v "$PWD/results:/results" energy-mitigation-benchmark measure experiment=gpu budget=30m
# Runs and reports lie in /results. The board's energy counter is read through the toolkit's "utility" capability.
FROM python:3.12-slim-bookworm

ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility

# a C compiler: torch.compile builds its CPU and launcher code with one
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc g++ libc6-dev \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/energy-mitigation-benchmark
COPY constraints.txt ./
# torch first and alone, so that its layer outlives changes of the suite
RUN pip install "$(grep '^torch==' constraints.txt)"
COPY pyproject.toml README.md LICENSE ./
COPY suite suite
COPY conf conf
COPY models models
RUN pip install --constraint constraints.txt .

WORKDIR /results
ENTRYPOINT ["energy-mitigation-benchmark"]
CMD ["--help"]
