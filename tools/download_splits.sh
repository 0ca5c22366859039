#!/bin/sh
# Download the published semi-supervised splits: sh tools/download_splits.sh [u2pl] [stpp]
set -eu
cd "$(dirname "$0")/.."
. tools/environment.sh
exec "$PYTHON" tools/download_splits.py "$@"
