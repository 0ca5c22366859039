"""Where mmengine writes checkpoints."""
import os
from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend

from .files import atomic_write

#: Name of :class:`DurableBackend` in ``backend_args`` of mmengine.
DURABLE = 'mmseg_fst.durable'


@register_backend(DURABLE)
class DurableBackend(LocalBackend):
    """Local files that appear whole or not at all, and stay."""

    def put(self, obj: bytes, filepath: str | os.PathLike) -> None:
        """Write a file; whatever happens, the old one or the new is there.

        Args:
            obj (bytes): Its content.
            filepath (str | Path): Its path.

        Raises:
            OSError: If it cannot be written; an older file is untouched.
        """
        try:
            with atomic_write(filepath, durable=True) as temporary:
                Path(temporary).write_bytes(obj)
        except OSError as error:
            raise OSError(
                error.errno,
                f'{error.strerror}: {len(obj) / 1e6:.0f} MB could not be '
                'written. Files that are there already are whole; make room '
                'and go on from the last checkpoint with --resume',
                str(filepath)) from error
