"""`dockerfile`: the recipe of an image that serves a bundle."""

from __future__ import annotations

import json

from hagane.workflow.packaging.image import GRPC_PORT, PORT, USER, Image

FIRST_LINE = "# Written by hagane package"
_PROBE = (
    "import os, urllib.request as u; "
    "u.urlopen('http://127.0.0.1:' + os.environ.get('AIP_HTTP_PORT', '8080') + '/readyz', timeout=2)"
)


def dockerfile(image: Image) -> str:
    """The Dockerfile: packages are installed in a stage of their own, and run by nobody."""
    entry = ["hagane", "serve", "/model", *(["--grpc-port", str(GRPC_PORT)] if image.has_grpc else [])]
    hashes = " --require-hashes" if image.has_hashes else ""
    return f"""\
{FIRST_LINE} {image.hagane}: serves {image.model} (bundle {image.bundle_id}).
#   docker build -t {image.name} .
#   docker run --rm -p {PORT}:{PORT} {image.name}
ARG PYTHON_IMAGE=python:{image.python}-slim-bookworm

FROM ${{PYTHON_IMAGE}} AS packages
WORKDIR /build
COPY requirements.txt ./
COPY wheels ./wheels
RUN python -m venv --without-pip /opt/hagane \\
 && pip --python /opt/hagane/bin/python install --no-cache-dir --no-deps --only-binary=:all:{hashes} -r requirements.txt

FROM ${{PYTHON_IMAGE}}
LABEL org.opencontainers.image.title="{image.label}" org.opencontainers.image.revision="{image.bundle_id}"
COPY --from=packages /opt/hagane /opt/hagane
COPY model /model
ENV PATH=/opt/hagane/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp AIP_HTTP_PORT={PORT}
USER {USER}:{USER}
WORKDIR /tmp
EXPOSE {PORT}{f" {GRPC_PORT}" if image.has_grpc else ""}
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 CMD {json.dumps(["python", "-c", _PROBE])}
ENTRYPOINT {json.dumps(entry)}
"""
