#!/bin/sh
# Download pretrained weights: sh tools/download_checkpoints.sh [--list] [--all] [NAME ...]
set -eu
cd "$(dirname "$0")/.."
. tools/environment.sh
exec "$PYTHON" tools/download_checkpoints.py "$@"
