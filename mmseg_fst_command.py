"""The command mmseg-fst.

It is a module outside of the package, because the package imports PyTorch
when it is imported, which takes seconds: here the package is run after the
words of the command line have been read. Help and a message on a wrong option
therefore take no time.
"""
import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from typing import Optional


def defer_package() -> Callable[[], None]:
    """Make ``mmseg_fst`` importable without running its ``__init__.py``.

    Returns:
        Callable: Runs it; called before anything of the package is used that
        needs PyTorch.

    Raises:
        ImportError: If the package is not installed.
    """
    if 'mmseg_fst' in sys.modules:
        return lambda: None
    spec = importlib.util.find_spec('mmseg_fst')
    if spec is None or spec.loader is None:
        raise ImportError('mmseg_fst is not installed.')
    package = importlib.util.module_from_spec(spec)
    sys.modules['mmseg_fst'] = package
    loader = spec.loader
    return lambda: loader.exec_module(package)


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run the command.

    Args:
        argv (Sequence[str], optional): Its words. Defaults to None: the words
            of the process.

    Returns:
        int: The exit status, see :mod:`mmseg_fst.commands`.
    """
    import_package = defer_package()
    commands = importlib.import_module('mmseg_fst.commands')
    return commands.main(argv, import_package)


if __name__ == '__main__':
    sys.exit(main())
