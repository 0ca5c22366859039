#!/bin/sh
# Check tests, demo, speed and memory on a GPU, in at most 8 minutes:
#   sh tools/gpu_check.sh [OPTIONS]
# See --help. The installation, which comes first, is not counted.
set -eu
cd "$(dirname "$0")/.."
. tools/environment.sh
exec "$PYTHON" tools/gpu_check.py "$@"
