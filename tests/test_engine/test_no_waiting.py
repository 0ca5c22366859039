"""The step never asks a device for a value: a GPU is not waited for."""
import traceback

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from .toy import co_training_config, make_runner, model_config, prepare

ADAMW = dict(type='AdamW', lr=1e-3)
FST = dict(type='FSTHook', depth=2)
#: Operations whose result, or its size, the host has to know.
WAITING = ('_local_scalar_dense', 'nonzero', 'masked_select', '_unique2',
           'unique_dim', 'unique_consecutive', 'is_nonzero', 'equal')
#: Functions that read what they have drawn on the CPU, where it is.
ON_THE_CPU = {
    'draw_boxes', 'partners',  # of CutMix
    '_augment',  # of StrongPhotometric
    'step',  # of the optimizer: its count of steps
}


class Waits(TorchDispatchMode):
    """Collects the places that wait."""

    def __init__(self):
        super().__init__()
        self.places = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function.overloadpacket.__name__
        by_mask = name.startswith('index') and any(
            isinstance(one, torch.Tensor) and one.dtype == torch.bool
            for one in (args[1] if isinstance(args[1], (list, tuple)) else ()))
        if name in WAITING or by_mask:
            frame = [
                one for one in traceback.extract_stack()
                if any(part in one.filename
                       for part in ('mmseg_fst/', 'mmseg/', 'mmengine/'))
            ][-1]
            self.places.append((frame.filename, frame.name, name))
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize('hook, model', [
    (FST, model_config(
        regularizer=dict(type='FeatureDistance', classes=[1, 3]))),
    (dict(FST, redraw=False), model_config()),
    (dict(FST, restore='all'), model_config(
        mixer=dict(type='CutMix'), num_views=2, photometric_on='unlabeled')),
    (dict(type='MeanTeacherHook', buffers='copy'), model_config(
        mixer=dict(type='NoMix'), teacher_mode='eval', passes='joint')),
    (dict(type='SelfLookAheadHook'), co_training_config(label_with='future')),
], ids=['fst', 'graph', 'cutmix', 'joint', 'co-training'])
def test_a_step_does_not_wait(tmp_path, hook, model):
    """The contrast of U2PL does: how many pixels it draws depends on them."""
    runner = make_runner(tmp_path, [hook], ADAMW, model=model)
    batch = prepare(runner)
    own = next(one for one in runner.hooks if type(one).__name__ == hook[
        'type'])
    with Waits() as waits:
        own.before_train_iter(runner, 0, batch)
        outputs = runner.model.train_step(batch, runner.optim_wrapper)
        own.after_train_iter(runner, 0, batch, outputs)
    assert {one[1] for one in waits.places} <= ON_THE_CPU, waits.places


def test_waiting_is_seen(tmp_path):
    """A loss that divides by a number of pixels on the host, as mmseg's."""
    model = model_config()
    model['segmentor']['decode_head']['loss_decode'].update(
        avg_non_ignore=True)
    runner = make_runner(
        tmp_path, [dict(type='MeanTeacherHook')], ADAMW, model=model)
    batch = prepare(runner)
    with Waits() as waits:
        runner.model.train_step(batch, runner.optim_wrapper)
    assert 'cross_entropy' in {one[1] for one in waits.places}
