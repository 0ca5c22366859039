"""Runs on random images, without a data set or pretrained weights."""
from typing import Optional

import torch
from mmengine.config import Config
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch.utils.data import Dataset

from mmseg_fst.apis import drop_pretrained
from mmseg_fst.datasets.paired import PairIndex
from mmseg_fst.registry import DATASETS


@DATASETS.register_module()
class RandomPairs(Dataset):
    """Pairs of a random labeled image and a random unlabeled image.

    Labels consist of random blocks of 32 x 32 pixels.

    Args:
        size (tuple[int, int]): Height and width.
        num_classes (int): Number of classes.
    """

    lengths = dict(labeled=64, unlabeled=64)

    def __init__(self, size: tuple[int, int], num_classes: int) -> None:
        self.size = size
        self.metainfo = dict(
            classes=tuple(f'class {i}' for i in range(num_classes)))

    def __len__(self) -> int:
        """Number of pairs."""
        return max(self.lengths.values())

    def __getitem__(self, index: PairIndex) -> dict:
        """Return a pair, seeded by the index of :class:`PairedSampler`."""
        generator = torch.Generator().manual_seed(int(index.seed))
        return dict(
            labeled=self._side(generator, True),
            unlabeled=self._side(generator, False))

    def _side(self, generator: torch.Generator, labeled: bool) -> dict:
        """Make an image of shape (3, H, W), uint8, and its data sample."""
        height, width = self.size
        image = torch.randint(
            0, 256, (3, height, width), dtype=torch.uint8,
            generator=generator)
        sample = SegDataSample(metainfo=dict(img_shape=self.size))
        if labeled:
            blocks = torch.randint(
                0, len(self.metainfo['classes']), (1, -(-height // 32),
                                                   -(-width // 32)),
                generator=generator)
            label = blocks.repeat_interleave(32, 1).repeat_interleave(32, 2)
            sample.gt_sem_seg = PixelData(data=label[:, :height, :width])
        return dict(inputs=image, data_samples=sample)


def use_random_images(cfg: Config, batch_size: int, iterations: int,
                      crop: Optional[int]) -> None:
    """Change a run to train on random images, without validation or logs.

    Args:
        cfg (Config): Config of a run. Changed in place.
        batch_size (int): Number of pairs in a batch.
        iterations (int): Iterations to run.
        crop (int, optional): Side length of the images. Defaults to the crop
            size of the config.
    """
    size = (crop, crop) if crop else tuple(cfg.crop_size)
    drop_pretrained(cfg.model)
    cfg.model.data_preprocessor.size = size
    for key in ('val_cfg', 'val_dataloader', 'val_evaluator', 'test_cfg',
                'test_dataloader', 'test_evaluator'):
        cfg[key] = None
    cfg.train_cfg = dict(type='IterBasedTrainLoop', max_iters=iterations)
    network = cfg.model.get('segmentor') or next(
        iter(cfg.model.students.values()))
    num_classes = network.decode_head.num_classes
    cfg.train_dataloader = dict(
        batch_size=batch_size,
        num_workers=0,
        sampler=dict(type='PairedSampler'),
        dataset=dict(
            type='RandomPairs', size=size, num_classes=num_classes))
    cfg.default_hooks = dict(checkpoint=None, logger=None)
    cfg.visualizer = dict(type='Visualizer')
    cfg.log_level = 'ERROR'
