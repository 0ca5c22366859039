"""A finished run as a teacher predicts as it does for itself, or refuses."""
import numpy as np
import pytest
import torch
from fake_run import META, binary_cfg, co_training_cfg, make_run
from helpers import (
    NUM_CLASSES,
    build_model,
    model_cfg,
    network_cfg,
    preprocessor_cfg,
)
from mmengine.config import Config
from test_engine.toy import multi_scale_config

from mmseg_fst.apis import load_model, open_config, predict, save_config
from mmseg_fst.registry import MODELS
from mmseg_fst.run.teacher_runs import load_teachers
from mmseg_fst.use.frozen_run import FrozenRun

LOAD = dict(type='LoadWholeImage')
IMAGE = np.random.default_rng(0).integers(0, 256, (32, 64, 3), np.uint8)


def student(preprocessor=None, num_classes=NUM_CLASSES):
    network = network_cfg()
    for head in ('decode_head', 'auxiliary_head'):
        network[head]['num_classes'] = num_classes
    return build_model(model_cfg(
        labels_only=True, type='Distill', teachers=['x'], segmentor=network,
        data_preprocessor=preprocessor or preprocessor_cfg()))


def config(*steps, loader=LOAD, native_size=None):
    """Config of the run of a student."""
    pipeline = [loader, *steps, dict(type='PackSegInputs')]
    return Config(dict(native_size=native_size, test_dataloader=dict(
        dataset=dict(type='StreetsDataset', pipeline=pipeline))))


def frozen(folder, model=None, cfg=None, classes=META['classes']):
    return FrozenRun(str(folder), model or student(), cfg or config(),
                     classes)


def probabilities(teacher, model, image=IMAGE):
    """What a teacher says of an image that the student has normalized."""
    data = dict(inputs=[torch.from_numpy(
        image[..., ::-1].transpose(2, 0, 1).copy())], data_samples=None)
    return teacher(model.data_preprocessor(data)['inputs'])[0].numpy()


def with_head(segmentor):
    segmentor['decode_head']['num_classes'] = NUM_CLASSES
    return segmentor


def dct_cfg():
    """A network that computes DCT coefficients from its images."""
    network = network_cfg(auxiliary=False)
    network['backbone'] = dict(
        type='DCTInput', mean=[0.] * 64, std=[100.] * 64,
        backbone=dict(type='DCTMobileNetV2'))
    network['decode_head'].update(in_channels=320)
    return network


@pytest.mark.parametrize('model', [
    model_cfg(), model_cfg(predict_with='teacher'), co_training_cfg(),
    model_cfg(protocol=dict(
        type='SlidingWindows', crop_size=32, stride=16, last='shift',
        merge='softmax')),
    model_cfg(segmentor=with_head(multi_scale_config())),
    model_cfg(segmentor=dct_cfg()),
    model_cfg(segmentor=dict(network_cfg(), decode_head=dict(
        network_cfg()['decode_head'], align_corners=True))),
    model_cfg(data_preprocessor=dict(
        preprocessor_cfg(), mean=[90., 120., 100.], std=[40., 70., 60.],
        bgr_to_rgb=False)),
], ids=['student', 'teacher', 'ensemble', 'windows', 'two-scales', 'dct',
        'aligned', 'other-normalization'])
def test_a_teacher_predicts_as_the_run_itself(tmp_path, model):
    """Whatever its own order of channels, normalization and protocol."""
    folder = make_run(tmp_path / 'run', model)
    learner = student(dict(preprocessor_cfg(), mean=[110., 100., 120.]))
    expected = predict(load_model(str(folder), 'cpu'), IMAGE,
                       with_probabilities=True)[0].probabilities
    found = probabilities(frozen(folder, learner), learner)
    assert found.dtype == np.float32 and found.shape == (11, 32, 64)
    np.testing.assert_allclose(found, expected, atol=2e-4)
    assert found.std((1, 2)).max() > 1e-3  # not all pixels alike


def test_a_binary_teacher_has_two_classes(tmp_path):
    meta = dict(classes=['a', 'b'], palette=[[0] * 3, [255] * 3])
    folder = make_run(tmp_path / 'run', model_cfg(
        segmentor=binary_cfg(.3)), meta=meta)
    learner = student(num_classes=2)
    expected = predict(load_model(str(folder), 'cpu'), IMAGE,
                       with_probabilities=True)[0].probabilities
    for classes, order in ((['a', 'b'], [0, 1]), (['b', 'a'], [1, 0])):
        found = probabilities(frozen(folder, learner, classes=classes),
                              learner)
        np.testing.assert_allclose(found, expected[order], atol=1e-5)


def test_classes_are_matched_by_name(tmp_path):
    folder, learner = make_run(tmp_path / 'run'), student()
    names = [*META['classes'][::-1]]
    np.testing.assert_array_equal(
        probabilities(frozen(folder, learner, classes=names), learner),
        probabilities(frozen(folder, learner), learner)[::-1])


@pytest.mark.parametrize('own, given, factor', [
    (dict(type='Resize', scale=(32, 16), keep_ratio=True), (), .5),
    (dict(type='Resize', scale=(64, 32), keep_ratio=True),
     [dict(type='Resize', scale=(32, 16), keep_ratio=True)], 2.),
    (dict(type='Resize', scale_factor=.5),
     [dict(type='Resize', scale_factor=.5)], 1.),
])
def test_images_reach_a_teacher_at_its_own_scale(tmp_path, own, given,
                                                 factor):
    folder, sizes = make_run(tmp_path / 'run', steps=[own]), []
    teacher = frozen(folder, cfg=config(*given, native_size=(32, 64)))
    teacher.model.network().backbone.register_forward_pre_hook(
        lambda module, args: sizes.append(tuple(args[0].shape[2:])))
    found = probabilities(teacher, student())
    assert teacher.scale == factor and found.shape == (11, 32, 64)
    assert sizes == [(32 * factor, 64 * factor)]


def test_teachers_are_frozen_and_logged(tmp_path):
    folder, learner = make_run(tmp_path / 'run'), student()
    learner.teacher_runs = [str(folder / 'iter_4.pth')] * 2
    load_teachers(learner.train(), config(), META['classes'])
    first, second = learner.frozen_teachers
    assert not any(weight.requires_grad or module.training
                   for module in first.model.modules()
                   for weight in module.parameters())
    assert first.model is not second.model
    assert 'iter_4.pth, student, images at 1 times' in first.describe()
    assert not any('teacher' in key for key in learner.state_dict())


@pytest.mark.parametrize('run, given, classes, message', [
    ({}, {}, ['class 0', 'sky'],
     'does not have: sky; it has in addition: class 1, class 2'),
    ({}, {}, META['classes'] + ['class 0'], 'some twice'),
    (dict(model=model_cfg(protocol=dict(type='Canvas', size=48))), {}, None,
     'at another size .*48 x 48 canvas'),
    (dict(loader=dict(LOAD, stretch=(0, 3000))), {}, None,
     'in another way.*3000'),
    ({}, dict(loader=dict(LOAD, channels=4)), None, "'channels': 4"),
    (dict(steps=[dict(type='PadToCrop', size=(64, 64))]), {}, None,
     'PadToCrop'),
    (dict(steps=[dict(type='Resize', scale=(32, 16))]), {}, None,
     r'is not known. Write native_size = \(HEIGHT, WIDTH\)'),
], ids=['classes', 'twice', 'canvas', 'stretch', 'channels', 'steps', 'scale'])
def test_what_does_not_fit_is_refused(tmp_path, run, given, classes, message):
    folder = make_run(tmp_path / 'run', **run)
    learner = student()
    with pytest.raises(ValueError, match=message):
        probabilities(frozen(folder, learner, config(**given),
                             classes or META['classes']), learner)


def make_plain_run(folder):
    """A run of MMSegmentation, without a method."""
    network = dict(network_cfg(), data_preprocessor=preprocessor_cfg())
    make_run(folder)
    cfg = open_config(str(folder / 'config.json'))
    cfg.model = network
    torch.save(dict(state_dict=MODELS.build(network).state_dict(),
                    meta=dict(dataset_meta=META)), folder / 'iter_4.pth')
    save_config(cfg, str(folder))
    return folder


def test_a_plain_segmentor_is_refused(tmp_path):
    with pytest.raises(ValueError, match="model.type='Supervised'"):
        frozen(make_plain_run(tmp_path / 'run'))


def test_a_config_that_is_code_is_not_run(tmp_path):
    folder = make_run(tmp_path / 'run')
    (folder / 'config.json').unlink()
    (folder / 'run.py').write_text('raise RuntimeError')
    with pytest.raises(ValueError, match='its .py is not run'):
        frozen(folder)
    with pytest.raises(FileNotFoundError, match='no folder or checkpoint'):
        frozen(tmp_path / 'nothing')
