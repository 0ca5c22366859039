#!/bin/sh
# Score the student and teacher of a finished run, and show their predictions.
#   sh test.sh WORK_DIR [--split val|test] [--last] [--max-images N]
#       [--select label-free]
# Uses the config and the best checkpoint in the folder, or the last checkpoint.
set -eu
if [ $# -eq 0 ]; then
    echo "Usage: sh test.sh WORK_DIR" >&2
    echo "such as work_dirs/demo/first_fst/seed_0" >&2
    exit 2
fi
target=$1
shift
# The folder may be relative to the current directory of the user.
if [ -e "$target" ]; then
    target=$(cd "$(dirname "$target")" && pwd)/$(basename "$target")
fi
cd "$(dirname "$0")"
. tools/environment.sh
exec "$PYTHON" tools/test.py "$target" "$@"
