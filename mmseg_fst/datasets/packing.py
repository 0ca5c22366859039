"""Creation and validation of packs.

See :mod:`mmseg_fst.datasets.packed` for the format of a pack.
"""
import hashlib
import json
import os
from collections.abc import Sequence
from os import path as osp
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL
import torch
from mmengine.dataset import BaseDataset, Compose
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from mmseg_fst.utils.files import atomic_write, save_json

from .fixed_steps import count_fixed
from .packed import INDEX, ITEMS, LoadPacked, encode_item
from .sides import Side, part_configs, parts_of

RECIPE = 'recipe.json'
_SAMPLES = 16


class Pack:
    """Stored outputs of the deterministic first steps of a pipeline.

    The name of the folder contains a hash of everything that the pixels
    depend on: the steps, the list of files, the versions of the decoders.
    Size and modification time of each file are compared with their values at
    the time of packing.

    Args:
        name (str): Name of the side, the prefix of the folder name.
        side (BaseDataset): The data set.
        pipeline (Sequence[dict]): Configs of its transforms.
        root (str): Folder of all packs.

    Raises:
        ValueError: If the pipeline begins with a random step.

    Example:
        >>> pack = Pack('labeled', dataset, cfg.pipeline, 'data/packs')
        >>> pack.write(workers=4)
        >>> pack.install()  # from now on the data set reads the pack
    """

    def __init__(self, name: str, side: BaseDataset,
                 pipeline: Sequence[dict], root: str) -> None:
        self.name = name
        self.side = side
        steps = side.pipeline.transforms
        self.count = count_fixed(steps)
        if self.count == 0:
            raise ValueError(
                f'The pipeline of the {name} side starts with '
                f'{type(steps[0]).__name__}, which cannot be packed; start '
                'it with LoadWholeImage, LoadAnnotations or Resize.')
        self.steps = Compose(steps[:self.count])
        self.recipe = self._write_recipe(pipeline[:self.count])
        text = json.dumps(self.recipe, sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        self.folder = Path(root) / f'{name}_{digest}'

    def _files(self) -> list[tuple[str, str]]:
        """Image and label of each item; an empty string without label."""
        infos = map(self.side.get_data_info, range(len(self.side)))
        return [(info['img_path'], info.get('seg_map_path') or '')
                for info in infos]

    def _write_recipe(self, steps: Sequence[dict]) -> dict[str, Any]:
        """Everything the pixels depend on, except the content of files."""
        start = self.side.data_root or '.'
        files = [[path and osp.relpath(path, start) for path in pair]
                 for pair in self._files()]
        info = self.side.get_data_info(0)
        recipe = dict(
            steps=steps,
            label_ids=[info.get('label_map'), info.get('reduce_zero_label')],
            images=len(files),
            files=hashlib.sha256(json.dumps(files).encode()).hexdigest(),
            versions=dict(cv2=cv2.__version__, pillow=PIL.__version__))
        # As after a round trip: lists instead of tuples, strings as keys.
        return json.loads(json.dumps(recipe, default=str))

    def _stamps(self) -> np.ndarray:
        """Size and time of each image and label, (N, 4); -1 if missing."""
        stamps = np.full((len(self.side), 4), -1, np.int64)
        for row, pair in zip(stamps, self._files()):
            for column, path in enumerate(pair):
                if osp.isfile(path):
                    state = os.stat(path)
                    row[2 * column:][:2] = state.st_size, state.st_mtime_ns
        return stamps

    def problem(self) -> str:
        """Explain why the pack cannot be used.

        Returns:
            str: A sentence; empty if the pack can be used.
        """
        if not (self.folder / INDEX).is_file():
            return f'{self.folder} is missing.{self._others()}'
        with np.load(self.folder / INDEX) as index:
            stamps, size = index['stamps'], int(index['offsets'][-1])
        changed = (stamps != self._stamps()).any(1)
        if changed.any():
            image = self._files()[changed.argmax()][0]
            return (f'{changed.sum()} images or labels have changed since '
                    f'{self.folder} was created, the first is {image}.')
        items = self.folder / ITEMS
        if not items.is_file() or items.stat().st_size != size:
            return f'{items} no longer has its {size} bytes.'
        return ''

    def _others(self) -> str:
        """Describe how existing packs of this name differ."""
        sentences = []
        for path in sorted(self.folder.parent.glob(f'{self.name}_*/{INDEX}')):
            other = json.loads(path.with_name(RECIPE).read_text())
            differing = [key for key, value in self.recipe.items()
                         if other.get(key) != value]
            sentences.append(f' The existing {path.parent.name} was created '
                             f'with other {" and ".join(differing)}.')
        return ''.join(sentences)

    def install(self) -> None:
        """Make the data set read the pack instead of its files.

        Raises:
            FileNotFoundError: If the pack does not exist, or files have
                changed since.
        """
        problem = self.problem()
        if problem:
            raise FileNotFoundError(
                f'The {self.name} side is not packed: {problem} Pack it with '
                'python tools/pack_dataset.py YOUR_CONFIG --out '
                f'{self.folder.parent}, or remove `packed`.')
        self.side.pipeline.transforms[:self.count] = [
            LoadPacked(str(self.folder))
        ]

    def record(self, index: int) -> np.ndarray:
        """Encode the fields that the steps add to an item.

        Args:
            index (int): Index of the item.

        Returns:
            np.ndarray: Bytes of :func:`encode_item`, of shape (L,), uint8.
        """
        before = self.side.get_data_info(index)
        after = self.steps(self.side.get_data_info(index))
        return encode_item({
            key: value
            for key, value in after.items()
            if key not in before or before[key] != value
        })

    def estimate(self) -> int:
        """Estimate the size of the pack in bytes from some items."""
        count = len(self.side)
        samples = np.linspace(0, count - 1, min(count, _SAMPLES)).astype(int)
        sizes = [len(self.record(int(index))) for index in samples]
        return int(np.mean(sizes) * count)

    def write(self, workers: int = 0) -> None:
        """Create the pack, with a progress bar.

        Args:
            workers (int): Number of processes that decode images. Defaults to
                0: this process.

        Raises:
            OSError: If an image or a label cannot be read.
            TypeError: If the steps return values that cannot be packed.
        """
        stamps, offsets = self._stamps(), [0]
        self.folder.mkdir(parents=True, exist_ok=True)
        # A pack without index is not valid, so an aborted write is harmless.
        (self.folder / INDEX).unlink(missing_ok=True)
        for leftover in self.folder.glob('.*.tmp.*'):
            leftover.unlink()
        save_json(self.folder / RECIPE, self.recipe)
        records = DataLoader(
            _Records(self), batch_size=None, num_workers=workers)
        with atomic_write(self.folder / ITEMS) as temporary:
            with open(temporary, 'wb') as file:
                for record in tqdm(records, desc=self.name, unit='image'):
                    file.write(record.numpy())
                    offsets.append(file.tell())
        with atomic_write(self.folder / INDEX) as temporary:
            np.savez(temporary, offsets=np.array(offsets), stamps=stamps)


def packs_of(name: str, side: Side, cfg: dict, root: str) -> list[Pack]:
    """The packs of a side, one for each of its data sets.

    Args:
        name (str): Name of the side; of several data sets it is followed by
            their number, as in ``'labeled.1'``.
        side (BaseDataset | ConcatDataset | RepeatDataset): The side.
        cfg (dict): Its config.
        root (str): Folder of all packs.

    Returns:
        list[Pack]: The packs.

    Raises:
        ValueError: See :class:`Pack`.
    """
    parts = parts_of(side)
    return [
        Pack(name if len(parts) == 1 else f'{name}.{number}', part,
             part_cfg['pipeline'], root)
        for number, (part, part_cfg) in enumerate(
            zip(parts, part_configs(cfg)))
    ]


class _Records(Dataset):
    """The records of a pack as a PyTorch data set."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack

    def __len__(self) -> int:
        return len(self.pack.side)

    def __getitem__(self, index: int) -> Tensor:
        return torch.from_numpy(self.pack.record(index))
