#!/bin/sh
# Install what the tests need and run them all: sh tests/run.sh [PYTEST ARGS]
set -eu
cd "$(dirname "$0")/.."
. tools/environment.sh
exec "$PYTHON" -m pytest "$@"
