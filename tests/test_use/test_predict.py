"""Models of finished runs, and what they predict."""
import json

import numpy as np
import pytest
import torch
from fake_run import META, binary_cfg, co_training_cfg, make_run
from helpers import image_of, model_cfg, network_cfg, random_label
from mmseg.models.utils import resize
from PIL import Image

from mmseg_fst.apis import load_model, predict
from mmseg_fst.registry import TRANSFORMS
from mmseg_fst.use.predict import Predictor
from mmseg_fst.utils.checkpoint import UnsafeCheckpoint

SIZE = (48, 80)


def photo(size=SIZE, seed=0):
    rng = np.random.default_rng(seed)
    return image_of(rng, random_label(rng, size))


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp('runs') / 'plain')


@pytest.fixture
def model(run):
    return load_model(str(run), 'cpu')


def by_hand(network, image):
    """Probabilities (C, H, W) of one pass."""
    mean = torch.tensor([123.675, 116.28, 103.53]).view(3, 1, 1)
    std = torch.tensor([58.395, 57.12, 57.375]).view(3, 1, 1)
    pixels = torch.from_numpy(image.copy()).movedim(2, 0).float()
    with torch.no_grad():
        logits = network.encode_decode(((pixels - mean) / std)[None],
                                       [dict(img_shape=image.shape[:2])])
    return logits[0].softmax(0)


def test_a_model_knows_its_classes(model, run):
    assert not model.training
    assert model.dataset_meta == META
    assert model.checkpoint == str(run / 'iter_4.pth')


@pytest.mark.parametrize('network', ['student', 'teacher'])
def test_labels_and_probabilities_are_those_of_the_network(run, network):
    model = load_model(str(run / 'iter_4.pth'), 'cpu', network)
    expected = by_hand(model.network(network), photo())
    whole, = predict(model, photo(), with_probabilities=True)
    torch.testing.assert_close(torch.from_numpy(whole.probabilities), expected,
                               rtol=1e-4, atol=1e-5)
    assert whole.label.dtype == np.uint8
    assert (whole.label == whole.probabilities.argmax(0)).all()
    if network == 'student':  # the random teacher predicts one class
        assert len(np.unique(whole.label)) > 2
    alone, = predict(model, photo())
    assert (alone.label == whole.label).all() and alone.probabilities is None


def test_labels_alone_need_no_scores_at_full_size(model, monkeypatch):
    """Each of 11 classes is resized alone, and not at all once more."""
    for name in ('SCORES_AT_ONCE', '_FEWEST_CLASSES'):
        monkeypatch.setattr(
            f'mmseg_fst.models.protocols.predictions.{name}', 1)
    shapes = []

    def spy(*args, **kwargs):
        output = resize(*args, **kwargs)
        shapes.append(tuple(output.shape))
        return output

    monkeypatch.setattr('mmseg.models.decode_heads.decode_head.resize', spy)
    image = photo((96, 128))
    alone, = predict(model, image)
    assert shapes == [(1, 1, 96, 128)] * 11
    whole, = predict(model, image, with_probabilities=True)
    assert shapes[11:] == [(1, 11, 96, 128)]
    assert (alone.label == whole.label).all()


def test_networks_differ(run):
    student, teacher = (
        predict(load_model(str(run), 'cpu', name), photo())[0].label
        for name in ('student', 'teacher'))
    assert (student != teacher).any()


def test_files_and_arrays_agree(model, tmp_path):
    path = tmp_path / 'a.png'
    Image.fromarray(photo()).save(path)
    predictions = predict(model, [path, str(path), photo()])
    labels = [prediction.label for prediction in predictions]
    assert all((label == labels[0]).all() for label in labels)


def test_views_are_averaged(model):
    image, network = photo(), model.network()
    mirrored = by_hand(network, image[:, ::-1]).flip(-1)
    expected = (by_hand(network, image) + mirrored) / 2
    whole, = predict(model, image, flip=True, with_probabilities=True)
    torch.testing.assert_close(torch.from_numpy(whole.probabilities), expected,
                               rtol=1e-4, atol=1e-5)
    assert (whole.label == expected.argmax(0).numpy()).all()


def spy(model, monkeypatch):
    """Record the sizes of the inputs of the network."""
    received, network = [], model.network()
    whole = network.extract_feat

    def extract_feat(images):
        received.append(tuple(images.shape[2:]))
        return whole(images)

    monkeypatch.setattr(network, 'extract_feat', extract_feat)
    return received


@pytest.mark.parametrize('steps, sizes', [
    ([], [(24, 40), (48, 80), (72, 120)]),
    ([dict(type='Resize', scale=(40, 24), keep_ratio=True)],
     [(12, 20), (24, 40), (36, 60)]),
    ([dict(type='Resize', scale_factor=2., keep_ratio=True)],
     [(48, 80), (96, 160), (144, 240)]),
])
def test_scales_are_those_of_what_the_network_sees(tmp_path, monkeypatch,
                                                   steps, sizes):
    model = load_model(str(make_run(tmp_path, steps=steps)), 'cpu')
    received = spy(model, monkeypatch)
    whole, = predict(model, photo(), scales=(.5, 1., 1.5),
                   with_probabilities=True)
    assert received == sizes
    assert whole.label.shape == SIZE
    np.testing.assert_allclose(whole.probabilities.sum(0), 1, rtol=1e-5)


@pytest.mark.parametrize('protocol', [None, dict(type='WholeImage')])
def test_windows(tmp_path, monkeypatch, protocol):
    run = make_run(tmp_path, model_cfg(protocol=protocol))
    model = load_model(str(run), 'cpu', windows=(32, 16))
    received = spy(model, monkeypatch)
    assert predict(model, photo())[0].label.shape == SIZE
    assert received == [(32, 32)] * (2 * 4)
    assert 'sliding windows 32, stride 16' in model.protocol_name


def test_windows_are_in_pixels_at_the_scale_of_the_training(
        tmp_path, monkeypatch):
    """A Resize to the size of a training image does not come first."""
    resize = dict(type='Resize', scale=(40, 24), keep_ratio=True)
    run = make_run(tmp_path, steps=[resize], native_size=(48, 80))
    model = load_model(str(run), 'cpu', windows=(32, 16))
    received = spy(model, monkeypatch)
    assert predict(model, photo((96, 160)))[0].label.shape == (96, 160)
    assert received == [(32, 32)] * (2 * 4)  # of 48 x 80 pixels


def test_a_larger_image_is_cut_into_tiles(tmp_path, monkeypatch):
    resize = dict(type='Resize', scale=(40, 24), keep_ratio=True)
    run = make_run(tmp_path, steps=[resize], native_size=(24, 40))
    model = load_model(str(run), 'cpu')
    received = spy(model, monkeypatch)
    predict(model, photo((48, 80)))
    assert received == [(24, 40)]  # twice the size is shrunk
    received.clear()
    large = photo((96, 160))
    label = predict(model, large)[0].label
    assert received == [(64, 64)] * (2 * 4)
    windows = load_model(str(run), 'cpu', windows=(64, 42))
    assert (predict(windows, large)[0].label == label).all()
    received.clear()
    with pytest.warns(UserWarning, match='shrunk more than 3 times'):
        predict(model, large, whole=True)
    assert received == [(24, 40)]


@pytest.mark.parametrize('windows, whole, settings, words', [
    (None, False, dict(
        images='more than 3 times as large as the training images', scale=.5,
        size=[64, 64], stride=[42, 42], overlap=[22, 22]),
     'scale: 0.5 of the file; size: 64 x 64 pixels; overlap: 22 x 22'),
    ((32, 16), False, dict(
        images='all', scale=.5, size=[32, 32], stride=[16, 16],
        overlap=[16, 16]), 'images: all; scale'),
    (None, True, None, 'none (--whole)')])
def test_tiles_can_be_recorded(windows, whole, settings, words, tmp_path):
    resize = dict(type='Resize', scale=(40, 24), keep_ratio=True)
    run = make_run(tmp_path, steps=[resize], native_size=(48, 80))
    rule = Predictor(load_model(str(run), 'cpu', windows=windows),
                     whole=whole).rule
    assert rule.settings() == settings and words in rule.describe()
    if settings is not None:  # it is what is done
        tiling = rule.tiling((480, 800))
        assert tiling.factor == settings['scale']
        assert list(tiling.windows.crop_size) == settings['size']
        assert list(tiling.windows.stride) == settings['stride']


@pytest.mark.parametrize('steps, protocol, images, words', [
    ([], None, 'of more than 4194304 pixels at the scale', 'scale: 1 of'),
    ([dict(type='Resize', scale=(40, 24), keep_ratio=True)], None, None,
     'none (the size of the training images is not known)'),
    ([], dict(type='Canvas', size=64), None,
     'none (the protocol has a canvas)')])
def test_tiles_where_little_is_known(steps, protocol, images, words,
                                     tmp_path):
    run = make_run(tmp_path, model_cfg(protocol=protocol), steps=steps)
    rule = Predictor(load_model(str(run), 'cpu')).rule
    settings = rule.settings()
    assert settings is None if images is None else (
        settings['images'].startswith(images))
    assert words in rule.describe()


def test_tiles_are_windows_of_the_protocol(tmp_path, monkeypatch):
    """Scores of the test and tiles of predict are the same numbers."""
    protocol = dict(type='SlidingWindows', crop_size=32, stride=20,
                    last='shift', merge='logits')
    run = make_run(tmp_path, model_cfg(protocol=protocol))
    model = load_model(str(run), 'cpu')
    options = dict(with_probabilities=True, flip=True)
    alone, = predict(model, photo())
    whole, = predict(model, photo(), **options)
    monkeypatch.setattr('mmseg_fst.use.tiling._MOST_PIXELS', 100)
    monkeypatch.setattr('mmseg_fst.use.tiled_rows.SCORES_AT_ONCE', 11 * 80 * 7)
    assert (predict(model, photo())[0].label == alone.label).all()
    tiled, = predict(model, photo(), **options)
    np.testing.assert_allclose(
        tiled.probabilities, whole.probabilities, atol=1e-5)
    scaled, = predict(model, photo(), scales=(1., .75))
    assert np.mean(scaled.label == tiled.label) > .8


def test_the_size_of_the_training_images_is_read_from_the_files(tmp_path):
    from mmengine.config import Config

    from mmseg_fst.use.training_scale import native_size, training_factor
    root = tmp_path / 'data'
    for index in range(3):
        (root / 'images').mkdir(parents=True, exist_ok=True)
        Image.new('RGB', (300, 200)).save(root / f'images/{index}.jpg')
    (root / 'train.txt').write_text('0.jpg\n1.jpg\n2.jpg\n')
    side = dict(type='ListedDataset', data_root=str(root),
                ann_file='train.txt', data_prefix=dict(img_path='images'),
                pipeline=[])
    cfg = Config(dict(train_dataloader=dict(dataset=dict(
        sides=dict(labeled=side)))))
    assert native_size(cfg) == (200, 300)
    resize = dict(type='Resize', scale=(150, 100), keep_ratio=True)
    assert training_factor(cfg, resize) == .5
    side['ann_file'] = 'none.txt'
    missing = Config(dict(train_dataloader=dict(dataset=dict(
        sides=dict(labeled=side)))))
    assert native_size(missing) is None
    assert training_factor(missing, resize) is None


def test_windows_without_a_known_scale_are_refused(tmp_path):
    resize = dict(type='Resize', scale=(80, 48), keep_ratio=True)
    run = make_run(tmp_path, steps=[resize])
    model = load_model(str(run), windows=(32, 16))
    with pytest.raises(ValueError, match='native_size'):
        predict(model, photo())


def test_an_image_is_loaded_by_the_step_of_the_run(tmp_path):
    """A loader of MMCV with its options, and not LoadWholeImage."""
    path = tmp_path / 'a.png'
    Image.fromarray(photo()).save(path)
    loader = dict(type='LoadImageFromFile', color_type='grayscale')
    triple = dict(type='mmseg_fst.Repeat3')

    @TRANSFORMS.register_module(name='Repeat3', force=True)
    class Repeat3:

        def __call__(self, results):
            return {**results, 'img': np.stack([results['img']] * 3, 2)}

    run = make_run(tmp_path / 'run', loader=loader, steps=[triple])
    gray = np.asarray(Image.open(path).convert('L'))
    found = predict(load_model(str(run), 'cpu'), path)[0].label
    plain = load_model(str(make_run(tmp_path / 'plain')), 'cpu')
    expected = predict(plain, np.stack([gray] * 3, 2))[0].label
    assert np.mean(found == expected) > .98  # rounding of gray values
    (tmp_path / 'b.png').write_bytes(b'nothing')
    with pytest.raises(OSError, match='b.png'):
        predict(load_model(str(run), 'cpu'), tmp_path / 'b.png')


@pytest.mark.parametrize('protocol', [None, dict(
    type='SlidingWindows', crop_size=32, stride=20, last='shift',
    merge='softmax')])
@pytest.mark.parametrize('threshold', [.5, .3])
def test_a_binary_network(tmp_path, threshold, protocol):
    meta = dict(classes=['no', 'yes'], palette=[[0, 0, 0], [255, 0, 0]])
    cfg = model_cfg(segmentor=binary_cfg(threshold), protocol=protocol)
    model = load_model(str(make_run(tmp_path, cfg, meta=meta)), 'cpu')
    alone, = predict(model, photo())
    whole, = predict(model, photo(), with_probabilities=True)
    assert whole.probabilities.shape == (2, *SIZE)
    np.testing.assert_allclose(whole.probabilities.sum(0), 1, rtol=1e-5)
    if protocol is None:
        mean = torch.tensor([123.675, 116.28, 103.53])
        std = torch.tensor([58.395, 57.12, 57.375])
        pixels = (torch.from_numpy(photo().copy()) - mean) / std
        with torch.no_grad():
            logits = model.network().encode_decode(
                pixels.movedim(2, 0)[None], [dict(img_shape=SIZE)])
        np.testing.assert_allclose(
            whole.probabilities[1], logits.sigmoid()[0, 0], atol=1e-5)
    expected = whole.probabilities[1] > threshold
    assert 0 < expected.mean() < 1
    assert (alone.label == expected).all()
    assert (whole.label == expected).all()
    flipped, = predict(model, photo(), flip=True, with_probabilities=True)
    assert (flipped.label == (flipped.probabilities[1] > threshold)).all()


def test_an_ensemble_of_binary_networks(tmp_path):
    cfg = co_training_cfg(a=binary_cfg(.4), b=binary_cfg(.2))
    meta = dict(classes=['no', 'yes'], palette=[[0, 0, 0], [255, 0, 0]])
    run = make_run(tmp_path, cfg, meta=meta)
    shares = [
        predict(load_model(str(run), 'cpu', name), photo(),
                with_probabilities=True)[0].probabilities for name in 'ab']
    model = load_model(str(run), 'cpu')
    whole, = predict(model, photo(), with_probabilities=True)
    np.testing.assert_allclose(
        whole.probabilities, sum(shares) / 2, atol=1e-5)
    assert (whole.label == (whole.probabilities[1] > .3)).all()
    assert (predict(model, photo())[0].label == whole.label).all()


def test_windows_with_gaps_are_refused(run):
    with pytest.raises(ValueError, match='leave gaps'):
        load_model(str(run), 'cpu', windows=(32, 33))


def test_an_ensemble_is_the_mean_of_its_students(tmp_path):
    run = make_run(tmp_path, co_training_cfg())
    model = load_model(str(run), 'cpu')
    assert model.predict_with == 'ensemble'
    expected = sum(
        by_hand(part, photo()) for part in model.student.values()) / 2
    whole, = predict(model, photo(), with_probabilities=True)
    torch.testing.assert_close(torch.from_numpy(whole.probabilities), expected,
                               rtol=1e-4, atol=1e-5)
    alone, = predict(load_model(str(run), 'cpu', 'b'), photo())
    assert (alone.label == by_hand(model.student['b'], photo()).argmax(0)
            .numpy()).all()


def test_a_protocol_of_another_size_is_refused(tmp_path):
    run = make_run(tmp_path, model_cfg(protocol=dict(type='Canvas', size=64)))
    model = load_model(str(run), 'cpu')
    with pytest.raises(ValueError, match='64 x 64 canvas'):
        predict(model, photo())


@pytest.mark.parametrize('image', [
    np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)),
    np.zeros((4, 4, 4), np.uint8)
], ids=['gray', 'float', 'alpha'])
def test_other_arrays_are_refused(model, image):
    with pytest.raises(ValueError, match='give RGB values'):
        predict(model, image)


def unet_cfg(**preprocessor):
    """A model that takes multiples of 4 alone."""
    stages = dict(num_stages=3, strides=(1, ) * 3, downsamples=(True, ) * 2)
    convs = dict(
        enc_num_convs=(1, ) * 3, dec_num_convs=(1, ) * 2,
        enc_dilations=(1, ) * 3, dec_dilations=(1, ) * 2)
    head = dict(network_cfg()['decode_head'], in_channels=4, in_index=2)
    cfg = model_cfg(
        segmentor=dict(
            type='EncoderDecoder',
            backbone=dict(type='UNet', base_channels=4, **stages, **convs),
            decode_head=head,
            test_cfg=dict(mode='whole')))
    cfg['data_preprocessor'].update(preprocessor)
    return cfg


@pytest.mark.parametrize('size', [(47, 80), (48, 77), (50, 50), (3, 200)])
def test_a_size_that_the_network_refuses_is_padded(tmp_path, size):
    model = load_model(str(make_run(tmp_path, unet_cfg())), 'cpu')
    image = photo(size)
    padded = np.pad(image, ((0, -size[0] % 4), (0, -size[1] % 4), (0, 0)),
                    mode='edge')
    expected = by_hand(model.network(), padded)[:, :size[0], :size[1]]
    whole, = predict(model, image, with_probabilities=True)
    torch.testing.assert_close(torch.from_numpy(whole.probabilities), expected,
                               rtol=1e-4, atol=1e-5)
    assert (predict(model, image)[0].label == whole.label).all()


def test_the_multiple_is_searched_again_for_another_size(tmp_path):
    """48 rows fit a stride of 4 by chance after 47 rows; 50 do not."""
    model = load_model(str(make_run(tmp_path, unet_cfg())), 'cpu')
    for size in ((47, 80), (50, 80), (46, 78), (48, 80)):
        assert predict(model, photo(size))[0].label.shape == size


def test_images_are_padded_if_the_config_says_so(tmp_path):
    run = make_run(tmp_path, unet_cfg(test_cfg=dict(size_divisor=4)))
    model = load_model(str(run), 'cpu')
    whole, = predict(model, photo((47, 78)), with_probabilities=True)
    assert whole.label.shape == (47, 78)
    assert whole.probabilities.shape[1:] == (47, 78)


@pytest.mark.parametrize('scales', [(), (0., ), (1., -1.)])
def test_other_scales_are_refused(model, scales):
    with pytest.raises(ValueError, match='above 0'):
        predict(model, photo(), scales=scales)


def test_what_is_missing_is_named(run, tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere'):
        load_model(str(tmp_path / 'nowhere'))
    with pytest.raises(ValueError, match="no network 'teachers'"):
        load_model(str(run), 'cpu', 'teachers')
    (tmp_path / 'a.pth').write_bytes((run / 'iter_4.pth').read_bytes())
    with pytest.raises(FileNotFoundError, match='no config in'):
        load_model(str(tmp_path / 'a.pth'))


class Attack:
    """What makes a file when it is unpickled."""

    def __init__(self, victim):
        self.victim = str(victim)

    def __reduce__(self):
        return open, (self.victim, 'w')


def test_code_in_a_checkpoint_is_run_only_if_trusted(run, tmp_path):
    content = torch.load(run / 'iter_4.pth')
    path, victim = tmp_path / 'poison.pth', tmp_path / 'victim'
    torch.save({**content, 'extra': Attack(victim)}, path)
    config = str(run / 'config.json')
    with pytest.raises(UnsafeCheckpoint, match='poison.pth was not loaded'):
        load_model(str(path), 'cpu', config=config)
    assert not victim.exists()
    load_model(str(path), 'cpu', config=config, trust=True)
    assert victim.exists()


def test_python_beside_a_config_that_is_data_is_not_run(tmp_path):
    run = make_run(tmp_path)
    (run / 'fst.py').write_text('raise SystemExit')
    load_model(str(run), 'cpu')


def test_classes_of_the_data_set_where_a_checkpoint_has_none(run, tmp_path):
    content = torch.load(run / 'iter_4.pth')
    path = tmp_path / 'bare.pth'
    torch.save(content['state_dict'], path)
    model = load_model(str(path), 'cpu', config=str(run / 'config.json'))
    assert model.dataset_meta['classes'][:2] == ['road', 'sidewalk']


def test_a_run_of_an_earlier_version_is_read(tmp_path):
    """Its config names the switches that are classes today."""
    run = make_run(tmp_path)
    expected = predict(load_model(str(run), 'cpu', 'teacher'), photo())[0]
    path = run / 'config.json'
    content = json.loads(path.read_text())
    assert content['model']['type'] == 'MeanTeacher'
    content['model'].update(
        type='SelfTrainingSegmentor', label_with='teacher', labeled_iters=0)
    content['custom_hooks'] = [dict(type='FSTHook', redraw=False)]
    path.write_text(json.dumps(content))
    model = load_model(str(run), 'cpu', 'teacher')
    assert model.cfg.model.type == 'MeanTeacher'
    assert model.cfg.custom_hooks[0].resample_mix is False
    assert (predict(model, photo())[0].label == expected.label).all()
