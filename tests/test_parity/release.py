"""Replay of a recorded run of the authors' release with the hooks.

A record is a dict: ``meta`` (the hyper-parameters), ``init`` (state dicts of
``model``, ``ema_model`` and, with feature distance, ``imnet_model``),
``batches``, ``class_masks`` (the ClassMix mask of each training step,
including virtual steps), ``iters`` (for each iteration the learning rate and
the losses of its steps), ``final_student`` and ``final_teacher``.
"""
import copy
from pathlib import Path

import torch
from mmengine.config import ConfigDict
from mmengine.runner import Runner
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch.utils.data import Dataset

from mmseg_fst.models import ClassMix
from mmseg_fst.registry import MODELS

HOOKS = dict(
    DACS=lambda steps: dict(type='MeanTeacherHook'),
    NESTEROV=lambda steps: dict(
        type='FSTHook', depth=steps, match_release=True),
    Wider_NESTEROV_DifData=lambda steps: dict(
        type='WideFSTHook', width=steps, match_release=True))


@MODELS.register_module()
class RecordedClassMix(ClassMix):
    """ClassMix with the masks of the record, in the recorded order."""

    def sample_mask(self, label_labeled):
        return next(self.masks).bool()


class RecordedBatches(Dataset):
    """The batches of the record, in the order in which the hooks use them."""

    metainfo = dict(classes=tuple(map(str, range(19))))
    lengths = dict(labeled=1, unlabeled=1)

    def __init__(self, record: dict) -> None:
        self.batches = []
        for batch in record['batches']:
            self.batches.append(batch)
            # The release stores the batches of the virtual steps with the
            # batch of the real step.
            for step in range(record['meta']['ahead_step'] or 0):
                future = {
                    name: batch.get(f'future_{step}.{name}')
                    for name in ('img', 'gt_semantic_seg', 'target_img')
                }
                if future['img'] is not None:
                    self.batches.append(future)

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> dict:
        batch = self.batches[index]
        samples = []
        for label in batch['gt_semantic_seg']:
            sample = SegDataSample()
            sample.gt_sem_seg = PixelData(data=label.long())
            samples.append(sample)
        empty = [SegDataSample() for _ in samples]
        return dict(
            labeled=dict(inputs=list(batch['img']), data_samples=samples),
            unlabeled=dict(
                inputs=list(batch['target_img']), data_samples=empty))


def first(items: list) -> dict:
    """Return the first item, since items are complete batches."""
    return items[0]


def model_config(meta: dict) -> dict:
    """Return the config of the model of a record."""
    segmentor = copy.deepcopy(dict(meta['model_cfg']))
    segmentor.pop('pretrained', None)
    segmentor['test_cfg'] = ConfigDict(segmentor['test_cfg'])
    # The default name of the loss in mmseg is loss_ce.
    segmentor['decode_head']['loss_decode']['loss_name'] = 'loss_seg'
    top, bottom = meta['crop_pl']
    distance = meta['fdist']
    return dict(
        type='MeanTeacher',
        segmentor=segmentor,
        data_preprocessor=dict(
            type='SelfTrainingDataPreProcessor', size=(64, 64)),
        pseudo_labeler=dict(
            type='ConfidentRatio',
            threshold=meta['pseudo_threshold'],
            ignore_top=top,
            ignore_bottom=bottom),
        mixer=dict(type='RecordedClassMix'),
        regularizer=distance and dict(
            type='FeatureDistance',
            classes=distance['classes'],
            loss_weight=distance['lam'],
            min_ratio=distance['scale_min_ratio']),
        backward='separate')


def schedulers(meta: dict) -> list:
    """Return schedulers of mmengine that equal mmcv's learning rates."""
    lr = meta['runner_lr']
    if lr is None:
        return []
    # mmengine reaches the final learning rate one step before `end`. Warm-up
    # scales the learning rate of the polynomial schedule.
    return [
        dict(
            type='PolyLR',
            power=lr['power'],
            eta_min=lr['min_lr'],
            begin=0,
            end=meta['n_iters'] + 1,
            by_epoch=False),
        dict(
            type='LinearLR',
            start_factor=lr['warmup_ratio'],
            begin=0,
            end=lr['warmup_iters'] + 1,
            by_epoch=False)
    ]


def settle_ties(model, record: dict) -> None:
    """Use the recorded class where two classes are equal up to rounding.

    Which of the two is larger depends on the instructions of the CPU.
    """
    expected = iter([
        forward['pseudo_label'] for iteration in record['iters']
        for forward in iteration['forwards']
    ])
    assign = model.pseudo_labeler.forward

    def assign_recorded(logits):
        label, weight = assign(logits)
        recorded = next(expected).to(label)
        probability = logits.softmax(1)
        difference = (probability.gather(1, label[:, None])
                      - probability.gather(1, recorded[:, None]))
        assert difference.max() < 1e-5
        return recorded, weight

    model.pseudo_labeler.forward = assign_recorded


def replay(path: Path, work_dir: Path) -> tuple[dict, Runner, list, list]:
    """Train as in the record.

    Returns:
        tuple: The record, the runner after the run, the losses of each
        training step and the learning rate of each training step.
    """
    record = torch.load(path, weights_only=True)
    meta = record['meta']
    dtype = getattr(torch, meta['dtype'].split('.')[-1])
    optimizer = dict(meta['optimizer'])
    paramwise = optimizer.pop('paramwise_cfg')
    runner = Runner(
        model=model_config(meta),
        work_dir=str(work_dir),
        train_dataloader=dict(
            batch_size=1,
            num_workers=0,
            dataset=RecordedBatches(record),
            collate_fn=first,
            sampler=dict(type='DefaultSampler', shuffle=False)),
        train_cfg=dict(
            type='IterBasedTrainLoop', max_iters=meta['n_iters']),
        optim_wrapper=dict(
            type='OptimWrapper', optimizer=optimizer,
            paramwise_cfg=paramwise),
        param_scheduler=schedulers(meta),
        custom_hooks=[HOOKS[meta['kind']](meta['ahead_step'])],
        default_hooks=dict(
            checkpoint=dict(
                type='CheckpointHook', by_epoch=False, interval=10**6)),
        default_scope='mmseg_fst',
        log_level='ERROR',
        experiment_name=f'{path.stem}_{torch.rand(1).item()}')
    model = runner.model.to(dtype)
    # The preprocessor casts to float32; the record's images are normalized.
    model.data_preprocessor.forward = lambda data, training: dict(
        inputs={
            name: torch.stack(branch['inputs']).to(dtype)
            for name, branch in data.items()
        },
        data_samples={
            name: branch['data_samples']
            for name, branch in data.items()
        })
    model.student.load_state_dict(record['init']['model'])
    model.teacher.load_state_dict(record['init']['ema_model'])
    if meta['fdist']:
        encoder = {
            name.removeprefix('backbone.'): value
            for name, value in record['init']['imnet_model'].items()
            if name.startswith('backbone.')
        }
        model.pretrained_encoder.load_state_dict(encoder)
    model.init_weights = lambda: None
    model.mixer.masks = iter(record['class_masks'])
    if dtype == torch.float32:
        settle_ties(model, record)
    logged, learning_rates = [], []
    compute = model.loss

    def record_losses(inputs, data_samples):
        losses = compute(inputs, data_samples)
        logged.append({name: value.item() for name, value in losses.items()})
        learning_rates.append(runner.optim_wrapper.get_lr()['lr'][0])
        return losses

    model.loss = record_losses
    default = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        runner.train()
    finally:
        torch.set_default_dtype(default)
    return record, runner, logged, learning_rates
