#!/bin/sh
# Train, validate and print the folder of the results.
#   sh train.sh                               the demo: FST-D on streets
#   sh train.sh CONFIG ... [--seed 0 1 2]     these configs, these seeds
# Creates .venv and the demo data if they do not exist.
set -eu
cd "$(dirname "$0")"
. tools/environment.sh
[ $# -gt 0 ] || set -- configs/demo/streets_fst-d.py
case " $* " in
    *demo/streets_*)
        "$PYTHON" tools/make_streets.py "${STREETS_ROOT:-data/streets}" ;;
esac
exec "$PYTHON" run_experiments.py --config "$@"
