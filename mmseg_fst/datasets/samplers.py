"""Sampling of pairs: two shuffled streams and a seed for every item."""
import itertools
from collections.abc import Iterator
from typing import NamedTuple, Optional

import numpy as np
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from mmseg_fst.registry import DATA_SAMPLERS

from .paired import PairedDataset


class PairIndex(NamedTuple):
    """What :class:`PairedDataset` is asked for.

    Attributes:
        labeled (int): Index on the labeled side.
        unlabeled (int): Index on the unlabeled side.
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
    processes and not on what was drawn before, so that it takes no longer to
    begin at a late place. Of P processes, process r takes places r, r + P,
    r + 2P, ...

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

    def _stream(self, side: int, start: int) -> Iterator[int]:
        """Indices of one side from a place on, without end."""
        length = self.lengths[side]
        first, offset = divmod(start, length)
        for number in itertools.count(first):
            order = range(length)
            if self.shuffle:
                rng = np.random.default_rng((self.seed, side, number))
                order = rng.permutation(length).tolist()
            yield from order[offset:]
            offset = 0

    def _seeds(self, start: int) -> Iterator[int]:
        """Seeds of the items from a place on, without end."""
        for place in itertools.count(start):
            # 2 is the number of sides: one more stream.
            word, = np.random.SeedSequence(
                (self.seed, 2, place)).generate_state(1)
            yield int(word) >> 1  # of 32 bits

    def __iter__(self) -> Iterator[PairIndex]:
        """The part of this process, from where :meth:`skip` has set it."""
        start = self.start * self.world_size
        pairs = zip(
            self._stream(0, start), self._stream(1, start),
            self._seeds(start))
        return itertools.starmap(
            PairIndex,
            itertools.islice(pairs, self.rank, None, self.world_size))

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
