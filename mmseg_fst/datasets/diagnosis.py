"""Labels of an unlabeled side, for measuring and never for training."""
import copy
from os import path as osp
from typing import Any

import torch

from mmseg_fst.utils.fields import DIAGNOSIS
from mmseg_fst.utils.randomness import preserve_random_state

from .sides import Side, build_side, map_parts


class LabelsForDiagnosis:
    """Load an unlabeled data set a second time, with its labels.

    An item is loaded twice with the same random numbers, without and with the
    label. Training uses the first, so that no transform can depend on a
    label. Only the label of the second is used; it is cropped and flipped
    like the image.

    Args:
        name (str): Name of the side.
        cfg (dict): Config of the side, whose pipelines load no labels.
        seg_map_path (str): Folder of its labels, as in ``data_prefix`` of a
            labeled side.

    Raises:
        FileNotFoundError: If an image has no label.
        ValueError: If the pipeline loads labels already.
    """

    def __init__(self, name: str, cfg: dict, seg_map_path: str) -> None:

        def add_labels(part: dict) -> dict:
            part = copy.deepcopy(part)
            first, *others = part['pipeline']
            if any(step['type'] == 'LoadAnnotations'
                   for step in part['pipeline']):
                raise ValueError(
                    f'labels_for_diagnosis goes with an {name} side that '
                    'loads no labels; take LoadAnnotations out of its '
                    'pipeline.')
            part['pipeline'] = [first, dict(type='LoadAnnotations'), *others]
            part['data_prefix'] = dict(
                part['data_prefix'], seg_map_path=seg_map_path)
            return part

        self.name = name
        self.side: Side = build_side(name, map_parts(cfg, add_labels))
        for index in range(len(self.side)):
            info = self.side.get_data_info(index)
            label = info.get('seg_map_path')
            if label is None or not osp.isfile(label):
                raise FileNotFoundError(
                    f'labels_for_diagnosis: {info["img_path"]} has no label '
                    f'{label}; name the folder that has, or leave '
                    'labels_for_diagnosis out: coverage and classes are '
                    'logged without labels, too.')

    def load(self, side: Side, index: int) -> dict[str, Any]:
        """Load an item of the side, with its label in a separate field.

        Args:
            side (BaseDataset | ConcatDataset | RepeatDataset): The side.
            index (int): Index of the image.

        Returns:
            dict: The item as ``side[index]`` returns it, random numbers
            included, except for ``gt_for_diagnosis`` of its data sample, class
            ids of shape (1, H, W), of the type that the pipeline packs.

        Raises:
            ValueError: If the label has changed how the image is augmented.
        """
        with preserve_random_state():
            labeled = self.side[index]
        item = side[index]
        if not torch.equal(item['inputs'], labeled['inputs']):
            raise ValueError(
                'labels_for_diagnosis: with its label, '
                f'{item["data_samples"].img_path} is augmented differently '
                'than without; remove the transform that depends on labels, '
                'such as RandomCrop with cat_max_ratio, from the '
                f'{self.name} pipeline.')
        item['data_samples'].set_field(labeled['data_samples'].gt_sem_seg,
                                       DIAGNOSIS)
        return item
