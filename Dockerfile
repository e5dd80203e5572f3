# The first stage builds the wheels; the second holds what runs, without tools, tests or sources.
#   docker build -t helix .
#   docker build -t helix --build-arg DRIVERS=helix_binance .     only that driver
#   docker run --env-file .env -p 127.0.0.1:8000:8000 -v helix-data:/data -v helix-logs:/var/log helix

FROM python:3.11-slim-bookworm AS build
WORKDIR /src

# Everything pinned is fetched and its hash checked here, once; what follows installs from this folder only.
COPY requirements.txt ./
RUN python -m venv /tools \
 && /tools/bin/pip download --quiet --disable-pip-version-check --require-hashes --dest /wheels --requirement requirements.txt \
 && /tools/bin/pip install --quiet --disable-pip-version-check --no-index --find-links /wheels build hatchling

COPY . .
ARG DRIVERS="helix_binance helix_kraken"
RUN for project in . $DRIVERS; do /tools/bin/python -m build --wheel --no-isolation --outdir /wheels "$project" || exit 1; done \
 && python -m venv /opt/helix \
 && /opt/helix/bin/pip install --quiet --disable-pip-version-check --no-index --find-links /wheels helix_core $DRIVERS


FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin helix \
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
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ.get('PORT', '8000') + '/health', timeout=4)"]
ENTRYPOINT ["helix"]
CMD ["run"]
