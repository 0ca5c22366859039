#!/bin/sh
# Install the requirements and run all tests: sh tests/run.sh [PYTEST ARGS]
set -eu
cd "$(dirname "$0")/.."
. tools/environment.sh
# Run test files in three processes of one thread each: two would leave the
# cores idle while tests wait for other processes. conftest.py puts long
# files first; --no-loadscope-reorder keeps that order.
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
exec "$PYTHON" -m pytest -n "${WORKERS:-3}" --dist loadfile \
    --no-loadscope-reorder "$@"
