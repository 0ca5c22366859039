"""Exported networks compute what the original ones do."""
import json
import runpy
import sys

import pytest
import torch
from fake_run import META, binary_cfg, co_training_cfg, make_run
from helpers import REPOSITORY, model_cfg, network_cfg
from torch import nn

from mmseg_fst.apis import (
    ExportedNetwork,
    export_model,
    load_model,
    predict,
)
from mmseg_fst.use.export_metadata import export_metadata

SIZE = (64, 96)


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp('runs') / 'plain')


@pytest.fixture
def model(run):
    return load_model(str(run), 'cpu')


def dct_network():
    backbone = dict(
        type='DCTInput',
        backbone=dict(type='DCTMobileNetV2'),
        mean=[0.] * 64,
        std=[1.] * 64)
    head = network_cfg()['decode_head']
    return dict(
        type='EncoderDecoder',
        backbone=backbone,
        decode_head={**head, 'in_channels': 320, 'in_index': 3},
        test_cfg=dict(mode='whole'))


@torch.no_grad()
def test_logits_are_those_of_the_network(run):
    images = torch.rand(2, 3, *SIZE) * 255
    for name in ('student', 'teacher'):
        model = load_model(str(run), 'cpu', name)
        preprocessor = model.data_preprocessor
        normalized = (images - preprocessor.mean) / preprocessor.std
        expected = model.network().encode_decode(
            normalized, [dict(img_shape=SIZE)] * 2)
        assert expected.shape == (2, 11, *SIZE)
        torch.testing.assert_close(ExportedNetwork(model)(images), expected)
        torch.testing.assert_close(
            ExportedNetwork(model, normalize=False)(normalized), expected)


@torch.no_grad()
def test_logits_of_an_ensemble_are_of_mean_probabilities(tmp_path):
    run = make_run(tmp_path, co_training_cfg())
    images = torch.rand(2, 3, *SIZE) * 255
    mean = sum(
        ExportedNetwork(load_model(str(run), 'cpu', name))(images).softmax(1)
        for name in 'ab') / 2
    expected = ExportedNetwork(load_model(str(run), 'cpu'))(images).softmax(1)
    torch.testing.assert_close(expected, mean)


def test_a_student_of_dct_is_not_exported(tmp_path):
    run = make_run(tmp_path, co_training_cfg(a=network_cfg(), b=dct_network()))
    for name in ('b', 'ensemble'):
        with pytest.raises(ValueError, match='reads dct, .*out of a, b, ens'):
            ExportedNetwork(load_model(str(run), 'cpu', name))
    ExportedNetwork(load_model(str(run), 'cpu', 'a'))


def test_torch_export_of_any_size(model, tmp_path):
    path = tmp_path / 'a.pt2'
    checks = export_model(model, str(path), SIZE, dynamic=True)
    assert len({check.shape for check in checks}) == 2
    assert all(check.agreement > .999 for check in checks)
    images = torch.rand(1, 3, 80, 65) * 255
    actual = torch.export.load(path).module()(images)
    torch.testing.assert_close(actual, ExportedNetwork(model)(images))


def test_the_command_line(run, tmp_path, monkeypatch, capsys):
    path = tmp_path / 'a.pt2'
    words = ['export.py', run, '--out', path, '--size', *SIZE, '--normalized',
             '--network', 'teacher']
    monkeypatch.setattr('sys.argv', list(map(str, words)))
    runpy.run_path(
        str(REPOSITORY / 'tools' / 'export.py'), run_name='__main__')
    assert f'images (1, 3, {SIZE[0]}, {SIZE[1]})' in capsys.readouterr().out
    images = torch.rand(1, 3, *SIZE)
    expected = ExportedNetwork(
        load_model(str(run), 'cpu', 'teacher'), normalize=False)(images)
    torch.testing.assert_close(
        torch.export.load(path).module()(images), expected)


def test_a_file_says_what_a_program_has_to_know(model, tmp_path):
    path = tmp_path / 'a.pt2'
    export_model(model, str(path), SIZE)
    extra = {'metadata.json': ''}
    torch.export.load(path, extra_files=extra)
    found = json.loads(extra['metadata.json'])
    assert found['classes'] == META['classes']
    assert found['palette'] == META['palette']
    assert found['mean'] == pytest.approx([123.675, 116.28, 103.53])
    assert found['input'] == dict(
        name='images', layout='NCHW', dtype='float32', batch_size=1,
        channels=3, height=64, width=96, channel_order='RGB',
        value_range=[0, 255], stretch=None, normalized_inside=True)
    open_sizes = export_metadata(model, (2, 3, *SIZE), True, False)['input']
    assert open_sizes['height'] is None and open_sizes['batch_size'] is None
    assert open_sizes['value_range'] is None


@torch.no_grad()
def test_a_binary_network_has_two_logits(tmp_path):
    run = make_run(
        tmp_path / 'run', model_cfg(segmentor=binary_cfg(.3)),
        meta=dict(classes=['no', 'yes'], palette=[[0, 0, 0], [9, 9, 9]]))
    model = load_model(str(run), 'cpu')
    images = (torch.rand(1, 3, *SIZE) * 255).round()
    logits = ExportedNetwork(model)(images)
    assert logits.shape == (1, 2, *SIZE)
    pixels = images[0].movedim(0, 2).byte().numpy()
    expected = predict(model, pixels)[0].label
    assert 0 < expected.mean() < 1
    assert (logits.argmax(1)[0].numpy() == expected).mean() > .999
    path = tmp_path / 'a.pt2'
    export_model(model, str(path), SIZE)
    torch.testing.assert_close(
        torch.export.load(path).module()(images), logits)


@pytest.mark.parametrize('dynamic', [False, True])
def test_onnx(model, tmp_path, dynamic):
    for name in ('onnx', 'onnxscript', 'onnxruntime'):
        pytest.importorskip(
            name, reason=f'{name} is not installed: ONNX is not tested')
    import onnxruntime
    path = tmp_path / 'a.onnx'
    checks = export_model(model, str(path), SIZE, dynamic=dynamic)
    assert all(check.agreement > .99 for check in checks)
    assert [path.name for path in tmp_path.iterdir()] == ['a.onnx']
    session = onnxruntime.InferenceSession(str(path))
    properties = session.get_modelmeta().custom_metadata_map
    assert json.loads(properties['classes']) == META['classes']
    height = json.loads(properties['input'])['height']
    assert height == (None if dynamic else SIZE[0])
    images = torch.rand(1, 3, *((80, 65) if dynamic else SIZE)) * 255
    actual, = session.run(['logits'], dict(images=images.numpy()))
    torch.testing.assert_close(
        torch.from_numpy(actual), ExportedNetwork(model)(images),
        rtol=1e-3, atol=1e-3)


def test_a_file_that_differs_is_not_kept(model, tmp_path, monkeypatch):

    def write(network, images, path, dynamic):
        program = torch.export.export(nn.Conv2d(3, 11, 1).eval(), (images, ))
        torch.export.save(program, path)

    monkeypatch.setattr('mmseg_fst.use.export._write_program', write)
    with pytest.raises(ValueError, match='is not written: its logits differ'):
        export_model(model, str(tmp_path / 'a.pt2'), SIZE)
    assert not list(tmp_path.iterdir())


def test_a_failure_gives_its_first_cause_and_a_hint(model, tmp_path,
                                                    monkeypatch):

    def write(network, images, path, dynamic):
        try:
            raise RuntimeError('the first cause\nand much more')
        except RuntimeError as error:
            raise TypeError('words of the exporter') from error

    monkeypatch.setattr('mmseg_fst.use.export._write_program', write)
    with pytest.raises(ValueError, match=r'\(the first cause\)\. Try a fixed'):
        export_model(model, str(tmp_path / 'a.pt2'), SIZE, dynamic=True)
    assert not list(tmp_path.iterdir())


def test_missing_packages_are_named(model, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'onnxscript', None)
    monkeypatch.setitem(sys.modules, 'onnx', nn)
    with pytest.raises(ImportError, match=r'pip install onnx onnxscript'):
        export_model(model, str(tmp_path / 'a.onnx'), SIZE)


def test_other_formats_are_refused(model, tmp_path):
    with pytest.raises(ValueError, match=r"unknown format '.pb'.*\.onnx"):
        export_model(model, str(tmp_path / 'a.pb'), SIZE)
