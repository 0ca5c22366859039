"""Replay of recorded training loops of the authors of ST++, U2PL and CPS.

A record holds ``meta``, the states of toy networks at the start, ``init``,
the batches, and of each iteration losses, learning rates and states. Numbers
are stored in the smallest type that holds them exactly; :func:`load` restores
float64 and int64. The networks are :class:`RecordedMaps` with the decode head
of a cell; names of weights are translated by :func:`rename_deeplab` and
:func:`rename_u2pl`. Method, hooks and optimizer are taken from a cell.
"""
import tempfile
from pathlib import Path
from typing import Optional

import torch
from helpers import FIXTURES, REPOSITORY
from mmengine.config import Config, ConfigDict
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import nn
from torch.utils.data import Dataset

from mmseg_fst.apis import read_config
from mmseg_fst.registry import HOOKS, MODELS

from .release import first

CONFIGS = REPOSITORY / 'configs'
SHIPPED = REPOSITORY / 'tests' / 'data' / 'peers'
SHARED = FIXTURES / 'ssl_peers'
SIZE = 49
#: The number that mmseg adds to the count of labeled pixels, in float32, is
#: seen at 2e-11; all other differences are rounding of float64.
TOLERANCE = 1e-9


def records(pattern: str) -> list[Path]:
    """The shipped records of a method and, where they are, the shared."""
    return [path for folder in (SHIPPED, SHARED)
            for path in sorted(folder.glob(pattern))]


def load(path: Path) -> dict:
    """A record with its numbers in float64 and int64."""
    return _unpack(torch.load(path, weights_only=True))


def _unpack(item):
    if isinstance(item, dict):
        return {key: _unpack(value) for key, value in item.items()}
    if isinstance(item, (list, tuple)):
        return [_unpack(value) for value in item]
    if isinstance(item, torch.Tensor):
        if item.dtype in (torch.bool, torch.float16):
            return item.double()
        if item.dtype == torch.uint8:
            return item.long()
    return item


@MODELS.register_module()
class RecordedMaps(nn.Module):
    """Four maps at strides 4, 4, 8 and 8 with 8, 6, 6 and 32 channels."""

    def __init__(self) -> None:
        super().__init__()

        def block(inputs, outputs, stride):
            return nn.Sequential(
                nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
                nn.BatchNorm2d(outputs), nn.ReLU())

        self.stem = block(3, 6, 2)
        self.l1 = block(6, 8, 2)
        self.l2 = block(8, 6, 1)
        self.l3 = block(6, 6, 2)
        self.l4 = block(6, 32, 1)

    def forward(self, image):
        maps = [self.l1(self.stem(image))]
        for block in (self.l2, self.l3, self.l4):
            maps.append(block(maps[-1]))
        return maps


class RecordedSides(Dataset):
    """Batches as ``{side: (images, labels or None)}``, one an item."""

    def __init__(self, batches: list[dict], num_classes: int) -> None:
        self.batches = batches
        self.metainfo = dict(classes=tuple(map(str, range(num_classes))))

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> dict:
        return {
            name: dict(inputs=list(images),
                       data_samples=_samples(len(images), labels))
            for name, (images, labels) in self.batches[index].items()
        }


def _samples(count, labels):
    samples = [SegDataSample() for _ in range(count)]
    for sample, label in zip(samples, [] if labels is None else labels):
        sample.gt_sem_seg = PixelData(data=label.long()[None])
    return samples


class Enough(Exception):
    """A reduced record has no more iterations."""


@HOOKS.register_module()
class StepLog(Hook):
    """What each iteration had, and left behind."""

    priority = 'LOWEST'

    def __init__(self, count: int) -> None:
        self.count = count
        self.steps: list[dict] = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.learning_rates = {
            id(weight): group['lr']
            for group in runner.optim_wrapper.param_groups
            for weight in group['params']
        }

    def after_train_iter(self, runner, batch_idx, data_batch=None,
                         outputs=None):
        model = runner.model
        self.steps.append(
            dict(losses={key: value.item() for key, value in outputs.items()},
                 learning_rates=sorted(set(self.learning_rates.values())),
                 states={
                     name: {key: value.clone()
                            for key, value in network.state_dict().items()}
                     for name, network in (('student', model.student),
                                           ('teacher', model.teacher))
                     if network is not None
                 },
                 mixed=model.mixed,
                 sizes=model.contrast.sizes.tolist() if hasattr(
                     model, 'contrast') else None))
        if len(self.steps) == self.count:
            raise Enough


def cell(name: str, partition: Optional[str] = None) -> Config:
    """A config of a cell, without the size of its data."""
    cfg = read_config(str(CONFIGS / name), partition=partition)
    cfg.model.pop('protocol', None)
    cfg.model.data_preprocessor = dict(
        type='SelfTrainingDataPreProcessor',
        size=(SIZE, SIZE),
        mean=[0., 0., 0.],
        std=[1., 1., 1.])
    return cfg


def toy_network(num_classes: int, **head) -> dict:
    """Config of a network with the head of ST++ and CPS."""
    return dict(
        type='EncoderDecoder',
        backbone=dict(type='RecordedMaps'),
        decode_head={
            **dict(
                type='DeepLabV3PlusHead',
                in_channels=32,
                in_index=3,
                channels=4,
                dilations=(1, 6, 12, 18),
                c1_in_channels=8,
                c1_channels=6,
                bottleneck_kernel_size=1,
                bias=False,
                dropout_ratio=0,
                num_classes=num_classes,
                norm_cfg=dict(type='BN', requires_grad=True),
                align_corners=True,
                loss_decode=dict(
                    type='CrossEntropyLoss', avg_non_ignore=True)), **head
        },
        test_cfg=dict(mode='whole'))


def replay(model: dict, batches: list[dict], init: dict, total: int,
           optimizer: dict, hooks: list = (), num_classes: int = 21,
           prepare=None) -> list[dict]:
    """Train as in the record; ``init`` has a state for each network."""
    data = RecordedSides(batches, num_classes)
    log = StepLog(len(batches))
    work_dir = tempfile.mkdtemp()
    runner = Runner(
        model=ConfigDict(model),
        work_dir=work_dir,
        train_dataloader=dict(
            batch_size=1,
            num_workers=0,
            dataset=data,
            collate_fn=first,
            sampler=dict(type='DefaultSampler', shuffle=False)),
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=total),
        optim_wrapper=optimizer,
        param_scheduler=[
            dict(type='PolyLR', power=.9, eta_min=0., begin=0, end=total + 1,
                 by_epoch=False)
        ],
        custom_hooks=[*hooks],
        default_hooks=dict(
            checkpoint=dict(
                type='CheckpointHook', by_epoch=False, interval=10**6)),
        default_scope='mmseg_fst',
        log_level='ERROR',
        experiment_name=Path(work_dir).name)
    runner.register_hook(log)
    network = runner.model.double()
    network.data_preprocessor.forward = lambda batch, training: dict(
        inputs={
            name: torch.stack(side['inputs']).double()
            for name, side in batch.items()
        },
        data_samples={
            name: side['data_samples']
            for name, side in batch.items()
        })
    for name, state in init.items():
        getattr(network, name).load_state_dict(state)
    network.init_weights = lambda: None
    if prepare:
        prepare(network)
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        runner.train()
    except Enough:
        pass
    finally:
        torch.set_default_dtype(default)
    return log.steps


def check_loss(found: float, expected: float, what) -> None:
    """Compare a loss with the record."""
    assert abs(found - expected) <= TOLERANCE * max(abs(expected), 1e-3), what


def check_state(found: dict, expected: dict, start: dict, what) -> None:
    """Compare a network with the record, by how far it has moved."""
    assert set(found) == set(expected), what
    for key, value in expected.items():
        value, first_value = value.double(), start[key].double()
        scale = max(float((value - first_value).abs().max()), 1e-3)
        distance = float((found[key].double() - value).abs().max())
        assert distance <= TOLERANCE * scale, (what, key, distance, scale)


def rename_deeplab(state: dict, channels: int = 4) -> dict:
    """From names of the toy of UniMatch, Diverse, ST++ and CPS to mmseg."""
    renamed = {}
    for key, value in state.items():
        part, *rest = key.split('.')
        if part == 'backbone':
            renamed[key] = value
            continue
        if part == 'head' and rest[0] == 'project' and rest[1] == '0':
            # The release concatenates the pooled map last, mmseg first.
            value = torch.cat(
                [value[:, 4 * channels:], value[:, :4 * channels]], 1)
        renamed[f'decode_head.{_place(part, rest)}'] = value
    return renamed


def _place(part: str, rest: list[str]) -> str:
    """Place in our head of a weight named by its part and the rest."""
    kind = {'head.b4': 'image_pool.1', 'head.project': 'bottleneck',
            'reduce': 'c1_bottleneck',
            **{f'head.b{i}': f'aspp_modules.{i}' for i in range(4)}}
    if part == 'classifier':
        return f'conv_seg.{rest[-1]}'
    if part == 'fuse':
        index = int(rest[0])
        layer = 'bn' if index % 3 else 'conv'
        return f'fuse.{0 if index < 3 else 2}.{layer}.{rest[1]}'
    name = f'head.{rest.pop(0)}' if part == 'head' else part
    if rest[0] == 'gap':  # begins with the pooling, which has no weight
        rest = [str(int(rest[1]) - 1), rest[2]]
    return f'{kind[name]}.{"bn" if int(rest[0]) else "conv"}.{rest[1]}'


def rename_u2pl(state: dict) -> dict:
    """From names of the toy of U2PL to mmseg."""
    renamed = {}
    for key, value in state.items():
        net, part, *rest = key.split('.')
        if net == 'encoder':
            renamed[f'backbone.{part}.{".".join(rest)}'] = value
            continue
        if part == 'aspp':
            number = int(rest.pop(0).removeprefix('conv'))
            index = int(rest[0]) - (number == 1)  # conv1 begins with a pooling
            place = ('image_pool.1' if number == 1 else
                     f'aspp_modules.{number - 2}')
        elif part in ('classifier', 'representation'):
            index, branch = int(rest[0]), dict(
                classifier=('fuse', 'conv_seg'),
                representation=('represent.0', 'represent.2'))[part]
            if index == 8:
                renamed[f'decode_head.{branch[1]}.{rest[1]}'] = value
                continue
            place, index = f'{branch[0]}.{0 if index < 4 else 2}', index % 4
        else:
            place = dict(low_conv='c1_bottleneck', head='bottleneck')[part]
            index = int(rest[0])
        layer = 'bn' if index else 'conv'
        renamed[f'decode_head.{place}.{layer}.{rest[1]}'] = value
    return renamed
