"""Protocols against slow references, written pixel by pixel."""
import math

import pytest
import torch
from helpers import REPOSITORY, build_model, make_batch, model_cfg, network_cfg
from mmengine.config import Config
from mmengine.structures import PixelData
from mmseg.models.decode_heads import FCNHead
from mmseg.models.segmentors import BaseSegmentor
from mmseg.models.utils import resize
from mmseg.structures import SegDataSample
from torch import nn

from mmseg_fst.models import Canvas, SlidingWindows, WholeImage
from mmseg_fst.models.protocols import score_images
from mmseg_fst.registry import MODELS

CLASSES = 3
PREDICTIONS = 'mmseg_fst.models.protocols.predictions'
FOLDER = REPOSITORY / 'configs' / '_base_' / 'protocols'
SIZES = [(7, 9), (8, 8), (9, 8), (8, 9), (13, 21), (23, 16), (16, 16), (3, 30)]


class Network(nn.Module):
    """Its logits depend on the border and the mean of what it is shown."""

    out_channels = CLASSES
    align_corners = False
    postprocess_result = BaseSegmentor.postprocess_result

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, CLASSES, 3, padding=1).double()
        self.sizes = []

    @torch.no_grad()
    def encode_decode(self, images, metas):
        self.sizes.append(tuple(images.shape))
        assert len(metas) == len(images)
        assert all(meta['img_shape'] == images.shape[2:] for meta in metas)
        return 5 * self.conv(images) * (1 + images.mean((1, 2, 3), True))


@pytest.fixture
def network():
    torch.manual_seed(0)
    return Network()


def images_of(size, count=2):
    return torch.rand(count, 3, *size, dtype=torch.float64)


def plain(network, image):
    """Logits (C, h, w) of one image (3, h, w)."""
    return network.encode_decode(
        image[None], [dict(img_shape=image.shape[1:])])[0]


def starts_by_hand(length, crop, stride, last):
    """Where windows start, found by walking over the image."""
    starts, position = [], 0
    while True:
        if last == 'shift' and position + crop >= length:
            starts.append(max(0, length - crop))
            return starts
        if position >= length:
            return starts
        starts.append(position)
        position += stride


def by_pixel(network, image, crop, stride, last, merge):
    """Sums over windows, one pixel after the other."""
    height, width = image.shape[1:]
    total = torch.zeros(CLASSES, height, width, dtype=torch.float64)
    count = torch.zeros(height, width)
    for top in starts_by_hand(height, crop[0], stride[0], last):
        for left in starts_by_hand(width, crop[1], stride[1], last):
            shown = image[:, top:top + crop[0], left:left + crop[1]]
            logits = plain(network, shown)
            for i in range(shown.shape[1]):
                for j in range(shown.shape[2]):
                    scores = logits[:, i, j]
                    if merge == 'softmax':
                        scores = scores.exp() / scores.exp().sum()
                    total[:, top + i, left + j] += scores
                    count[top + i, left + j] += 1
    assert count.min() >= 1
    return total if merge == 'softmax' else total / count


@pytest.mark.parametrize('size', SIZES, ids=str)
@pytest.mark.parametrize('last', ['shift', 'truncate'])
@pytest.mark.parametrize('merge', ['logits', 'softmax'])
@pytest.mark.parametrize('crop, stride', [(8, 5), (8, 8), ((6, 10), (4, 3))],
                         ids=str)
def test_windows_are_those_of_the_plain_loop(network, size, last, merge, crop,
                                             stride):
    images = images_of(size)
    protocol = SlidingWindows(crop, stride, last, merge)
    logits = protocol.scores(network, images).full()
    pair = [(length, length) if isinstance(length, int) else length
            for length in (crop, stride)]
    for image, scores in zip(images, logits):
        torch.testing.assert_close(
            scores, by_pixel(network, image, *pair, last, merge),
            rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize('size', SIZES, ids=str)
@pytest.mark.parametrize('last', ['shift', 'truncate'])
def test_windows_together_are_windows_one_by_one(network, size, last):
    images = images_of(size)
    rules = dict(crop_size=8, stride=5, last=last, merge='softmax')
    alone = SlidingWindows(**rules)
    together = SlidingWindows(**rules, batch_size=3)
    expected = alone.scores(network, images).full()
    passes = len(network.sizes)
    torch.testing.assert_close(
        together.scores(network, images).full(), expected, rtol=1e-10,
        atol=1e-10)
    windows = len(alone.windows(*size))
    assert passes == windows
    if windows > 2 and last == 'shift':
        assert len(network.sizes) - passes == math.ceil(windows / 3)
    assert max(shape[0] for shape in network.sizes) <= 2 * 3


@pytest.mark.parametrize('length, crop, stride, last, expected', [
    # Both sides of an image of Cityscapes, under the rule of each family.
    (1024, 801, 534, 'truncate', [(0, 801), (534, 1024)]),
    (2048, 801, 534, 'truncate',
     [(0, 801), (534, 1335), (1068, 1869), (1602, 2048)]),
    (1024, 769, 512, 'truncate', [(0, 769), (512, 1024)]),
    (2048, 769, 512, 'truncate',
     [(0, 769), (512, 1281), (1024, 1793), (1536, 2048)]),
    (1024, 769, 513, 'shift', [(0, 769), (255, 1024)]),
    (2048, 769, 513, 'shift',
     [(0, 769), (513, 1282), (1026, 1795), (1279, 2048)]),
    (1024, 798, 532, 'shift', [(0, 798), (226, 1024)]),
    (2048, 798, 532, 'shift',
     [(0, 798), (532, 1330), (1064, 1862), (1250, 2048)]),
])
def test_windows_on_cityscapes(length, crop, stride, last, expected):
    protocol = SlidingWindows(crop, stride, last, 'logits')
    found = protocol.windows(length, crop)
    # One axis alone: the other is as long as a window.
    first_columns = [rows for rows, columns in found if columns.start == 0]
    assert [(rows.start, rows.stop) for rows in first_columns] == expected


@pytest.mark.parametrize('changes, word', [
    (dict(last='cut'), "'shift' or 'truncate'"),
    (dict(merge='mean'), "'logits' or 'softmax'"),
    (dict(stride=9), 'gaps'),
    (dict(stride=0), 'gaps'),
    (dict(crop_size=(8, 4)), 'gaps'),
])
def test_rules_of_windows_that_make_no_sense(changes, word):
    rules = dict(crop_size=8, stride=5, last='shift', merge='logits')
    with pytest.raises(ValueError, match=word):
        SlidingWindows(**{**rules, **changes})


def bilinear(image, size):
    """Resize (C, H, W) with aligned corners, pixel by pixel."""
    height, width = image.shape[1:]
    out = torch.zeros(len(image), *size, dtype=image.dtype)
    for i in range(size[0]):
        for j in range(size[1]):
            y = i * (height - 1) / max(size[0] - 1, 1)
            x = j * (width - 1) / max(size[1] - 1, 1)
            top, left = min(int(y), height - 1), min(int(x), width - 1)
            bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
            a, b = y - top, x - left
            out[:, i, j] = (
                (1 - a) * (1 - b) * image[:, top, left] +
                (1 - a) * b * image[:, top, right] +
                a * (1 - b) * image[:, bottom, left] +
                a * b * image[:, bottom, right])
    return out


@pytest.mark.parametrize('size, shown', [
    ((14, 28), (14, 28)), ((20, 21), (14, 28)), ((15, 34), (14, 28)),
    ((35, 13), (42, 14)), ((3, 6), (14, 14))], ids=str)
def test_the_nearest_multiple_of_14(network, size, shown):
    images = images_of(size)
    logits = WholeImage(multiple_of=14).scores(network, images).full()
    assert network.sizes == [(2, 3, *shown)]
    for image, scores in zip(images, logits):
        expected = bilinear(plain(network, bilinear(image, shown)), size)
        torch.testing.assert_close(scores, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize('side, expected', [
    (500, 504), (375, 378), (333, 336), (328, 322), (329, 336), (1, 14)])
def test_sides_of_pascal_images(side, expected):
    """``int(side / 14 + 0.5) * 14`` of UniMatch V2; half goes up."""
    assert WholeImage(multiple_of=14).nearest(side) == expected


def sample_of(label):
    sample = SegDataSample(
        metainfo=dict(ori_shape=label.shape, img_shape=label.shape))
    sample.gt_sem_seg = PixelData(data=label[None])
    return sample


def canvas_by_hand(image, size):
    """Pixel (i, j) of the canvas is that of the image, or 0."""
    height, width = image.shape[1:]
    out = image.new_zeros((len(image), size, size))
    for i in range(size):
        for j in range(size):
            y = i + ((height - size) // 2 if height > size else
                     -((size - height) // 2))
            x = j + ((width - size) // 2 if width > size else
                     -((size - width) // 2))
            if 0 <= y < height and 0 <= x < width:
                out[:, i, j] = image[:, y, x]
    return out


@pytest.mark.parametrize('size', SIZES + [(8, 12), (11, 5)], ids=str)
def test_padding_of_the_canvas_is_scored_as_class_0(network, size):
    images = images_of(size, count=1)
    label = torch.randint(1, CLASSES, size)
    label[0, 0] = 255
    sample = sample_of(label)
    found, = score_images(
        network, images, [sample], Canvas(size=8)).write_scores()
    shown = canvas_by_hand(images[0], 8)
    expected = plain(network, shown)
    assert torch.equal(found.pred_sem_seg.data[0], expected.argmax(0))
    scored = found.gt_sem_seg.data
    assert torch.equal(scored, canvas_by_hand(label[None], 8))
    assert (scored == 0).sum() == 64 - min(size[0], 8) * min(size[1], 8)
    assert found.canvas == 8
    # The sample that came in is as it was.
    assert torch.equal(sample.gt_sem_seg.data[0], label)
    assert tuple(sample.ori_shape) == size and 'canvas' not in sample


PROTOCOLS = [
    dict(type='WholeImage'), dict(type='WholeImage', multiple_of=14),
    dict(type='Canvas', size=40),
    dict(type='SlidingWindows', crop_size=24, stride=16, last='truncate',
         merge='softmax'),
    dict(type='SlidingWindows', crop_size=(24, 40), stride=16, last='shift',
         merge='logits', batch_size=4)]


@pytest.mark.parametrize('cfg', PROTOCOLS, ids=str)
@pytest.mark.parametrize('name', ['student', 'teacher'])
def test_a_model_predicts_by_its_protocol(cfg, name):
    """A real network, which resizes its logits to what it is told."""
    model = build_model(model_cfg(protocol=cfg, predict_with=name)).eval()
    with torch.no_grad():
        for weight in model.teacher.parameters():
            weight.add_(torch.randn_like(weight) * .1)
    data = model.data_preprocessor(make_batch(1)['labeled'])
    network = model.network(name)
    with torch.no_grad():
        sample, = model.predict(**data)
        expected = MODELS.build(cfg).scores(
            network, data['inputs']).full()
    assert torch.equal(sample.seg_logits.data, expected[0])
    size = (40, 40) if cfg['type'] == 'Canvas' else (32, 64)
    assert sample.pred_sem_seg.shape == sample.gt_sem_seg.shape == size
    with torch.no_grad():
        assert model.predict(data['inputs'])[0].pred_sem_seg.shape == size


def predict_by_mmsegmentation(model, name, inputs, samples):
    """What a network predicts by the code of MMSegmentation."""
    network = model.network(name)
    if model.protocol is None:
        return network.predict(inputs, samples)
    return network.postprocess_result(
        model.protocol.scores(network, inputs).full(),
        model.protocol.prepare(inputs, samples))


def assert_same_predictions(model, inputs, data_samples):
    """Labels alone, all scores and MMSegmentation agree, to the bit."""
    before = [list(item.keys()) for item in data_samples]
    with torch.no_grad():
        each = model.predict_each(inputs, data_samples)
        assert list(each) == model.networks
        assert [list(item.keys()) for item in data_samples] == before
        for name, found in each.items():
            model.predict_with = name
            whole = model.predict(
                inputs, [item.new() for item in data_samples])
            expected = predict_by_mmsegmentation(
                model, name, inputs, [item.new() for item in data_samples])
            for alone, joint, other in zip(found, whole, expected):
                assert 'seg_logits' not in alone
                assert torch.equal(
                    joint.seg_logits.data, other.seg_logits.data)
                for sample in (alone, joint):
                    label = sample.pred_sem_seg.data
                    assert label.dtype == other.pred_sem_seg.data.dtype
                    assert torch.equal(label, other.pred_sem_seg.data)
                    assert torch.equal(
                        sample.gt_sem_seg.data, other.gt_sem_seg.data)
                    assert sample.metainfo == other.metainfo


def different_model(**changes):
    """A model whose teacher is not its student."""
    model = build_model(model_cfg(**changes)).eval()
    with torch.no_grad():
        for weight in model.teacher.parameters():
            weight.add_(torch.randn_like(weight) * .1)
    return model


@pytest.fixture(params=['small', 'large'])
def size(request, monkeypatch):
    """Images whose scores are labeled at once, or as if they were large."""
    if request.param == 'large':
        monkeypatch.setattr(f'{PREDICTIONS}.SCORES_AT_ONCE', 1000)
        return (96, 128)  # torch resizes smaller ones by other code
    return (32, 64)


@pytest.mark.parametrize('cfg', [None, *PROTOCOLS], ids=str)
def test_labels_are_those_of_all_logits(cfg, size):
    if size[0] > 32 and 'crop_size' in (cfg or ()):
        cfg = dict(cfg, crop_size=72, stride=48)
    model = different_model(protocol=cfg)
    data = make_batch(2, size)['labeled']
    assert_same_predictions(model, **model.data_preprocessor(data))


@pytest.mark.parametrize('size', ['large'], indirect=True)
@pytest.mark.parametrize('mode', ['whole', 'slide'])
@pytest.mark.parametrize('meta', [
    dict(ori_shape=(96, 160)),  # resized by the pipeline
    dict(ori_shape=(90, 100), img_padding_size=[3, 1, 2, 4]),
    dict(ori_shape=(96, 160), flip=True, flip_direction='horizontal'),
    dict(ori_shape=(64, 64), flip=True, flip_direction='vertical'),
], ids=str)
def test_labels_at_native_size_are_those_of_all_logits(mode, meta, size):
    model = different_model()
    for network in (model.student, model.teacher):
        network.test_cfg.update(
            mode=mode, crop_size=(24, 48), stride=(16, 40))
    data = model.data_preprocessor(make_batch(1, size)['labeled'])
    for sample in data['data_samples']:
        sample.set_metainfo(meta)
    assert_same_predictions(model, **data)


def test_labels_of_channels_last_are_those_of_all_logits(monkeypatch):
    """There torch resizes several classes by one instruction."""
    monkeypatch.setattr(f'{PREDICTIONS}.SCORES_AT_ONCE', 1000)
    model = different_model().to(memory_format=torch.channels_last)
    data = model.data_preprocessor(make_batch(2, (96, 128))['labeled'])
    with torch.no_grad():
        assert not model.student(data['inputs']).is_contiguous()
    assert_same_predictions(model, **data)


class SummingHead(FCNHead):
    """A head whose classes depend on each other."""

    def predict_by_feat(self, logits, metas):
        logits = super().predict_by_feat(logits, metas)
        return logits.softmax(1).cumsum(1)


def test_a_head_of_its_own_is_asked_for_all_logits():
    model = different_model()
    for network in (model.student, model.teacher):
        network.decode_head.__class__ = SummingHead
    data = make_batch()['labeled']
    assert_same_predictions(model, **model.data_preprocessor(data))


def test_a_binary_network_has_a_threshold():
    cfg = network_cfg()
    for head in ('decode_head', 'auxiliary_head'):
        cfg[head].update(num_classes=2, out_channels=1)
        cfg[head]['loss_decode']['use_sigmoid'] = True
    model = different_model(segmentor=cfg)
    data = model.data_preprocessor(make_batch()['labeled'])
    with torch.no_grad():
        sample, _ = model.predict(data['inputs'])
    middle = sample.seg_logits.data.median()
    model.student.decode_head.threshold = middle
    assert_same_predictions(model, **data)
    found = model.predict_each(**data)['student'][0].pred_sem_seg.data
    assert 0 < found.float().mean() < 1


def test_no_scores_at_full_size(monkeypatch):
    """Each of 11 classes of 2 images is resized alone."""
    monkeypatch.setattr(f'{PREDICTIONS}.SCORES_AT_ONCE', 1000)
    monkeypatch.setattr(f'{PREDICTIONS}._FEWEST_CLASSES', 1)
    found = []

    def spy(input, *args, **kwargs):
        output = resize(input, *args, **kwargs)
        found.append(tuple(output.shape))
        return output

    monkeypatch.setattr(
        'mmseg.models.decode_heads.decode_head.resize', spy)
    model = build_model(model_cfg(labels_only=True)).eval()
    data = model.data_preprocessor(make_batch(2, (96, 128))['labeled'])
    with torch.no_grad():
        model.predict_each(**data)
    assert found == [(1, 1, 96, 128)] * 11 * 2


def test_without_a_protocol_the_network_predicts_as_ever():
    model = build_model(model_cfg()).eval()
    with torch.no_grad():
        own, named = (
            network.predict(**model.data_preprocessor(make_batch()['labeled']))
            for network in (model.student, model))
    for sample, other in zip(own, named):
        assert torch.equal(sample.seg_logits.data, other.seg_logits.data)
    assert model.protocol_name == (
        'whole image at the size of the test pipeline')


def test_name_of_the_windows_of_test_cfg():
    model = build_model(model_cfg())
    model.student.test_cfg.update(
        mode='slide', crop_size=(32, 48), stride=(16, 24))
    assert model.protocol_name == (
        'sliding windows 32 x 48, stride 16 x 24, last one shifted, logits '
        'averaged, at the size of the test pipeline')


def test_shifted_mean_of_logits_is_that_of_mmsegmentation():
    model = build_model(model_cfg()).eval()
    rules = dict(crop_size=(24, 40), stride=(16, 24))
    model.student.test_cfg.update(mode='slide', **rules)
    inputs = model.data_preprocessor(make_batch()['labeled'])['inputs']
    with torch.no_grad():
        expected = model.student.slide_inference(inputs, [dict()] * 2)
        found = SlidingWindows(**rules, last='shift', merge='logits').scores(
            model.student, inputs).full()
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize('cfg', PROTOCOLS, ids=str)
def test_a_resized_image_is_refused(network, cfg):
    sample = sample_of(torch.zeros(20, 30, dtype=torch.int64))
    with pytest.raises(ValueError, match=r'\(20, 30\) arrived as \(10, 15\)'):
        score_images(network, images_of((10, 15), 1), [sample],
                     MODELS.build(cfg))


NAMES = dict(
    voc_native='whole image at native size',
    voc_multiple14='whole image at the nearest multiple of 14, logits resized '
    'back',
    voc_canvas513_released='513 x 513 canvas, padding scored as class 0 '
    '(released)',
    cityscapes_windows_unimatch='sliding windows 801, stride 534, last one '
    'truncated, softmax summed',
    cityscapes_windows_diverse='sliding windows 769, stride 512, last one '
    'truncated, softmax summed',
    cityscapes_windows_cps='sliding windows 800, stride 534, last one '
    'shifted, logits averaged',
    cityscapes_windows_u2pl='sliding windows 769, stride 513, last one '
    'shifted, logits averaged')
NAMES['cityscapes_windows_unimatch-v2'] = (
    'sliding windows 798, stride 532, last one shifted, softmax summed')
NAMES['cityscapes_windows_vfm-uda'] = (
    'sliding windows 1024, stride 512, last one shifted, softmax summed')


def test_each_file_of_a_protocol_has_a_name_here():
    assert {path.stem for path in FOLDER.glob('*.py')} == set(NAMES)


@pytest.mark.parametrize('stem', NAMES)
def test_a_config_takes_a_protocol_as_it_takes_a_network(stem, tmp_path):
    base = REPOSITORY / 'configs' / '_base_'
    path = tmp_path / 'cell.py'
    path.write_text(f'''
_base_ = ['{base}/datasets/gta_to_cityscapes_512x512.py',
          '{base}/models/resnet50_pspnet.py',
          '{base}/methods/mean_teacher.py',
          '{FOLDER}/{stem}.py',
          '{base}/schedules/adamw_40k.py', '{base}/default_runtime.py']
model = dict(
    segmentor=_base_.segmentor,
    data_preprocessor=_base_.data_preprocessor,
    protocol=_base_.protocol)
''')
    cfg = Config.fromfile(str(path))
    assert cfg.model.type == 'MeanTeacher'
    assert MODELS.build(cfg.model.protocol).name == NAMES[stem]


def test_probabilities_of_a_binary_network_from_merged_probabilities():
    """Windows give the logit of the merged probability of class 1."""
    protocol = SlidingWindows(8, 4, 'shift', merge='softmax')
    shares = torch.tensor([[[.2, .9]]])
    probabilities = protocol.probabilities(shares.logit())
    torch.testing.assert_close(
        probabilities, torch.cat([1 - shares, shares]))
