#!/bin/sh
# Train, validate and print the scores.
#   sh train.sh                               the demo: labels alone, then FST
#   sh train.sh --resume                      continue it
#   sh train.sh CONFIG ... [--seed 0 1 2]     these configs, these seeds
# Creates .venv and the demo data if they do not exist.
set -eu
cd "$(dirname "$0")"
. tools/environment.sh
case "${1:-}" in
    '' | -*)
        set -- configs/demo/first_source-only.py configs/demo/first_fst.py \
            --report work_dirs/demo/report.html "$@" ;;
esac
case " $* " in
    *demo/streets_* | *demo/first_*)
        "$PYTHON" tools/make_streets.py "${STREETS_ROOT:-data/streets}" ;;
esac
exec "$PYTHON" run_experiments.py --config "$@"
