#!/bin/sh
# Install what the tests need and run them all: sh tests/run.sh [PYTEST ARGS]
set -eu
cd "$(dirname "$0")/.."
. tools/environment.sh
# Each file of tests in one of two processes, of one thread each; long ones
# first (conftest.py), not those of many tests.
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
exec "$PYTHON" -m pytest -n "${WORKERS:-2}" --dist loadfile \
    --no-loadscope-reorder "$@"
