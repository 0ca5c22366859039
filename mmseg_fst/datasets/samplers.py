"""Sampling of items: a shuffled stream for each side, and seeds."""
import itertools
from collections.abc import Iterator, Mapping
from typing import Optional

import numpy as np
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from mmseg_fst.registry import DATA_SAMPLERS

from .joined import group_sides
from .paired import PairedDataset, PairIndex
from .sides import LABELED, stream_key


@DATA_SAMPLERS.register_module()
class PairedSampler(Sampler):
    """An endless stream of items for :class:`PairedDataset`.

    Each side is passed through in an order that is shuffled anew at each
    pass: every image is sampled once before any is sampled twice, however
    long the other sides are. The item at a place of the stream, augmentation
    included, depends on ``seed`` and the place alone, not on the number of
    worker processes and not on earlier random numbers, so that it takes no
    longer to begin at a late place. Of P processes, process r takes places r,
    r + P, r + 2P, ... The order of a side depends on the seed and on its
    name, not on the other sides.

    With ``batch_sizes`` the items of a batch have different sides: a side with
    n images is in the first n items. A config names the sides that
    differ from ``train_dataloader.batch_size``::

        train_dataloader = dict(
            batch_size=4,
            sampler=dict(type='PairedSampler', batch_sizes=dict(labeled=2)))

    :func:`mmseg_fst.config.batch_sizes.apply_batch_sizes` makes of it what
    the loader needs: a batch of as many items as the largest side has images,
    ``batch_sizes`` of all sides, and :func:`collate_sides`.

    Sides that join another one (``joined`` of the data set) are a part of its
    items: with 2 labeled images and 2 of a side that joins them, the first
    two items of a batch have the former and the next two the latter. Sides
    that join an unlabeled one take turns in coming first, so that over the
    batches each is combined with each labeled side.

    Args:
        dataset (PairedDataset): The data set; of another one only ``lengths``
            and, if it has any, ``joined`` are used.
        shuffle (bool): Whether to shuffle. Defaults to True.
        seed (int, optional): Seed of the stream. Defaults to None: a random
            one, shared by all processes.
        batch_sizes (Mapping[str, int], optional): Images of each side in the
            batch of a process, by name; the largest is the ``batch_size`` of
            the loader, where sides that join one another count together.
            Defaults to None: the same for all sides.

    Raises:
        ValueError: If ``batch_sizes`` does not name each side, or is not
            positive, or is not given though sides join one another.
    """

    def __init__(self,
                 dataset: PairedDataset,
                 shuffle: bool = True,
                 seed: Optional[int] = None,
                 batch_sizes: Optional[Mapping[str, int]] = None) -> None:
        self.lengths = dict(dataset.lengths)
        joined = getattr(dataset, 'joined', {})
        self.groups = group_sides(self.lengths, joined)
        self.batch_sizes = dict.fromkeys(self.lengths, 1)
        if batch_sizes is not None:
            self.batch_sizes = check_batch_sizes(batch_sizes, self.lengths)
        elif joined:
            raise ValueError(
                'PairedSampler: give batch_sizes, the images of each of the '
                f'sides {", ".join(self.lengths)} in a batch, because '
                f'{", ".join(joined)} join other sides; runs of a config get '
                'them by apply_batch_sizes().')
        self.items_per_batch = max(
            sum(self.batch_sizes[side] for side in parts)
            for parts in self.groups.values())
        self.rank, self.world_size = get_dist_info()
        self.shuffle = shuffle
        self.seed = sync_random_seed() if seed is None else seed
        self.start = 0
        # Set by a hook that takes further batches in each training step.
        self.batches_per_step = 1

    def _order(self, side: str, start: int) -> Iterator[int]:
        """Indices of one side from a place on, without end."""
        length = self.lengths[side]
        first, offset = divmod(start, length)
        for number in itertools.count(first):
            order = range(length)
            if self.shuffle:
                rng = np.random.default_rng(
                    (self.seed, *stream_key(side), number))
                order = rng.permutation(length).tolist()
            yield from order[offset:]
            offset = 0

    def _seeds(self, start: int) -> Iterator[int]:
        """Seeds of the items from a place on, without end."""
        for place in itertools.count(start):
            # No side has the number 2, see `stream_key`.
            word, = np.random.SeedSequence(
                (self.seed, 2, place)).generate_state(1)
            yield int(word) >> 1  # of 32 bits

    def _of_this_process(self, stream: Iterator[int]) -> Iterator[int]:
        """Every ``world_size``-th place, from that of this process."""
        return itertools.islice(stream, self.rank, None, self.world_size)

    def __iter__(self) -> Iterator[PairIndex]:
        """The part of this process, from where :meth:`skip` has set it."""
        seeds = self._of_this_process(
            self._seeds(self.start * self.world_size))
        batches, begin = divmod(self.start, self.items_per_batch)
        first = self._sides_of_items(batches)[:begin]
        orders = {}
        for side, size in self.batch_sizes.items():
            taken = batches * size + sum(side in sides for sides in first)
            orders[side] = self._of_this_process(
                self._order(side, taken * self.world_size))
        items = itertools.chain.from_iterable(
            map(self._sides_of_items, itertools.count(batches)))
        for sides, seed in zip(itertools.islice(items, begin, None), seeds):
            yield PairIndex({side: next(orders[side]) for side in sides}, seed)

    def _sides_of_items(self, batch: int) -> list[list[str]]:
        """The sides of each item of a batch.

        The first sides of a group change from batch to batch, except for
        labeled ones: else a mixer would paste images of one side onto images
        of always the same other side.
        """
        items: list[list[str]] = [[] for _ in range(self.items_per_batch)]
        for name, parts in self.groups.items():
            turn = 0 if name == LABELED else batch % len(parts)
            order = [side for side in (*parts[turn:], *parts[:turn])
                     for _ in range(self.batch_sizes[side])]
            for sides, side in zip(items, order):
                sides.append(side)
        return items

    def __len__(self) -> int:
        """Items of one pass over the side that takes longest."""
        return max(
            -(-length * self.items_per_batch // self.batch_sizes[side])
            for side, length in self.lengths.items())

    def skip(self, num_samples: int) -> None:
        """Start behind the items that past training steps have taken.

        Called by mmengine's train loop on resume, before it iterates.

        Args:
            num_samples (int): Items of the real steps of this process, from
                the beginning of the stream.
        """
        self.start = num_samples * self.batches_per_step


def check_batch_sizes(sizes: Mapping[str, int],
                      sides: Mapping[str, int]) -> dict[str, int]:
    """Raise unless there is a positive number for each side.

    Args:
        sizes (Mapping[str, int]): Images in a batch by name of the side.
        sides (Mapping[str, int]): The sides by name; values are not used.

    Returns:
        dict[str, int]: The numbers in the order of the sides.

    Raises:
        ValueError: If a side or a number is missing, or one is not positive.
    """
    if sizes.keys() != sides.keys():
        raise ValueError(f'PairedSampler: batch_sizes={dict(sizes)} must name '
                         f'each of the sides {", ".join(sides)}.')
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ValueError(f'PairedSampler: batch_sizes.{name}={size!r} '
                             'must be a positive integer.')
    return {name: sizes[name] for name in sides}
