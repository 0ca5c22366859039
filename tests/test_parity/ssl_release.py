"""Replay of a recorded run of the semi-supervised release.

A record is a dict: ``meta`` (hyper-parameters and NumPy's seed), ``init``
(state dicts of ``student`` and ``teacher``), ``labeled`` (image and label of
each iteration), ``unlabeled``, ``iters`` (losses and learning rate),
``final_student``, ``final_teacher``.
"""
import tempfile
from pathlib import Path

import numpy as np
import torch
from mmengine.config import ConfigDict
from mmengine.runner import Runner
from mmengine.structures import PixelData
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.structures import SegDataSample
from torch import nn
from torch.utils.data import Dataset

from mmseg_fst.models import HalfCutMix
from mmseg_fst.registry import MODELS

from .release import first

EPOCH_KEYS = {'encoder': 'backbone.layers', 'decoder.pred': 'decode_head.pred',
              'decoder.rep': 'decode_head.rep'}


@MODELS.register_module()
class ToyEncoder(nn.Module):
    """Two convolutions of stride 2, each with batch normalization."""

    def __init__(self, channels: int = 8) -> None:
        super().__init__()
        layers = []
        for inputs in (3, channels):
            layers += [
                nn.Conv2d(inputs, channels, 3, 2, 1, bias=False),
                nn.BatchNorm2d(channels),
                nn.ReLU()
            ]
        self.layers = nn.Sequential(*layers)

    def forward(self, image):
        return [self.layers(image)]


@MODELS.register_module()
class ToyHead(BaseDecodeHead):
    """A classifier, and a representation that is computed but not used."""

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        self.conv_seg = None
        self.pred = nn.Conv2d(self.in_channels, self.num_classes, 1)
        self.rep = nn.Conv2d(self.in_channels, 4, 1)

    def forward(self, features):
        return self.pred(features[-1]) + 0 * self.rep(features[-1]).sum()


@MODELS.register_module()
class RecordedCutMix(HalfCutMix):
    """CutMix with the boxes of the release, from the same random numbers."""

    def __init__(self, seed: int, is_on: bool) -> None:
        super().__init__()
        self.numbers = np.random.RandomState(seed)
        self.is_on = is_on

    def sample_boxes(self, count, height, width):
        boxes = torch.zeros(count, 4, dtype=torch.long)
        if self.numbers.uniform(0, 1) >= .5 or not self.is_on:
            return boxes
        for box in boxes:
            across = self.numbers.randint(width / 2 + 1, width)
            down = int(np.round(height * width / 2 / across))
            left = self.numbers.randint(0, width - across + 1)
            top = self.numbers.randint(0, height - down + 1)
            box.copy_(torch.tensor((left, top, left + across, top + down)))
        return boxes


class RecordedPairs(Dataset):
    """The labeled and unlabeled batches of each iteration."""

    metainfo = dict(classes=tuple('abcdefg'))

    def __init__(self, record: dict) -> None:
        self.record = record

    def __len__(self) -> int:
        return len(self.record['labeled'])

    def __getitem__(self, index: int) -> dict:
        image, label = self.record['labeled'][index]
        samples = []
        for label_map in label:
            sample = SegDataSample()
            sample.gt_sem_seg = PixelData(data=label_map.long()[None])
            samples.append(sample)
        unlabeled = self.record['unlabeled'][index]
        return dict(
            labeled=dict(inputs=list(image), data_samples=samples),
            unlabeled=dict(
                inputs=list(unlabeled),
                data_samples=[SegDataSample() for _ in unlabeled]))


def model_config(meta: dict) -> dict:
    """Return the config of the model of a record."""
    return dict(
        type='CutMixMeanTeacher',
        segmentor=dict(
            type='EncoderDecoder',
            backbone=dict(type='ToyEncoder'),
            decode_head=dict(
                type='ToyHead',
                in_channels=8,
                channels=8,
                num_classes=7,
                align_corners=True,
                loss_decode=dict(
                    type='CrossEntropyLoss', avg_non_ignore=True)),
            test_cfg=ConfigDict(mode='whole')),
        data_preprocessor=dict(
            type='SelfTrainingDataPreProcessor', size=(33, 33)),
        pseudo_labeler=dict(type='Threshold', threshold=0.),
        mixer=dict(
            type='RecordedCutMix',
            seed=meta['np_seed'],
            is_on=bool(meta['apply_aug'])),
        pseudo_filter=dict(
            type='EntropyPercentile', percentile=meta['drop_percent'] or 100),
        teacher_mode='eval')


def rename(state: dict) -> dict:
    """Convert the names of the record to the names of the model."""
    return {
        next(name.replace(old, new, 1) for old, new in EPOCH_KEYS.items()
             if name.startswith(old)): value
        for name, value in state.items()
    }


def build_runner(record: dict, work_dir: Path, match_release: bool = True
                 ) -> Runner:
    """Build the runner of a record.

    Without ``match_release``, the first epoch looks ahead like all others.
    """
    meta = record['meta']
    total = meta['iters_per_epoch'] * meta['epochs']
    hook = dict(
        type='FSTHook' if meta['fst'] else 'MeanTeacherHook',
        decay=meta['ema_decay'],
        when='after',
        # The release copies the student to the teacher in the first epoch.
        copy_iters=meta['iters_per_epoch'] if match_release else 0)
    if meta['fst']:
        hook['depth'] = 3
    return Runner(
        model=model_config(meta),
        work_dir=str(work_dir),
        train_dataloader=dict(
            batch_size=1,
            num_workers=0,
            dataset=RecordedPairs(record),
            collate_fn=first,
            sampler=dict(type='DefaultSampler', shuffle=False)),
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=total),
        optim_wrapper=dict(
            type='OptimWrapper',
            optimizer=dict(
                type='SGD', lr=1e-3, momentum=.9, weight_decay=1e-4),
            paramwise_cfg=dict(
                custom_keys=dict(decode_head=dict(lr_mult=10.)))),
        param_scheduler=[
            dict(
                type='PolyLR',
                power=.9,
                eta_min=0.,
                begin=0,
                end=total + 1,
                by_epoch=False)
        ],
        custom_hooks=[hook],
        default_hooks=dict(
            checkpoint=dict(
                type='CheckpointHook', by_epoch=False, interval=10**6)),
        default_scope='mmseg_fst',
        log_level='ERROR',
        experiment_name=f'ssl_{tempfile.mktemp()[-8:]}')


def replay(path: Path, work_dir: Path, match_release: bool = True
           ) -> tuple[dict, Runner, list]:
    """Train as in the record.

    Returns:
        tuple: The record, the runner after the run and the losses of each
        training step, including virtual steps.
    """
    record = torch.load(path, weights_only=True)
    dtype = torch.float64 if '64' in record['meta']['dtype'] else torch.float32
    runner = build_runner(record, work_dir, match_release)
    model = runner.model.to(dtype)
    model.data_preprocessor.forward = lambda data, training: dict(
        inputs={
            name: torch.stack(branch['inputs']).to(dtype)
            for name, branch in data.items()
        },
        data_samples={
            name: branch['data_samples']
            for name, branch in data.items()
        })
    model.student.load_state_dict(rename(record['init']['student']))
    model.teacher.load_state_dict(rename(record['init']['teacher']))
    # The release does not copy the student to the teacher at the start.
    model.teacher.load_state_dict = lambda state: None
    model.init_weights = lambda: None
    logged, compute = [], model.loss

    def record_losses(inputs, data_samples):
        losses = compute(inputs, data_samples)
        logged.append({name: value.item() for name, value in losses.items()})
        return losses

    model.loss = record_losses
    default = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        runner.train()
    finally:
        torch.set_default_dtype(default)
    return record, runner, logged
