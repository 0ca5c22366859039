"""Images of 1, 3, 4, 6, ... channels, from their files to an exported file."""
import json
import math

import cv2
import numpy as np
import pytest
import torch
from channel_data import SIZE, make_channels, method_of, run_cfg
from mmengine.config import ConfigDict

from mmseg_fst.apis import (
    ExportedNetwork,
    export_model,
    find_sources,
    load_model,
    predict,
    predict_files,
    pull_model,
    push_model,
    train,
)
from mmseg_fst.apis import test as score
from mmseg_fst.registry import MODELS
from mmseg_fst.report.panels import predict_panels
from mmseg_fst.report.runs import find_methods

SHOWN = (4, 2, 0)  # of six channels
HIGH = 3000
FST = dict(type='FSTHook', depth=2, decay=.99)


def losses_of(folder):
    """Logged losses of a run."""
    path = next(folder.glob('*/vis_data/scalars.json'))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [line['loss'] for line in lines if 'loss' in line]


@pytest.fixture(scope='module')
def six(tmp_path_factory):
    """A run of FST on six channels of 16 bits, and its data."""
    folder = tmp_path_factory.mktemp('six')
    root = make_channels(folder / 'data', 6, 'uint16', HIGH)
    load = dict(type='LoadWholeImage', channels=6, stretch=(0, HIGH))
    model = method_of('mean_teacher', 6, channels=(4, 2, 0), jitter_prob=1.)
    cfg = run_cfg(root, folder / 'run', model, load, [FST],
                  rgb_channels=SHOWN)
    train(cfg)
    return folder / 'run', root


def shown_of(root, name):
    """What people are to see of an image of six channels."""
    image = np.load(root / 'images' / f'{name}.npy')[..., SHOWN]
    return np.rint(image * np.float32(255 / HIGH))


def test_six_channels_are_trained_on(six):
    losses = losses_of(six[0])
    assert len(losses) == 3 and all(map(math.isfinite, losses))
    model = load_model(str(six[0]), 'cpu')
    assert model.student.backbone.stem[0].in_channels == 6
    assert model.dataset_meta['rgb_channels'] == list(SHOWN)


def test_six_channels_are_shown_while_training(six):
    path, = six[0].glob('*/vis_data/mixed/iter_000003.png')
    image = cv2.imread(str(path))[..., ::-1]
    # The first image of the first column, inside border and title.
    tile = image[19:19 + SIZE[0], 1:1 + SIZE[1]].astype(int)
    names = [f'train_{index}' for index in range(4)]
    distances = [
        abs(shown[:, ::step] - tile).max() for step in (1, -1)
        for shown in (shown_of(six[1], name) for name in names)
    ]
    assert min(distances) <= 1  # bytes are cut off, not rounded


def test_six_channels_are_shown_beside_predictions(six, tmp_path):
    run, root = six
    cfg = load_model(str(run), 'cpu').cfg
    cfg.work_dir = str(tmp_path / 'test')
    score(cfg, str(run / 'iter_3.pth'), str(tmp_path / 'shown'))
    panel = cv2.imread(str(tmp_path / 'shown' / 'val_1.png'))[..., ::-1]
    tile = panel[19:19 + SIZE[0], 1:1 + SIZE[1]].astype(int)
    assert abs(tile - shown_of(root, 'val_1')).max() <= 1
    panels, _, missing = predict_panels(find_methods([run]), 1)
    assert not missing and len(panels) == 1


def test_six_channels_are_predicted(six, tmp_path):
    run, root = six
    model = load_model(str(run), 'cpu')
    path = root / 'images' / 'val_0.npy'
    from_file, from_array = predict(model, [path, np.load(path)],
                                    with_probabilities=True)
    assert from_file.label.shape == SIZE
    np.testing.assert_array_equal(from_file.probabilities,
                                  from_array.probabilities)
    with pytest.raises(ValueError, match=r'give values of shape \(H, W, 6\)'):
        predict(model, np.zeros((*SIZE, 3), np.uint8))
    report = predict_files(
        model, find_sources(str(root / 'images' / 'val_*.npy')),
        str(tmp_path / 'out'), opacity=0.)
    assert report == (4, 0, {})
    overlay = cv2.imread(str(tmp_path / 'out/overlays/val_0.jpg'))[..., ::-1]
    shown = shown_of(root, 'val_0')
    assert abs(overlay - shown).mean() < abs(
        overlay - shown[..., ::-1]).mean() / 2


def test_six_channels_are_shared(six, tmp_path):
    path = six[1] / 'images' / 'val_0.npy'
    folder = push_model(load_model(str(six[0]), 'cpu'), str(tmp_path / 'hub'))
    pulled = pull_model(folder, 'cpu')
    assert pulled.dataset_meta['rgb_channels'] == list(SHOWN)
    np.testing.assert_array_equal(
        predict(pulled, path)[0].label,
        predict(load_model(str(six[0]), 'cpu'), path)[0].label)


@pytest.mark.parametrize('ending', ['pt2', 'onnx'])
def test_six_channels_are_exported(six, tmp_path, ending):
    if ending == 'onnx':
        for name in ('onnx', 'onnxscript', 'onnxruntime'):
            pytest.importorskip(name, reason=f'{name} is not installed')
    model = load_model(str(six[0]), 'cpu')
    path = tmp_path / f'six.{ending}'
    check, = export_model(model, str(path), SIZE)
    assert check.shape == (1, 6, *SIZE) and path.is_file()
    image = np.load(six[1] / 'images' / 'val_0.npy')
    stretched = torch.from_numpy(
        (image * np.float32(255 / HIGH)).transpose(2, 0, 1)[None])
    with torch.no_grad():
        label = ExportedNetwork(model)(stretched.float()).argmax(1)[0]
    assert (label.numpy() == predict(model, image)[0].label).mean() > .999


@pytest.mark.parametrize('method, hooks', [
    ('ssl_fixmatch', []), ('mean_teacher', [FST])], ids=['FixMatch', 'FST'])
def test_gray_images_train(tmp_path, method, hooks):
    root = make_channels(tmp_path / 'data', 1)
    load = dict(type='LoadWholeImage', channels=1)
    model = method_of(method, 1, jitter_prob=1.)
    cfg = run_cfg(root, tmp_path / 'run', model, load, hooks)
    train(cfg)
    losses = losses_of(tmp_path / 'run')
    assert len(losses) == 3 and all(map(math.isfinite, losses))
    trained = load_model(str(tmp_path / 'run'), 'cpu')
    path = root / 'images' / 'val_0.png'
    prediction, = predict(trained, path)
    assert prediction.label.shape == SIZE
    written, = tmp_path.glob('run/*/vis_data/mixed/iter_000003.png')
    tile = cv2.imread(str(written))[19:19 + SIZE[0], 1:1 + SIZE[1]]
    assert (tile == tile[..., :1]).all() and tile.std() > 1


def test_a_color_video_frame_is_gray_to_a_gray_network(tmp_path):
    root = make_channels(tmp_path / 'data', 1)
    load = dict(type='LoadWholeImage', channels=1)
    cfg = run_cfg(root, tmp_path / 'run', method_of('mean_teacher', 1), load,
                  [FST], iters=1)
    train(cfg)
    model = load_model(str(tmp_path / 'run'), 'cpu')
    gray = cv2.imread(str(root / 'images/val_0.png'), cv2.IMREAD_UNCHANGED)
    single, three = predict(model, [gray, np.repeat(gray[..., None], 3, 2)])
    assert (single.label == three.label).mean() > .99


@pytest.mark.parametrize('backbone, mean, words', [
    (3, 6, 'reads images of 3 channels.* has 6 numbers.*in_channels=6'),
    (6, 3, 'reads images of 6 channels.* has 3 numbers.*in_channels=3'),
])
def test_a_backbone_of_other_channels_is_refused(tmp_path, backbone, mean,
                                                 words):
    root = make_channels(tmp_path / 'data', 6)
    model = method_of('mean_teacher', backbone)
    model['data_preprocessor'].update(mean=[1.] * mean, std=[1.] * mean)
    cfg = run_cfg(root, tmp_path / 'run', model,
                  dict(type='LoadWholeImage', channels=6), [FST])
    with pytest.raises(ValueError, match=words):
        train(cfg)


def test_dct_maps_are_of_rgb_alone(tmp_path):
    root = make_channels(tmp_path / 'data', 6)
    model = method_of('mean_teacher', 6)
    model['segmentor'].pop('auxiliary_head')
    model['segmentor']['decode_head']['in_channels'] = 320
    model['segmentor']['backbone'] = dict(
        type='DCTInput', backbone=dict(type='DCTMobileNetV2'),
        mean=[0.] * 64, std=[1.] * 64)
    cfg = run_cfg(root, tmp_path / 'run', model,
                  dict(type='LoadWholeImage', channels=6), [FST])
    with pytest.raises(ValueError, match='DCT maps are made of RGB'):
        train(cfg)
    backbone = MODELS.build(
        ConfigDict(model['segmentor']['backbone'], type='DCTInput'))
    with pytest.raises(ValueError, match='images must be RGB, got 6'):
        backbone(torch.zeros(1, 6, 32, 32))
