"""How the programs are started, for messages."""
from pathlib import Path

# Of a checkout, by the words of mmseg-fst.
_SCRIPTS = {
    'train': 'sh train.sh',
    'train --config': 'python run_experiments.py --config',
    'train --grid': 'python run_experiments.py --grid',
    'test': 'sh test.sh',
    'report': 'python tools/report.py',
    'download checkpoints': 'sh tools/download_checkpoints.sh',
    'download splits': 'sh tools/download_splits.sh',
}


def program(words: str) -> str:
    """Begin of a command line that a message suggests.

    Args:
        words (str): Words after ``mmseg-fst``, such as ``'test'``.

    Returns:
        str: In a checkout the script that does it, such as ``'sh test.sh'``;
        of a package that was installed from a wheel, which has no scripts,
        ``'mmseg-fst test'``.
    """
    # A wheel holds the configs in the package.
    if (Path(__file__).parents[1] / 'configs').is_dir():
        return f'mmseg-fst {words}'
    return _SCRIPTS[words]
