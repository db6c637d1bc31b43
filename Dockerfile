# The container of the loop. GitHub's rules for container actions: no USER (the workspace would be out of reach) and no
# WORKDIR; https://docs.github.com/en/actions/reference/workflows-and-actions/dockerfile-support
# Figures behind each choice: docs/image.md. Builds with BuildKit and with the legacy builder.
ARG PYTHON=python:3.13-slim

FROM ${PYTHON} AS wheels
# For `strip`. No version: Debian's mirrors keep only the newest one of a package.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends binutils && rm -rf /var/lib/apt/lists/*
COPY requirements/runtime.txt /build/
# Wheels only, each with the hash that was locked: nothing is compiled, nothing unexpected is installed. No pip in it.
RUN python3 -m venv --without-pip /opt/ml && \
    python3 -m pip --python /opt/ml/bin/python3 install --no-cache-dir --no-compile --require-hashes --only-binary :all: \
        -r /build/runtime.txt
COPY scripts/image-wheels /build/
RUN /build/image-wheels /opt/ml/lib
# Bytecode here, once: a container is new every time and would compile 2,000 modules at each training. Unchecked: the
# files beside it never change, and a copy between stages may change their time stamps.
RUN python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/ml/lib

FROM ${PYTHON} AS app
COPY entrypoint.py /opt/ml/app/
COPY ml_action /opt/ml/app/ml_action
RUN python3 -m compileall -q --invalidation-mode unchecked-hash /opt/ml/app

FROM ${PYTHON} AS git
COPY scripts/image-git /build/
RUN /build/image-git /build/root

FROM ${PYTHON}
LABEL org.opencontainers.image.title="ml-auto-update" \
      org.opencontainers.image.description="The auto-retrain loop as one GitHub Action" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="https://github.com/ml-auto-update/ml-auto-update" \
      org.opencontainers.image.documentation="https://github.com/ml-auto-update/ml-auto-update/blob/main/docs/image.md"
# The official images leave out the bytecode of the standard library; what a run never loads stays without.
RUN python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash \
        -x '/(ensurepip|idlelib|lib2to3|pydoc_data|site-packages|test|tkinter|turtledemo)/' \
        "$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"
COPY --from=git /build/root /
COPY --from=wheels /opt/ml /opt/ml
COPY --from=app /opt/ml/app /opt/ml/app
# -I is for this process only: the worker processes that an estimator may start (n_jobs) get no modules from their
# working directory, the workspace, either. https://docs.python.org/3/using/cmdline.html#envvar-PYTHONSAFEPATH
ENV PYTHONSAFEPATH=1
# Exec form: a shell would drop inputs with a hyphen. -I: nothing in the workspace can shadow a module.
ENTRYPOINT ["/opt/ml/bin/python3", "-I", "/opt/ml/app/entrypoint.py"]
