"""Labels of an unlabeled side, for measuring and never for training."""
import copy
from os import path as osp
from typing import Any

import torch

from mmseg_fst.utils.fields import DIAGNOSIS
from mmseg_fst.utils.randomness import preserve_random_state

from .sides import Side, build_side, map_parts


class LabelsForDiagnosis:
    """A second look at an unlabeled data set, with its labels.

    An item is loaded twice under the same draws, without the label and with
    it. What a training sees is the first one, so that no transform can choose
    by a label; of the second one the label alone is taken, cropped and
    flipped as the image was.

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
        """One item of the side, and its label in a field apart.

        Args:
            side (BaseDataset | ConcatDataset | RepeatDataset): The side.
            index (int): Which image.

        Returns:
            dict: The item as ``side[index]`` gives it, random draws
            included, but for ``gt_for_diagnosis`` of its data sample, class
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
                f'{item["data_samples"].img_path} is augmented otherwise than '
                'without; take the transform that looks at labels, such as '
                f'RandomCrop with cat_max_ratio, out of the {self.name} '
                'pipeline.')
        item['data_samples'].set_field(labeled['data_samples'].gt_sem_seg,
                                       DIAGNOSIS)
        return item
