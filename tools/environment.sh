# Sourced by the launchers: creates .venv, installs the requirements when they
# have changed, and sets PYTHON.
VENV=${VENV:-.venv}
if [ ! -x "$VENV/bin/python" ]; then
    base=$(command -v python3 || command -v python) || {
        echo "No Python found; install Python 3.10 or newer." >&2; exit 1; }
    "$base" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || {
        echo "$base is too old; Python 3.10 or newer is needed." >&2; exit 1; }
    # Use an installed PyTorch, which may be a build for CUDA.
    site=
    if "$base" -c 'import torch, torchvision' 2>/dev/null; then
        site=--system-site-packages
    fi
    echo "Creating $VENV with $base $site"
    "$base" -m venv $site "$VENV"
fi
PYTHON=$VENV/bin/python
if ! cat requirements.txt setup.py pyproject.toml | cmp -s - "$VENV/installed.txt"; then
    echo "Installing the requirements (a minute or two, once)"
    "$PYTHON" -m pip install --quiet --disable-pip-version-check \
        -r requirements.txt -e '.[tests]' || {
        echo "The installation failed for the reason above. It needs 6 GB" \
            "(PyTorch with CUDA) and a network connection; free in $VENV:" \
            "$(df -Ph "$VENV" | awk 'END { print $4 }')." \
            "Run the same command again; see docs/install.md." >&2
        exit 1; }
    cat requirements.txt setup.py pyproject.toml > "$VENV/installed.txt"
fi
