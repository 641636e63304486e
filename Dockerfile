# One image for every service of ours; docker-compose.yml says which one a container runs.
FROM python:3.13-slim AS base
# The image's own certificate store, so that a company proxy's certificate, added there, counts everywhere.
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    REQUESTS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

FROM base AS packages
RUN python -m venv /venv
COPY requirements.txt /tmp/
# Google's client brings the description of each of its services, 110 MB; two are used.
RUN /venv/bin/pip install -r /tmp/requirements.txt \
 && find /venv -path '*/discovery_cache/documents/*' ! -name sheets.v4.json ! -name drive.v3.json -delete

# The grid library of the sandbox's page, by its Maven coordinates; what fetches it stays behind.
FROM packages AS grid
COPY requirements-stack.txt /tmp/
RUN grep '^jgo==' /tmp/requirements-stack.txt > /tmp/jgo.txt && /venv/bin/pip install -r /tmp/jgo.txt
COPY core /app/core
COPY sandbox/__init__.py /app/sandbox/
COPY sandbox/stack /app/sandbox/stack
RUN cd /app && TWINSHEET_DOWNLOADS_DIR=/downloads /venv/bin/python -m sandbox.stack.install --grid

FROM packages AS app
COPY . /app
RUN /venv/bin/pip install --no-deps -e /app \
 && /venv/bin/pip uninstall --yes --quiet pip \
 && /venv/bin/python -m compileall -q /app

FROM base
RUN useradd --system --uid 10001 --home-dir /var/lib/twinsheet twinsheet \
 && install --directory --owner=twinsheet --mode=0700 /var/lib/twinsheet
COPY --from=app /venv /venv
COPY --from=grid /downloads /downloads
COPY --from=app /app /app
ENV PATH=/venv/bin:$PATH \
    TWINSHEET_RUN_DIR=/var/lib/twinsheet \
    TWINSHEET_DOWNLOADS_DIR=/downloads \
    TWINSHEET_LOG_FORMAT=json
WORKDIR /app
USER twinsheet
VOLUME /var/lib/twinsheet
CMD ["twinsheet", "--help"]
