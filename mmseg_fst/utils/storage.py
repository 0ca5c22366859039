"""File backend of mmengine for checkpoints."""
import os
from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend

from .files import atomic_write

#: Name of :class:`DurableBackend` in ``backend_args`` of mmengine.
DURABLE = 'mmseg_fst.durable'


@register_backend(DURABLE)
class DurableBackend(LocalBackend):
    """Local files that are written atomically and flushed to the disk."""

    def put(self, obj: bytes, filepath: str | os.PathLike) -> None:
        """Write a file; at any time either the old or the new one exists.

        Args:
            obj (bytes): Content of the file.
            filepath (str | Path): Path of the file.

        Raises:
            OSError: If it cannot be written; an older file is not changed.
        """
        try:
            with atomic_write(filepath, durable=True) as temporary:
                Path(temporary).write_bytes(obj)
        except OSError as error:
            raise OSError(
                error.errno,
                f'{error.strerror}: {len(obj) / 1e6:.0f} MB could not be '
                'written. Existing files are intact; free disk space and '
                'continue from the last checkpoint with --resume',
                str(filepath)) from error
