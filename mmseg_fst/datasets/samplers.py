"""Sampling of pairs: two shuffled streams and a seed for every item."""
import itertools
from collections.abc import Iterator
from typing import NamedTuple, Optional

import torch
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from mmseg_fst.registry import DATA_SAMPLERS

from .paired import PairedDataset


class PairIndex(NamedTuple):
    """What :class:`PairedDataset` is asked for.

    Attributes:
        labeled (int): Index on the labelled side.
        unlabeled (int): Index on the unlabelled side.
        seed (int): Seed of all that is drawn for the item, in [0, 2**31).
    """
    labeled: int
    unlabeled: int
    seed: int


@DATA_SAMPLERS.register_module()
class PairedSampler(Sampler):
    """An endless stream of pairs for :class:`PairedDataset`.

    Each side is walked through in an order of its own, shuffled anew at each
    pass: every image is seen once before any is seen twice, however long the
    other side is. The item at a place of the stream, augmentation included,
    depends on ``seed`` and the place alone, not on the number of worker
    processes. Of P processes, process r takes places r, r + P, r + 2P, ...

    Args:
        dataset (PairedDataset): The pairs.
        shuffle (bool): Whether to shuffle. Defaults to True.
        seed (int, optional): Seed of the stream. Defaults to None: drawn, and
            shared by all processes.
    """

    def __init__(self,
                 dataset: PairedDataset,
                 shuffle: bool = True,
                 seed: Optional[int] = None) -> None:
        self.lengths = (dataset.num_labeled, dataset.num_unlabeled)
        self.rank, self.world_size = get_dist_info()
        self.shuffle = shuffle
        self.seed = sync_random_seed() if seed is None else seed
        self.start = 0
        # Set by a hook that draws further batches in each training step.
        self.batches_per_step = 1

    def _stream(self, length: int, generator: torch.Generator
                ) -> Iterator[int]:
        """Indices below ``length``, without end."""
        while True:
            if self.shuffle:
                yield from torch.randperm(length, generator=generator).tolist()
            else:
                yield from range(length)

    def _pairs(self) -> Iterator[PairIndex]:
        """The whole stream, of all processes."""
        generators = [
            torch.Generator().manual_seed(3 * self.seed + side)
            for side in range(3)
        ]
        labeled, unlabeled = (
            self._stream(length, generator)
            for length, generator in zip(self.lengths, generators))
        while True:
            seed = torch.randint(2**31, (), generator=generators[2])
            yield PairIndex(next(labeled), next(unlabeled), int(seed))

    def __iter__(self) -> Iterator[PairIndex]:
        """The part of this process, from where :meth:`skip` has set it."""
        return itertools.islice(
            self._pairs(), self.rank + self.start * self.world_size, None,
            self.world_size)

    def __len__(self) -> int:
        """Items of one pass over the longer side."""
        return max(self.lengths)

    def skip(self, num_samples: int) -> None:
        """Start behind the items that past training steps have taken.

        Called by mmengine's train loop on resume, before it iterates.

        Args:
            num_samples (int): Items of the real steps of this process, from
                the beginning of the stream.
        """
        self.start = num_samples * self.batches_per_step
