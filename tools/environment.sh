# Sourced by the launchers: makes .venv once, installs what is missing, and
# sets PYTHON. Nothing is installed again while the requirements stay the same.
VENV=${VENV:-.venv}
if [ ! -x "$VENV/bin/python" ]; then
    base=$(command -v python3 || command -v python) || {
        echo "No Python found; install Python 3.10 or newer." >&2; exit 1; }
    "$base" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || {
        echo "$base is too old; Python 3.10 or newer is needed." >&2; exit 1; }
    # A PyTorch that is already there, a CUDA build say, is kept and used.
    site=
    if "$base" -c 'import torch, torchvision' 2>/dev/null; then
        site=--system-site-packages
    fi
    echo "Making $VENV with $base $site"
    "$base" -m venv $site "$VENV"
fi
PYTHON=$VENV/bin/python
if ! cat requirements.txt setup.py | cmp -s - "$VENV/installed.txt"; then
    echo "Installing the requirements (a minute or two, once)"
    "$PYTHON" -m pip install --quiet --disable-pip-version-check \
        -r requirements.txt -e '.[tests]' || {
        echo "The installation broke off, for the reason above. It needs 6 GB" \
            "(PyTorch with CUDA) and a network; free in $VENV:" \
            "$(df -Ph "$VENV" | awk 'END { print $4 }')." \
            "The same command goes on with it; see docs/install.md." >&2
        exit 1; }
    cat requirements.txt setup.py > "$VENV/installed.txt"
fi
