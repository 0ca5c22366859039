#!/bin/sh
# Install the requirements and run all tests: sh tests/run.sh [PYTEST ARGS]
set -eu
cd "$(dirname "$0")/.."
. tools/environment.sh
# Run test files in two processes of one thread each. conftest.py puts long
# files first; --no-loadscope-reorder keeps that order.
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
exec "$PYTHON" -m pytest -n "${WORKERS:-2}" --dist loadfile \
    --no-loadscope-reorder "$@"
