"""Scores of a toy model, in one or several processes."""
from pathlib import Path
from typing import Optional

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch.utils.data import Dataset

from mmseg_fst.apis import prepare_processes
from mmseg_fst.engine.networks import unwrap

from .toy import NUM_CLASSES, ToyPairs, model_config


class OddImages(Dataset):
    """Labeled images, each of a different size.

    Args:
        count (int): Number of images.
    """

    metainfo = ToyPairs.metainfo

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> dict:
        generator = torch.Generator().manual_seed(index)
        size = (33 + 4 * index, 61 - 3 * index)
        image = torch.randint(
            0, 256, (3, *size), dtype=torch.uint8, generator=generator)
        sample = SegDataSample(metainfo=dict(ori_shape=size, img_shape=size))
        # Each image shows another share of the classes.
        label = torch.randint(
            index % NUM_CLASSES, NUM_CLASSES, (1, *size), generator=generator)
        sample.gt_sem_seg = PixelData(data=label)
        return dict(inputs=image, data_samples=sample)


def build_runner(out: str, name: str, protocol: Optional[dict], images: int,
                 launcher: str) -> Runner:
    """A runner whose student and teacher differ, in every process alike."""
    init_default_scope('mmseg_fst')
    cfg = Config(dict(launcher=launcher))
    prepare_processes(cfg)
    runner = Runner(
        model=model_config(protocol=protocol),
        work_dir=out,
        test_dataloader=dict(
            batch_size=1,
            num_workers=0,
            dataset=OddImages(images),
            sampler=dict(type='DefaultSampler', shuffle=False)),
        test_cfg=dict(type='NetworksTestLoop'),
        test_evaluator=[
            dict(type=kind, prefix=prefix, iou_metrics=['mIoU', 'mDice'])
            for kind, prefix in (('ConfusionIoUMetric', None),
                                 ('IoUMetric', 'mmseg'))
        ],
        launcher=launcher,
        experiment_name=name,
        default_scope='mmseg_fst',
        log_level='ERROR',
        cfg=cfg)
    generator = torch.Generator().manual_seed(0)
    for weight in unwrap(runner).parameters():
        weight.data = torch.randn(weight.shape, generator=generator) * .3
    return runner


def score_all(protocols: dict[str, Optional[dict]], images: int,
              folder: Path) -> dict[str, dict[str, float]]:
    """Score by each protocol, in one of several processes.

    Args:
        protocols (dict): Configs by name.
        images (int): Number of images, of all processes.
        folder (Path): Where to write.

    Returns:
        dict: Metrics by the name of the protocol.
    """
    return {
        name: {
            key: float(value) for key, value in build_runner(
                str(folder), name, protocol, images, 'pytorch').test().items()
        } for name, protocol in protocols.items()
    }
