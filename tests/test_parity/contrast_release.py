"""Replay of recorded steps of methods with a contrast.

A record is a dict: ``meta`` (hyper-parameters), ``init`` (the state dict of
the network, or of several by name), ``labeled`` (image and label of each
iteration), ``unlabeled`` (images of each iteration) and ``iters`` (what the
authors' code computed and sampled in each iteration, and the weights after
it). See ``tests/data/contrast/README.md``.
"""
import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch
from mmengine.config import ConfigDict
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import nn
from torch.utils.data import Dataset

from mmseg_fst.engine.hooks import PrepareModelHook
from mmseg_fst.registry import MODELS

from .method_release import samples_of
from .release import first

DATA = Path(__file__).parents[1] / 'data' / 'contrast'
#: Beginnings of the names of weights in the records and here.
NAMES = {'encoder.layers': 'backbone.layers', 'encoder': 'backbone.layers',
         'pred': 'decode_head.conv_seg', 'classifier': 'decode_head.conv_seg',
         'rep': 'decode_head.rep'}


@MODELS.register_module()
class ToyPixelHead(BaseDecodeHead):
    """A classifier of the features, and a representation beside it."""

    def __init__(self, representation_channels=None, **kwargs) -> None:
        super().__init__(dropout_ratio=0., **kwargs)
        self.representation_channels = representation_channels
        self.rep = None
        if representation_channels:
            self.rep = nn.Conv2d(self.in_channels, representation_channels, 1)

    def forward(self, features):
        return self.conv_seg(features[-1])

    def forward_represented(self, features):
        return self(features), self.rep(features[-1])


class RecordedItems(Dataset):
    """The batches of a record."""

    def __init__(self, record: dict) -> None:
        self.record = record
        self.metainfo = dict(
            classes=tuple(map(str, range(record['meta']['num_classes']))))

    def __len__(self) -> int:
        return len(self.record['iters'])

    def __getitem__(self, index: int) -> dict:
        image, label = self.record['labeled'][index]
        unlabeled = self.record['unlabeled'][index]
        others = samples_of(count=len(unlabeled))
        height, width = unlabeled.shape[2:]
        rows = self.record['meta'].get('padded_rows', 0)
        others[0].set_metainfo(dict(img_shape=(height - rows, width)))
        return dict(
            labeled=dict(inputs=image, data_samples=samples_of(label)),
            unlabeled=dict(inputs=unlabeled, data_samples=others))


class Recorder(Hook):
    """Sets the learning rates of the record, collects what steps compute."""

    def __init__(self, record: dict) -> None:
        self.record = record
        self.losses: list[dict] = []
        self.weights: list[dict] = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        rate = self.record['iters'][runner.iter]['lr']
        for group in runner.optim_wrapper.param_groups:
            group['lr'] = rate

    def after_train_iter(self, runner, batch_idx, data_batch=None,
                         outputs=None):
        self.losses.append({
            name: float(value.detach()) for name, value in outputs.items()})
        self.weights.append({
            name: value.detach().clone()
            for name, value in runner.model.state_dict().items()})


def network_config(meta: dict, representation_channels=None) -> dict:
    """Config of the network of a record."""
    return dict(
        type='EncoderDecoder',
        backbone=dict(type='ToyEncoder'),
        decode_head=dict(
            type='ToyPixelHead',
            in_channels=8,
            channels=8,
            num_classes=meta['num_classes'],
            representation_channels=representation_channels,
            align_corners=True,
            loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True)),
        test_cfg=ConfigDict(mode='whole'))


def preprocessor_config(record: dict) -> dict:
    """Config of a data preprocessor, which the replay does not call."""
    return dict(type='SelfTrainingDataPreProcessor',
                size=tuple(record['unlabeled'][0].shape[2:]))


def rename(state: dict, prefix: str) -> dict:
    """Convert names of weights of the record."""
    return {
        next(f'{prefix}{new}{name.removeprefix(old)}'
             for old, new in NAMES.items() if name.startswith(old)): value
        for name, value in state.items()
    }


def load(name: str) -> dict:
    """Read a record."""
    return torch.load(DATA / f'{name}.pt', weights_only=True)


def replay(record: dict, model: dict, init: dict, hooks: list,
           work_dir: Path, items: type = RecordedItems
           ) -> tuple[Runner, Recorder]:
    """Train as in the record, in float64.

    Args:
        record (dict): The record.
        model (dict): Config of the method.
        init (dict): State dict at the start, by our names.
        hooks (list): Hooks, such as the one that moves the teacher.
        work_dir (Path): Where the run writes.
        items (type): Data set of the batches of the record.

    Returns:
        tuple: The runner, and what it has computed.
    """
    meta, recorder = record['meta'], Recorder(record)
    runner = Runner(
        model=model,
        work_dir=str(work_dir),
        train_dataloader=dict(
            batch_size=1, num_workers=0, dataset=items(record),
            collate_fn=first,
            sampler=dict(type='DefaultSampler', shuffle=False)),
        train_cfg=dict(type='IterBasedTrainLoop',
                       max_iters=len(record['iters'])),
        optim_wrapper=dict(optimizer=dict(
            type='SGD', lr=1., momentum=.9, nesterov=meta['nesterov'],
            weight_decay=meta['weight_decay'])),
        custom_hooks=hooks,
        default_hooks=dict(checkpoint=dict(
            type='CheckpointHook', by_epoch=False, interval=10**6)),
        default_scope='mmseg_fst',
        log_level='ERROR',
        experiment_name=f'contrast_{tempfile.mktemp()[-8:]}')
    runner.register_hook(PrepareModelHook())
    runner.register_hook(recorder, 'LOWEST')
    runner.model.double()
    runner.model.data_preprocessor.forward = lambda data, training: dict(
        inputs={name: side['inputs'].double() for name, side in data.items()},
        data_samples={
            name: side['data_samples'] for name, side in data.items()})
    runner.model.load_state_dict(init, strict=False)
    runner.model.init_weights = lambda: None
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        runner.train()
    finally:
        torch.set_default_dtype(default)
    return runner, recorder


def differences(found: dict, expected: dict) -> Iterator[tuple[str, float]]:
    """Distances of weights from the record, relative to the largest one."""
    for name, value in expected.items():
        scale = max(float(value.double().abs().max()), 1e-3)
        distance = (found[name] - value).double().abs().max()
        yield name, float(distance) / scale
