"""The step never asks a device for a value: a GPU is not waited for."""
import sys
import traceback
from pathlib import Path

import mmengine
import mmseg
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.registry import init_default_scope
from torch.utils._python_dispatch import TorchDispatchMode

import mmseg_fst
from mmseg_fst.engine import FiniteGuardHook, FSTHook, SeedIterationHook
from mmseg_fst.registry import MODELS

from .test_hooks import ToyTest
from .toy import (
    LabeledPairs,
    PairedSampler,
    PastedPairs,
    ToyCrops,
    ael_config,
    all_spark_config,
    cac_config,
    cct_config,
    co_training_config,
    corr_match_config,
    ctt_config,
    distill_config,
    dsbn_config,
    eln_config,
    gct_config,
    make_runner,
    model_config,
    multi_scale_config,
    prepare,
    prev_match_config,
    ps_mt_config,
    reco_config,
    segmentor_config,
)

PACKAGES = tuple(
    str(Path(package.__file__).parent)
    for package in (mmseg_fst, mmseg, mmengine))
ADAMW = dict(type='AdamW', lr=1e-3)
FST = dict(type='FSTHook', depth=2)
#: Operations whose result, or its size, the host has to know.
WAITING = ('_local_scalar_dense', 'nonzero', 'masked_select', '_unique2',
           'unique_dim', 'unique_consecutive', 'is_nonzero', 'equal',
           'bincount', 'repeat_interleave')
#: Methods of tensors that copy to the host; on a CPU they dispatch nothing.
TO_THE_HOST = ('cpu', 'numpy', 'tolist', '__array__')
#: Functions that read what they have sampled on the CPU, where it is.
ON_THE_CPU = {
    'sample_boxes', '_sample_box', 'areas',  # of RandomBoxes
    'partners',  # of CutMix
    '_half_boxes',  # of AdaptiveCutMix
    'sample_box', '_first_box',  # of MultiScaleSegmentor
    '_augment', '_sample_triggers',  # of StrongPhotometric
    '_sample_span',  # of CropContrast
    'sample_ensemble',  # of PreviousStudents
    'step',  # of the optimizer: its count of steps
    '_is_one_on_cpu', '_is_equal_on_cpu',  # another device is not asked
}


class Waits(TorchDispatchMode):
    """Collects the places that wait."""

    def __init__(self):
        super().__init__()
        self.places = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function.overloadpacket.__name__
        by_mask = name.startswith('index') and any(
            isinstance(part, torch.Tensor) and part.dtype == torch.bool
            for part in (args[1]
                         if isinstance(args[1], (list, tuple)) else ()))
        if name in WAITING or by_mask:
            self.places.append((*innermost(), name))
        return function(*args, **(kwargs or {}))


def innermost():
    """File and function of the packages that is at work."""
    frame = [
        frame for frame in traceback.extract_stack()
        if frame.filename.startswith(PACKAGES)
    ][-1]
    return frame.filename, frame.name


@pytest.fixture
def copies(monkeypatch):
    """Collects the places that copy to the host."""
    places = []
    for name in TO_THE_HOST:
        def copy(tensor, *args, name=name, original=getattr(
                torch.Tensor, name), **kwargs):
            places.append((*innermost(), name))
            return original(tensor, *args, **kwargs)

        monkeypatch.setattr(torch.Tensor, name, copy)
    return places


@pytest.fixture
def transfers(monkeypatch):
    """Collects the places that wait until a tensor is on another device."""
    places, move = [], torch.Tensor.to

    def watched(tensor, *args, **kwargs):
        caller = sys._getframe(1).f_code
        by_device = any(isinstance(each, torch.device)
                        for each in (*args, *kwargs.values()))
        if by_device and not kwargs.get('non_blocking') and (
                caller.co_filename.startswith(PACKAGES[0])):
            places.append((caller.co_filename, caller.co_name, 'to'))
        return move(tensor, *args, **kwargs)

    monkeypatch.setattr(torch.Tensor, 'to', watched)
    return places


def dice_config():
    """A segmentor with a Dice loss, and a mean over labeled pixels."""
    config = segmentor_config()
    head = config['decode_head']
    head['loss_decode'] = [
        dict(head['loss_decode'], avg_non_ignore=True),
        dict(type='ClassDiceLoss')
    ]
    return config


@pytest.mark.parametrize('hook, model', [
    (FST, model_config(
        regularizer=dict(type='FeatureDistance', classes=[1, 3]))),
    (dict(FST, resample_mix=False), model_config()),
    (dict(FST, resample_mix=False), model_config(
        segmentor=multi_scale_config())),
    (dict(FST, restore='all'), model_config(
        type='UniMatchV2', mixer=dict(type='CutMix'),
        perturbation=dict(type='ComplementaryDropout'))),
    (FST, model_config(
        segmentor=dice_config(),
        pseudo_labeler=dict(type='ClassThreshold'))),
    (dict(type='MeanTeacherHook', buffers='copy'), model_config(
        type='CutMixMeanTeacher', mixer=dict(type='NoMix'),
        pseudo_filter=dict(type='EntropyPercentile'), teacher_mode='eval')),
    (dict(type='PrepareModelHook'), model_config(
        type='UniMatch', mixer=dict(type='CutMix'),
        perturbation=dict(type='ChannelDropout'))),
    (dict(type='SelfLookAheadHook'), co_training_config(label_with='future')),
    (dict(FST, buffers='copy'), gct_config(
        judge='teachers', teacher_mode='eval')),
    (FST, eln_config()),
    (FST, cct_config(label_with='teacher')),
    (dict(FST, buffers='average'), ps_mt_config()),
    (FST, reco_config()),
    (dict(type='PreviousStudentsHook', interval=1), prev_match_config()),
    (FST, ctt_config()),
    (dict(type='PrepareModelHook'), co_training_config(
        type='CPS', mixer=None, photometric=None)),
    (dict(type='PrepareModelHook'), all_spark_config()),
    (dict(type='PrepareModelHook'), corr_match_config()),
    (dict(type='ToyTeachersHook'), distill_config()),
], ids=['fst', 'graph', 'two-scales', 'unimatch-v2', 'dice', 'joint',
        'unimatch', 'co-training', 'gct', 'eln', 'cct', 'ps-mt', 'reco',
        'prevmatch', 'ctt', 'cps', 'allspark', 'corrmatch',
        'distill'])
def test_a_step_does_not_wait(tmp_path, hook, model, request):
    """The contrast of U2PL does: its number of pixels depends on them."""
    runner = make_runner(tmp_path, [hook], ADAMW, model=model)
    places = places_of_a_step(runner, hook['type'], request)
    assert {place[1] for place in places} <= ON_THE_CPU, places


def places_of_a_step(runner, hook, request):
    """File and function of all that waits in a training step."""
    batch = prepare(runner)
    own = next(
        each for each in runner.hooks if type(each).__name__ == hook)
    copies = request.getfixturevalue('copies')
    transfers = request.getfixturevalue('transfers')
    if hasattr(runner.model, 'previous'):
        runner.model.previous.add(runner.model.student)
    with Waits() as waits:
        own.before_train_iter(runner, 0, batch)
        outputs = runner.model.train_step(batch, runner.optim_wrapper)
        own.after_train_iter(runner, 0, batch, outputs)
    return waits.places + copies + transfers


def loader_of(dataset):
    return dict(batch_size=2, num_workers=0, dataset=dataset,
                sampler=dict(type=PairedSampler, seed=0))


def test_ael_does_not_wait(tmp_path, request):
    runner = make_runner(
        tmp_path, [dict(type='MeanTeacherHook')], ADAMW, model=ael_config(),
        train_dataloader=loader_of(PastedPairs()))
    places = places_of_a_step(runner, 'MeanTeacherHook', request)
    assert {place[1] for place in places} <= ON_THE_CPU, places


def test_cac_does_not_wait(tmp_path, request):
    """Nor for the places of the crops on their way to the device."""
    runner = make_runner(
        tmp_path, [dict(type='PrepareModelHook')], ADAMW, model=cac_config(),
        train_dataloader=loader_of(ToyCrops()))
    places = places_of_a_step(runner, 'PrepareModelHook', request)
    assert {place[1] for place in places} <= ON_THE_CPU, places


def test_rand_augment_reads_what_it_has_sampled_alone(tmp_path, request):
    runner = make_runner(
        tmp_path, [dict(type='PrepareModelHook')], ADAMW,
        model=dsbn_config(photometric=dict(type='RandAugment', count=14)),
        train_dataloader=loader_of(LabeledPairs()))
    places = places_of_a_step(runner, 'PrepareModelHook', request)
    assert {place[1] for place in places} <= {
        *ON_THE_CPU, '_between', '_coarse_dropout'}, places


def test_the_guard_waits_once_in_a_step(tmp_path, copies):
    """Before the weights move, of virtual steps too; seeding never does."""
    runner = make_runner(
        tmp_path, [FST, dict(type='SeedIterationHook')], ADAMW)
    guard = FiniteGuardHook()
    runner.register_hook(guard)
    batch = prepare(runner)
    copies.clear()
    with Waits() as waits:
        for hook in runner.hooks:
            if isinstance(hook, (FSTHook, SeedIterationHook)):
                hook.before_train_iter(runner, 0, batch)
        outputs = runner.model.train_step(batch, runner.optim_wrapper)
        guard.after_train_iter(runner, 0, batch, outputs)
    places = [place[1:] for place in waits.places + copies
              if place[1] not in ON_THE_CPU]
    assert places == [('_read', 'tolist')] * 3


def test_waiting_is_seen(tmp_path):
    """A loss of MMSegmentation that indexes by a mask."""
    model = model_config()
    model['segmentor']['decode_head']['loss_decode'].update(use_sigmoid=True)
    runner = make_runner(
        tmp_path, [dict(type='MeanTeacherHook')], ADAMW, model=model)
    batch = prepare(runner)
    with Waits() as waits:
        runner.model.train_step(batch, runner.optim_wrapper)
    assert '_expand_onehot_labels' in {place[1] for place in waits.places}


def scoring(model, metric, copies):
    """Functions that wait while a batch is predicted and counted."""
    init_default_scope('mmseg_fst')
    model, dataset = MODELS.build(model).eval(), ToyTest()
    evaluator = Evaluator(dict(type=metric))
    evaluator.dataset_meta = dataset.metainfo
    items = [dataset[0], dataset[1]]
    batch = {key: [item[key] for item in items] for key in items[0]}
    copies.clear()
    with Waits() as waits, torch.no_grad():
        outputs = model.predict_each(**model.data_preprocessor(batch))
        for samples in outputs.values():
            evaluator.process(samples, batch)
    return {place[1] for place in waits.places + copies}


@pytest.mark.parametrize('config', [model_config, co_training_config])
@pytest.mark.parametrize('protocol', [
    None, dict(type='WholeImage', multiple_of=14),
    dict(type='SlidingWindows', crop_size=24, stride=16, last='shift',
         merge='softmax')], ids=str)
def test_scoring_does_not_wait(config, protocol, copies):
    assert not scoring(
        config(protocol=protocol), 'ConfusionIoUMetric', copies)


def test_scoring_by_mmseg_waits(copies):
    assert scoring(model_config(), 'IoUMetric', copies) == {
        'intersect_and_union'}
