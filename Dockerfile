# The container of the loop. GitHub's rules for container actions: no USER (the workspace would be out of reach) and no
# WORKDIR; https://docs.github.com/en/actions/reference/workflows-and-actions/dockerfile-support
ARG PYTHON=python:3.13-slim

FROM ${PYTHON} AS build
COPY requirements/runtime.txt /build/runtime.txt
# Wheels only, each with the hash that was locked: nothing is compiled, nothing unexpected is installed.
RUN python3 -m venv --without-pip /opt/ml && \
    python3 -m pip --python /opt/ml/bin/python3 install --no-cache-dir --no-compile --require-hashes --only-binary :all: \
        -r /build/runtime.txt
COPY ml_action /opt/ml/app/ml_action
COPY entrypoint.py /opt/ml/app/entrypoint.py
# Bytecode here, once: a container is new every time and would compile 1,500 modules at each start.
RUN /opt/ml/bin/python3 -m compileall -q -j 0 /opt/ml/lib /opt/ml/app

FROM ${PYTHON}
LABEL org.opencontainers.image.title="ml-auto-update" \
      org.opencontainers.image.description="The auto-retrain loop as one GitHub Action" \
      org.opencontainers.image.licenses="Apache-2.0"
# git speaks HTTPS through a helper that Debian packages with git itself.
RUN apt-get update && apt-get install -y --no-install-recommends git ca-certificates && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/ml /opt/ml
# Exec form: a shell would drop inputs with a hyphen. -I: nothing in the workspace can shadow a module.
ENTRYPOINT ["/opt/ml/bin/python3", "-I", "/opt/ml/app/entrypoint.py"]
