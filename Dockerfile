# The container of the loop. GitHub's rules for container actions: no USER (the workspace would be out of reach) and no
# WORKDIR; https://docs.github.com/en/actions/reference/workflows-and-actions/dockerfile-support
# Figures behind each choice: docs/image.md. Builds with BuildKit and with the legacy builder.
ARG PYTHON=python:3.13-slim

FROM ${PYTHON} AS wheels
# For `strip`. No version: Debian's mirrors keep only the newest one of a package.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends binutils && rm -rf /var/lib/apt/lists/*
COPY requirements/runtime.txt /build/
# Wheels only, each with the hash that was locked: nothing is compiled, nothing unexpected is installed. The lock is
# complete, so there are no dependencies to resolve. No pip in it.
RUN python3 -m venv --without-pip /opt/ml && \
    python3 -m pip --python /opt/ml/bin/python3 install --no-cache-dir --no-compile --no-deps --require-hashes \
        --only-binary :all: -r /build/runtime.txt
COPY docker/image-wheels docker/image-bytecode /build/
RUN /build/image-wheels /opt/ml/lib && \
    /opt/ml/bin/python3 -I -X pycache_prefix=/build/seen /build/image-bytecode /build/bytecode

FROM ${PYTHON} AS app
COPY entrypoint.py /opt/ml/app/
COPY ml_action /opt/ml/app/ml_action
RUN python3 -m compileall -q --invalidation-mode unchecked-hash /opt/ml/app

FROM ${PYTHON} AS git
COPY docker/image-git /build/
RUN /build/image-git /build/root

FROM ${PYTHON}
LABEL org.opencontainers.image.title="ml-auto-update" \
      org.opencontainers.image.description="The auto-retrain loop as one GitHub Action" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="https://github.com/org/ml-auto-update" \
      org.opencontainers.image.documentation="https://github.com/org/ml-auto-update/blob/main/docs/image.md"
COPY --from=git /build/root /
COPY --from=wheels /opt/ml /opt/ml
# Of the standard library too: the official images leave it out.
COPY --from=wheels /build/bytecode /
COPY --from=app /opt/ml/app /opt/ml/app
# Exec form: a shell would drop inputs with a hyphen. -I: nothing in the workspace can shadow a module.
ENTRYPOINT ["/opt/ml/bin/python3", "-I", "/opt/ml/app/entrypoint.py"]
