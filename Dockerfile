# The first stage builds the environment; the second holds what runs, without tools, tests or sources.
#   docker build -t helix .
#   docker build -t helix --build-arg DRIVERS=helix_binance .                       only that driver
#   docker build -t helix --build-arg DRIVERS="helix_kraken helix-other==1.2.0" .   and a package of somebody else's
# All of docs/docker.md is about it. deploy/check-image.sh builds it and tries it out.

# BASE may name a digest (python@sha256:...), or a copy of this image in a registry of yours.
ARG BASE=python:3.11.15-slim-bookworm

FROM ${BASE} AS build
WORKDIR /src

# Everything pinned is fetched and its hash checked here, once; what belongs to Helix is installed from this folder only.
COPY requirements.txt ./
RUN python -m venv /tools \
 && /tools/bin/pip download --quiet --disable-pip-version-check --require-hashes --dest /wheels --requirement requirements.txt \
 && /tools/bin/pip install --quiet --disable-pip-version-check --no-index --find-links /wheels build hatchling

COPY . .
ARG DRIVERS="helix_binance helix_kraken"
RUN sh deploy/docker/make-environment.sh /opt/helix "$DRIVERS"


FROM ${BASE}
# tini is process 1: it passes SIGTERM on from the first moment, when Python would not hear it yet, and buries orphans.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends tini=0.19.* \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/log/* \
 && useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin helix \
 && install --directory --owner 10001 --group 10001 --mode 0700 /data \
 && chown 10001:10001 /var/log
COPY --from=build /opt/helix /opt/helix
WORKDIR /app
COPY settings.toml ./
ENV PATH=/opt/helix/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DATABASE_URL=sqlite+aiosqlite:////data/helix.db \
    AUDIT_LOG_PATH=/var/log/audit.log
USER 10001:10001
VOLUME ["/data", "/var/log"]
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ.get('PORT', '8000') + '/health', timeout=4)"]
ENTRYPOINT ["tini", "--", "helix"]
CMD ["run"]
