#!/bin/sh
# Score student and teacher of a finished run, draw their predictions.
#   sh test.sh WORK_DIR [--last] [--max-images N]
# Finds config and checkpoint (the best, or else the last) in the folder.
set -eu
if [ $# -eq 0 ]; then
    echo "Usage: sh test.sh WORK_DIR" >&2
    echo "such as work_dirs/demo/streets_fst-d/seed_0" >&2
    exit 2
fi
target=$1
shift
# The folder may be named from wherever the user stands.
if [ -e "$target" ]; then
    target=$(cd "$(dirname "$target")" && pwd)/$(basename "$target")
fi
cd "$(dirname "$0")"
. tools/environment.sh
exec "$PYTHON" tools/test.py "$target" "$@"
