#!/bin/sh
# Train, validate, show where the results are.
#   sh train.sh                               the demo: FST-D on streets
#   sh train.sh CONFIG ... [--seed 0 1 2]     these configs, these seeds
# Makes .venv and the demo data if they are not there yet.
set -eu
cd "$(dirname "$0")"
. tools/environment.sh
[ $# -gt 0 ] || set -- configs/demo/streets_fst-d.py
case " $* " in
    *demo/streets_*)
        "$PYTHON" tools/make_streets.py "${STREETS_ROOT:-data/streets}" ;;
esac
exec "$PYTHON" run_experiments.py --config "$@"
