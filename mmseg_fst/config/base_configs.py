"""Where the base configs are."""
from pathlib import Path

from .packaged import config_root


def base_configs() -> Path:
    """Folder of the base configs, ``configs/_base_``.

    Returns:
        Path: The folder, absolute.

    Raises:
        FileNotFoundError: See :func:`config_root`.
    """
    return config_root() / '_base_'
