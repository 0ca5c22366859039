"""Labels of the unlabeled side, for measuring and never for training."""
import copy
from os import path as osp
from typing import Any

import torch
from mmengine.dataset import BaseDataset

from mmseg_fst.registry import DATASETS
from mmseg_fst.utils.fields import DIAGNOSIS
from mmseg_fst.utils.randomness import preserve_random_state


class LabelsForDiagnosis:
    """A second look at an unlabeled data set, with its labels.

    An item is loaded twice under the same draws, without the label and with
    it. What a training sees is the first one, so that no transform can choose
    by a label; of the second one the label alone is taken, cropped and
    flipped as the image was.

    Args:
        unlabeled (dict): Config of the unlabeled side, whose pipeline loads
            no labels.
        seg_map_path (str): Folder of its labels, as in ``data_prefix`` of a
            labeled side.

    Raises:
        FileNotFoundError: If an image has no label.
        ValueError: If the pipeline loads labels already.
    """

    def __init__(self, unlabeled: dict, seg_map_path: str) -> None:
        cfg = copy.deepcopy(unlabeled)
        first, *others = cfg['pipeline']
        if any(step['type'] == 'LoadAnnotations' for step in cfg['pipeline']):
            raise ValueError(
                'labels_for_diagnosis goes with an unlabeled side that loads '
                'no labels; take LoadAnnotations out of its pipeline.')
        cfg['pipeline'] = [first, dict(type='LoadAnnotations'), *others]
        cfg['data_prefix'] = dict(
            cfg['data_prefix'], seg_map_path=seg_map_path)
        self.side: BaseDataset = DATASETS.build(cfg)
        for index in range(len(self.side)):
            info = self.side.get_data_info(index)
            label = info.get('seg_map_path')
            if label is None or not osp.isfile(label):
                raise FileNotFoundError(
                    f'labels_for_diagnosis: {info["img_path"]} has no label '
                    f'{label}; name the folder that has, or leave '
                    'labels_for_diagnosis out: coverage and classes are '
                    'logged without labels, too.')

    def load(self, unlabeled: BaseDataset, index: int) -> dict[str, Any]:
        """One item of the unlabeled side, and its label in a field apart.

        Args:
            unlabeled (BaseDataset): The unlabeled side.
            index (int): Which image.

        Returns:
            dict: The item as ``unlabeled[index]`` gives it, random draws
            included, but for ``gt_for_diagnosis`` of its data sample, class
            ids of shape (1, H, W), of the type that the pipeline packs.

        Raises:
            ValueError: If the label has changed how the image is augmented.
        """
        with preserve_random_state():
            labeled = self.side[index]
        item = unlabeled[index]
        if not torch.equal(item['inputs'], labeled['inputs']):
            raise ValueError(
                'labels_for_diagnosis: with its label, '
                f'{item["data_samples"].img_path} is augmented otherwise than '
                'without; take the transform that looks at labels, such as '
                'RandomCrop with cat_max_ratio, out of the unlabeled '
                'pipeline.')
        item['data_samples'].set_field(labeled['data_samples'].gt_sem_seg,
                                       DIAGNOSIS)
        return item
