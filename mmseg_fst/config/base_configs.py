"""Where the base configs are."""
from pathlib import Path


def base_configs() -> Path:
    """Folder of the base configs, ``configs/_base_``.

    Returns:
        Path: The folder, absolute.

    Raises:
        FileNotFoundError: If there is none beside the package.
    """
    folder = Path(__file__).resolve().parents[2] / 'configs' / '_base_'
    if not folder.is_dir():
        raise FileNotFoundError(
            f'There is no folder {folder}, but tasks need its configs. '
            "Install the package from a checkout: pip install -e '.'")
    return folder
