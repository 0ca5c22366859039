"""Several data sets in one item: labeled images, unlabeled ones, others."""
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Optional, Union

from mmcv.transforms import LoadAnnotations

from mmseg_fst.registry import DATASETS
from mmseg_fst.utils.randomness import seeded

from .cropping import scale_crops_alone
from .diagnosis import LabelsForDiagnosis
from .joined import check_joined, check_same_classes, group_sides
from .label_checks import check_label
from .list_checks import (
    check_counts,
    check_disjoint,
    check_images_exist,
    check_labels_exist,
)
from .packing import packs_of
from .rare_class import RareClassSampling
from .sides import (
    LABELED,
    UNLABELED,
    Side,
    build_side,
    check_again,
    map_parts,
    name_sides,
    parts_of,
    side_seed,
)


def _ignore_index(name: str, side: Side) -> int:
    """The id of a side that stands for pixels without a label."""
    found = {part.ignore_index for part in parts_of(side)}
    if len(found) > 1:
        raise ValueError(f'The data sets of the {name} side ignore different '
                         f'ids, {sorted(found)}; give them one ignore_index.')
    return found.pop()


class PairIndex(NamedTuple):
    """What :class:`PairedDataset` is asked for.

    Attributes:
        images (dict[str, int]): Index by name of the side; of sides that
            join one another there is one.
        seed (int): Seed of all random choices in the item, in [0, 2**31).
    """
    images: dict[str, int]
    seed: int


@DATASETS.register_module()
class PairedDataset:
    """Data sets by name, the sides of a batch, item by item.

    Item: ``{SIDE: {'inputs', 'data_samples'}, ...}``, each as packed by the
    pipeline of that side. There is a ``labeled`` side; self-training needs
    an ``unlabeled`` one, which needs no labels on disk: give it a pipeline
    without ``LoadAnnotations``. Methods may read further sides, such as a
    few labeled images of the target domain. A side is a data set of
    MMSegmentation or a ``ConcatDataset`` or ``RepeatDataset`` of some.

    Asked with an integer i, the item has image i of each side, modulo their
    number, and the length is that of the longest side.
    :class:`PairedSampler` asks with one index for each side, chosen
    independently, and a seed that fixes every random choice of the item.
    Labeled and unlabeled image are loaded one after the other from that
    seed; each other side has a separate seed, derived from it. A side of
    ``again`` is not sampled: it shows the images of another side, in the same
    order, but resized, cropped and flipped anew.

    Sides of ``joined`` are no separate sides of a batch: their images are a
    part of the batch of another side, so that a method that reads
    ``labeled`` and ``unlabeled`` learns from several labeled or unlabeled
    domains. :class:`PairedSampler` says how many images of a batch are from
    each. Asked with an integer i, the item has an image of one of them, by
    turns.

    Example::

        dict(type='PairedDataset',
             sides=dict(
                 labeled=dict(type='GTADataset', ...),
                 unlabeled=dict(type='CityscapesDataset', ...),
                 target_labeled=dict(type='CityscapesDataset', ...)),
             joined=dict(target_labeled='labeled'),
             disjoint=[('unlabeled', 'target_labeled')])

    Args:
        sides (dict[str, dict | None], optional): Configs of data sets by
            name; a side that is None is left out. Defaults to None: see
            ``labeled``.
        rare_class_sampling (dict, optional): Arguments of
            :class:`RareClassSampling`, which then chooses the labeled image
            instead of the index. Defaults to None.
        expected (dict[str, int], optional): Number of images by side, such as
            ``dict(labeled=662, unlabeled=9920)``; another one is an error.
            Defaults to None: any.
        disjoint (bool | Sequence[Sequence[str]]): Whether an image on two
            sides is an error: of any two, or of these pairs of names. Defaults
            to False.
        packed (str, optional): Folder of packs that ``tools/pack_dataset.py``
            has made; images are read from there, equal to the last bit, and
            neither decoded nor resized. Defaults to None.
        scale_crops (bool): Whether only what a crop shows of an image is
            scaled, see :func:`scale_crops_alone`. Defaults to False.
        labels_for_diagnosis (str | dict[str, str], optional): Folder of labels
            of the unlabeled side, as in ``data_prefix``, such as
            ``'gtFine/train'``, or folders by name of the side. They become
            ``gt_for_diagnosis`` of its data samples, which hooks can measure
            by and the model never receives; see :class:`LabelsForDiagnosis`.
            Loads each image of that side twice. Defaults to None.
        again (dict[str, str], optional): Further sides, each with the name of
            the side whose images it shows again, such as
            ``dict(unlabeled_again='unlabeled')``: a second crop of each
            unlabeled image. Pipeline and batch size equal that side's.
            Defaults to None.
        joined (dict[str, str], optional): Sides, each with the name of the
            side that its images join, such as
            ``dict(target_labeled='labeled', unlabeled_night='unlabeled')``.
            Labels of a few images of the target domain make domain adaptation
            semi-supervised; several unlabeled sides are several target
            domains. Defaults to None.
        labeled (dict, optional): The older form of ``sides['labeled']``.
            Defaults to None.
        unlabeled (dict, optional): The older form of ``sides['unlabeled']``.
            Defaults to None.

    Raises:
        FileNotFoundError: If an image of a list, the label of an image of a
            labeled side or for diagnosis, or a pack of these images is not on
            disk.
        ValueError: If there is no labeled side, a side is empty or of another
            length than expected, sides overlap though they must not, a label
            id is not a class, there is nothing to pack or no crop to scale,
            labels for diagnosis are asked for where they cannot be told from
            others, ``again`` names a side that is there, or a source that is
            not, or ``joined`` names a side that is not there, or sides of
            other classes.
    """

    def __init__(self,
                 sides: Optional[Mapping[str, Optional[dict]]] = None,
                 rare_class_sampling: Optional[dict] = None,
                 expected: Optional[dict[str, int]] = None,
                 disjoint: Union[bool, Sequence[Sequence[str]]] = False,
                 packed: Optional[str] = None,
                 scale_crops: bool = False,
                 labels_for_diagnosis: Union[str, dict[str, str], None] = None,
                 again: Optional[Mapping[str, str]] = None,
                 joined: Optional[Mapping[str, str]] = None,
                 labeled: Optional[dict] = None,
                 unlabeled: Optional[dict] = None) -> None:
        cfgs = name_sides(sides, labeled, unlabeled)
        self.joined = check_joined(joined or {}, cfgs, sides or {})
        self._groups = group_sides(cfgs, self.joined)
        self.again = check_again(again or {}, self._groups)
        if scale_crops:
            cfgs = {name: map_parts(cfg, _with_scaled_crops)
                    for name, cfg in cfgs.items()}
        self.sides = {name: build_side(name, cfg)
                      for name, cfg in cfgs.items()}
        # Of the unlabeled side labels may be pseudo-labels, and partial.
        self.ignore_indices = {
            name: _ignore_index(name, side)
            for name, side in self.sides.items()
            if name == LABELED or name != UNLABELED and _loads_labels(side)
        }
        check_same_classes(self.sides, self.joined)
        self._check_lists(expected or {}, disjoint, sides or {})
        if packed:
            for name, side in self.sides.items():
                for pack in packs_of(name, side, cfgs[name], packed):
                    pack.install()
        folders = labels_for_diagnosis or {}
        if isinstance(folders, str):
            folders = {UNLABELED: folders}
        self.diagnosis = {
            name: LabelsForDiagnosis(name, cfgs[name], folder)
            for name, folder in folders.items() if name in cfgs
        }
        self.rare_class_sampling: Optional[RareClassSampling] = None
        if rare_class_sampling is not None:
            if LABELED in self.again.values():
                raise ValueError(
                    'PairedDataset: rare_class_sampling chooses another '
                    'labeled image each time; take the labeled side out of '
                    '`again`.')
            self.rare_class_sampling = RareClassSampling(
                self.sides[LABELED], **rare_class_sampling)

    def _check_lists(self, expected: dict[str, int],
                     disjoint: Union[bool, Sequence[Sequence[str]]],
                     known: Mapping[str, Any]) -> None:
        """Stop now and not in the middle of the training."""
        for name, side in self.sides.items():
            check_images_exist(side, name)
        for name in self.ignore_indices:
            check_labels_exist(self.sides[name], name)
        check_counts(self.sides, expected, known)
        check_disjoint(self.sides, disjoint)

    @property
    def metainfo(self) -> dict:
        """Classes and palette of the labeled side."""
        return self.sides[LABELED].metainfo

    @property
    def lengths(self) -> dict[str, int]:
        """Number of images by side, repetitions included."""
        return {name: len(side) for name, side in self.sides.items()}

    def __len__(self) -> int:
        """Number of images of the longest side."""
        return max(self.lengths.values())

    def __getitem__(self, index: Union[int, PairIndex]) -> dict[str, Any]:
        """One item.

        Args:
            index (int | PairIndex): See the class.

        Returns:
            dict: The packed items of the sides that are asked for.

        Raises:
            ValueError: If a label is of another size than the image, or has
                an id that is not a class.
        """
        if isinstance(index, int):
            images = {}
            for parts in self._groups.values():
                turn, part = divmod(index, len(parts))
                images[parts[part]] = turn % len(self.sides[parts[part]])
            item = {name: self._load(name, place)
                    for name, place in images.items()}
            for name, side in self._shown_again(images).items():
                item[name] = self._load(side, images[side])
            return self._join(item)
        images, seed = index
        with seeded(seed):
            item = {name: self._load(name, images[name])
                    for name in (LABELED, UNLABELED) if name in images}
        for name, place in images.items():
            if name not in item:
                with seeded(side_seed(seed, name)):
                    item[name] = self._load(name, place)
        for name, side in self._shown_again(images).items():
            with seeded(side_seed(seed, name)):
                item[name] = self._load(side, images[side])
        return self._join(item)

    def _shown_again(self, images: Mapping[str, int]) -> dict[str, str]:
        """By side of ``again``, the side whose image an item shows again."""
        present = {self.joined.get(name, name): name for name in images}
        return {name: present[source] for name, source in self.again.items()
                if source in present}

    def _join(self, item: dict[str, Any]) -> dict[str, Any]:
        """An item by the names of the sides of a batch."""
        return {self.joined.get(name, name): packed
                for name, packed in item.items()}

    def _load(self, name: str, index: int) -> dict[str, Any]:
        """Load one image of a side."""
        if name == LABELED and self.rare_class_sampling is not None:
            item = self.rare_class_sampling.sample()
        elif name in self.diagnosis:
            item = self.diagnosis[name].load(self.sides[name], index)
        else:
            item = self.sides[name][index]
        if name in self.ignore_indices:
            check_label(item, len(self.sides[name].metainfo['classes']),
                        self.ignore_indices[name],
                        tuple(item['inputs'].shape[-2:]))
        return item


def _with_scaled_crops(cfg: dict) -> dict:
    """Config of a data set that scales crops alone."""
    return {**cfg, 'pipeline': scale_crops_alone(cfg['pipeline'])}


def _loads_labels(side: Side) -> bool:
    """Whether any data set of a side loads labels."""
    return any(
        isinstance(step, LoadAnnotations) for part in parts_of(side)
        for step in part.pipeline.transforms)
