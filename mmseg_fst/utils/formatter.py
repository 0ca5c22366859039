"""The formatter with which mmengine writes configs."""
import importlib
import os
import sys
from pickle import UnpicklingError
from tempfile import TemporaryDirectory
from unittest.mock import patch

_FORMATTER = 'yapf.yapflib.yapf_api'


def import_formatter() -> None:
    """Import yapf, also while another process is importing it.

    Its first import writes a cache below the user's home. A second process
    may read that file before it is whole, and so does every later one if the
    first was killed; then the cache is left out.
    """
    try:
        importlib.import_module(_FORMATTER)
    except (EOFError, UnpicklingError):
        # A submodule that stays imported would not be set on a new package.
        for name in [name for name in sys.modules
                     if name.partition('.')[0] == 'yapf']:
            del sys.modules[name]
        with TemporaryDirectory() as folder, patch.dict(
                os.environ, XDG_CACHE_HOME=folder):
            importlib.import_module(_FORMATTER)
