"""Labeled and unlabeled images in pairs."""
from typing import Any, Optional, Union

from mmengine.dataset import BaseDataset
from torch import Tensor

from mmseg_fst.registry import DATASETS
from mmseg_fst.utils.randomness import seeded

from .cropping import scale_crops_alone
from .diagnosis import LabelsForDiagnosis
from .list_checks import (
    check_counts,
    check_disjoint,
    check_images_exist,
    check_labels_exist,
)
from .packing import Pack
from .rare_class import RareClassSampling


def _build_side(name: str, cfg: dict) -> BaseDataset:
    """Build one side; raise if it has no image."""
    # mmengine fails to pack an empty list, so look before it packs.
    side = DATASETS.build({**cfg, 'lazy_init': True})
    if not side.load_data_list():
        raise ValueError(
            f'The {name} side has no image: nothing in '
            f'{side.data_prefix["img_path"]} ends with {side.img_suffix!r}; '
            'check data_prefix, img_suffix and ann_file.')
    side.full_init()
    return side


def _size_of(image: Tensor) -> str:
    """Size in words."""
    return f'{image.shape[-1]} x {image.shape[-2]}'


@DATASETS.register_module()
class PairedDataset:
    """A labeled and an unlabeled data set, item by item.

    Item: ``{'labeled': {'inputs', 'data_samples'}, 'unlabeled': {...}}``, each
    as packed by its own pipeline. The unlabeled side needs no labels on
    disk; give it a pipeline without ``LoadAnnotations``. Without an
    unlabeled side items have the first key alone (training on labels only).

    Asked with an integer i, the item is labeled image i modulo their number,
    with unlabeled image i modulo theirs, and the length is that of the
    longer side. :class:`PairedSampler` asks with two indices, drawn
    independently, and a seed that fixes every random choice of the item.

    Args:
        labeled (dict): Config of a data set of MMSegmentation.
        unlabeled (dict, optional): Config of another. Defaults to None.
        rare_class_sampling (dict, optional): Arguments of
            :class:`RareClassSampling`, which then chooses the labeled image
            instead of the index. Defaults to None.
        expected (dict, optional): Number of images by side, such as
            ``dict(labeled=662, unlabeled=9920)``; another one is an error.
            Defaults to None: any.
        disjoint (bool): Whether an image on both sides is an error. Defaults
            to False.
        packed (str, optional): Folder of packs that ``tools/pack_dataset.py``
            has made; images are read from there, equal to the last bit, and
            neither decoded nor resized. Defaults to None.
        scale_crops (bool): Whether only what a crop shows of an image is
            scaled, see :func:`scale_crops_alone`. Defaults to False.
        labels_for_diagnosis (str, optional): Folder of labels of the
            unlabeled side, as in ``data_prefix``, such as
            ``'gtFine/train'``. They become ``gt_for_diagnosis`` of its data
            samples, which hooks can measure by and the model never sees; see
            :class:`LabelsForDiagnosis`. Loads each image of that side twice.
            Defaults to None.

    Raises:
        FileNotFoundError: If an image of a list, the label of a labeled
            image or for diagnosis, or a pack of these images is not on disk.
        ValueError: If a side is empty or of another length than expected, the
            sides overlap though they must not, a label id is no class, there
            is nothing to pack or no crop to scale alone, or labels for
            diagnosis are asked for where they cannot be told from others.
    """

    def __init__(self,
                 labeled: dict,
                 unlabeled: Optional[dict] = None,
                 rare_class_sampling: Optional[dict] = None,
                 expected: Optional[dict[str, int]] = None,
                 disjoint: bool = False,
                 packed: Optional[str] = None,
                 scale_crops: bool = False,
                 labels_for_diagnosis: Optional[str] = None) -> None:
        cfgs = dict(labeled=labeled)
        if unlabeled is not None:
            cfgs['unlabeled'] = unlabeled
        if scale_crops:
            cfgs = {
                name: {**cfg, 'pipeline': scale_crops_alone(cfg['pipeline'])}
                for name, cfg in cfgs.items()
            }
        sides = {name: _build_side(name, cfg) for name, cfg in cfgs.items()}
        self.labeled: BaseDataset = sides['labeled']
        self.unlabeled: Optional[BaseDataset] = sides.get('unlabeled')
        self._check_lists(expected or {}, disjoint)
        if packed:
            for name, side in sides.items():
                Pack(name, side, cfgs[name]['pipeline'], packed).install()
        self.diagnosis: Optional[LabelsForDiagnosis] = None
        if labels_for_diagnosis is not None and unlabeled is not None:
            self.diagnosis = LabelsForDiagnosis(cfgs['unlabeled'],
                                                labels_for_diagnosis)
        self.rare_class_sampling: Optional[RareClassSampling] = None
        if rare_class_sampling is not None:
            self.rare_class_sampling = RareClassSampling(
                self.labeled, **rare_class_sampling)

    def _check_lists(self, expected: dict[str, int], disjoint: bool) -> None:
        """Stop now and not in the middle of the training."""
        sides = dict(labeled=self.labeled)
        if self.unlabeled is not None:
            sides['unlabeled'] = self.unlabeled
        for side in sides.values():
            check_images_exist(side)
        check_labels_exist(self.labeled)
        check_counts(sides, expected)
        if disjoint and self.unlabeled is not None:
            check_disjoint(**sides)

    @property
    def metainfo(self) -> dict:
        """Classes and palette, those of the labeled side."""
        return self.labeled.metainfo

    @property
    def num_labeled(self) -> int:
        """Number of labeled images."""
        return len(self.labeled)

    @property
    def num_unlabeled(self) -> int:
        """Number of unlabeled images; labeled ones if there is no such
        side."""
        return len(self.labeled if self.unlabeled is None else self.unlabeled)

    def __len__(self) -> int:
        """Number of images of the longer side."""
        return max(self.num_labeled, self.num_unlabeled)

    def __getitem__(self, index: Union[int, tuple[int, int, int]]
                    ) -> dict[str, Any]:
        """One pair.

        Args:
            index (int | PairIndex): See the class.

        Returns:
            dict: The packed items of both sides.

        Raises:
            ValueError: If the label is of another size than the image, or
                has an id that is no class.
        """
        if isinstance(index, int):
            return self._pair(index % self.num_labeled,
                              index % self.num_unlabeled)
        labeled, unlabeled, seed = index
        with seeded(seed):
            return self._pair(labeled, unlabeled)

    def _pair(self, labeled: int, unlabeled: int) -> dict[str, Any]:
        """Load one item of each side."""
        if self.rare_class_sampling is not None:
            first = self.rare_class_sampling.draw()
        else:
            first = self.labeled[labeled]
        self._check_label(first)
        pair = dict(labeled=first)
        if self.diagnosis is not None:
            pair['unlabeled'] = self.diagnosis.load(self.unlabeled, unlabeled)
        elif self.unlabeled is not None:
            pair['unlabeled'] = self.unlabeled[unlabeled]
        return pair

    def _check_label(self, item: dict[str, Any]) -> None:
        """Raise if a label does not fit, or a pixel is no class."""
        sample = item['data_samples']
        label = sample.gt_sem_seg.data
        if label.shape[-2:] != item['inputs'].shape[-2:]:
            raise ValueError(
                f'{sample.img_path} and its label {sample.seg_map_path} are '
                f'of different sizes: {_size_of(item["inputs"])} and '
                f'{_size_of(label)} after the pipeline. Save the label at '
                'the size of the image.')
        num_classes = len(self.metainfo['classes'])
        valid = (label < num_classes) | (label == self.labeled.ignore_index)
        if not valid.all():
            ids = label[~valid].unique().tolist()
            raise ValueError(
                f'{sample.seg_map_path} holds the label ids {ids}, but there '
                f'are {num_classes} classes, 0 to {num_classes - 1}, and '
                f'{self.labeled.ignore_index} to ignore. Convert the labels, '
                'set `label_map` or `reduce_zero_label` of the data set, or '
                'correct its `metainfo`.')
