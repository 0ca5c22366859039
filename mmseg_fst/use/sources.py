"""Images and videos that a user names: a file, a folder or a pattern."""
import glob
from collections import Counter
from os import path as osp
from pathlib import Path
from typing import NamedTuple, Optional

from mmseg_fst.utils.file_patterns import (
    ARRAY_ENDING,
    IMAGE_ENDINGS,
    walk_files,
)

#: Endings of videos, in lower case.
VIDEO_ENDINGS = ('.avi', '.m4v', '.mkv', '.mov', '.mp4', '.webm')
_KNOWN = IMAGE_ENDINGS + VIDEO_ENDINGS


class Source(NamedTuple):
    """One image or video.

    Attributes:
        path (str): The file.
        name (str): What its predictions are called: its path below the folder
            that was named, without the ending, or with it if another file
            differs in it alone.
    """
    path: str
    name: str

    @property
    def is_video(self) -> bool:
        """Whether it holds many images."""
        return self.path.lower().endswith(VIDEO_ENDINGS)


def find_sources(pattern: str, without: Optional[str] = None) -> list[Source]:
    """Images and videos of a file, a folder and those in it, or a pattern.

    Args:
        pattern (str): Path of a file or folder, or a pattern such as
            ``'photos/**/*.jpg'``, in which ``**`` are folders of any depth.
        without (str, optional): Folder to leave out, that of the predictions.
            Defaults to None.

    Returns:
        list[Source]: Sorted by path. Hidden files of a folder are left out,
        and so are ``.npy`` files, which a pattern takes.

    Raises:
        FileNotFoundError: If there is no image or video.
        ValueError: If predictions of a video would mix with others.
    """
    pattern = osp.expanduser(pattern)
    if osp.isfile(pattern):
        paths, folder = [pattern], osp.dirname(pattern)
        if not _is_known(pattern):
            raise ValueError(
                f'{pattern} has an unknown ending; known are '
                f'{", ".join(_KNOWN)}.')
    elif osp.isdir(pattern):
        folder = pattern
        paths = [osp.join(folder, path)
                 for path in walk_files(folder, _KNOWN, listed=False)]
    else:
        paths = glob.glob(pattern, recursive=True)
        folder = _fixed_part(pattern)
    inside = without and Path(without).resolve()
    below = {
        path: osp.relpath(path, folder or osp.curdir)
        for path in sorted(filter(_is_known, paths))
        if not (inside and inside in Path(path).resolve().parents)
    }
    stems = Counter(osp.splitext(name)[0] for name in below.values())
    taken = set(below.values())
    sources: dict[str, Source] = {}
    for path, name in below.items():
        stem = osp.splitext(name)[0]
        if stems[stem] == 1 and stem not in taken:
            name = stem
        sources[name] = Source(path, name)
    _check_videos(sources)
    if not sources:
        raise FileNotFoundError(
            f'There is no image or video {pattern}; known are '
            f'{", ".join(_KNOWN)}.')
    return list(sources.values())


def _check_videos(sources: dict[str, Source]) -> None:
    """Raise where predictions of a video mix with other predictions.

    Predictions of frames are in a folder with the name of the video.
    """
    for name, source in sources.items():
        for folder in map(str, Path(name).parents):
            if folder in sources and sources[folder].is_video:
                raise ValueError(
                    f'Predictions of {sources[folder].path} and of '
                    f'{source.path} would lie in one folder, {folder}, and '
                    'could be one file; rename the video, or predict it by '
                    'itself, with another --out.')


def _is_known(path: str) -> bool:
    """Whether a file is an image or a video, by its ending."""
    return path.lower().endswith((*_KNOWN, ARRAY_ENDING))


def _fixed_part(pattern: str) -> str:
    """The folder in which a pattern begins."""
    parts = Path(pattern).parts
    fixed = next(
        (i for i, part in enumerate(parts) if glob.has_magic(part)),
        len(parts) - 1)
    return str(Path(*parts[:fixed]))
