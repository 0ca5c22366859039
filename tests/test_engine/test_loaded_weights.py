"""Weights that fit, fit in part, or fit nothing."""
import logging

import pytest
import torch
from mmengine.runner import load_checkpoint
from torch import nn

from mmseg_fst.engine import loaded_weights
from mmseg_fst.engine.loaded_weights import LoadCheck, Source, check_loads
from mmseg_fst.utils.checkpoint import ForeignCheckpoint


def network(classes=3):
    net = nn.Sequential()
    net.add_module('backbone', nn.Conv2d(3, 8, 3))
    net.add_module('head', nn.Conv2d(8, classes, 1))
    return net


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Function that loads a file into a module, and returns the log."""
    said = []
    monkeypatch.setattr(loaded_weights, 'print_log',
                        lambda text, *args: said.append((text, *args)))

    def run(module, content, key='load_from', resumed=False):
        path = str(tmp_path / 'a.pth')
        torch.save(content, path)
        check = LoadCheck(
            module, Source(path, key, resumed),
            {name: value.numel() for name, value in
             module.named_parameters()})
        load_checkpoint(module, path)
        check.remove()
        load_checkpoint(module, path)  # not checked
        return said

    return run


def test_weights_that_fit_pass_in_silence(load):
    assert not load(network(), network().state_dict())
    more = dict(network().state_dict(), fc=torch.zeros(3))
    assert not load(network(), more)


def test_another_head_is_named_in_a_warning(load):
    (text, _, level), = load(network(3), network(5).state_dict())
    assert level == logging.WARNING
    assert '2 of 4 parameters fit' in text and '2 have another shape' in text
    assert 'head.weight ([5, 8, 1, 1] in the file, [3, 8' in text


@pytest.mark.parametrize('rename, key, advice', [
    (lambda name: f'net.{name}', 'load_from', "additional prefix 'net.'"),
    (lambda name: f'net.{name}', 'backbone.init_cfg', "add prefix='net.'"),
    (lambda name: name.replace('backbone', 'a').replace('head', 'b'),
     'load_from', 'leave load_from out'),
])
def test_weights_of_other_names_are_refused(load, rename, key, advice):
    state = {rename(name): value
             for name, value in network().state_dict().items()}
    with pytest.raises(ValueError, match='0 of 4 parameters fit, 4 are missi'
                       r'ng \(backbone.weight, .*4 names of') as error:
        load(network(), state, key)
    assert advice in str(error.value)


def test_names_without_a_prefix_are_explained(load):
    method = nn.Module()
    method.student = network()
    with pytest.raises(ValueError, match='init_cfg.type=Pretrained'):
        load(method, network().state_dict())
    other = nn.Module()
    other.timm_model = network()
    with pytest.raises(ValueError, match="lack the prefix 'timm_model.'"):
        load(other, network().state_dict())


def test_a_nested_entry_is_named(load):
    with pytest.raises(ValueError, match="its entry 'ema'"):
        load(network(), dict(ema=network().state_dict(), step=3))


def test_a_resumed_checkpoint_needs_every_parameter(load):
    with pytest.raises(ForeignCheckpoint, match='cannot be resumed: 2 of 4'):
        load(network(3), network(5).state_dict(), resumed=True)


def test_teachers_are_not_needed():
    method = nn.Module()
    method.student, method.teacher = network(), network()
    source = Source('a.pth', 'load_from')
    check, = check_loads(method, source, list(method.student.parameters()))
    assert set(check.needed) == {
        f'student.{name}' for name, _ in network().named_parameters()}


def test_pretrained_backbones_are_checked():
    method = nn.Module()
    method.student = network()
    method.student.backbone.init_cfg = dict(
        type='Pretrained', checkpoint='b.pth')
    check, = check_loads(method, None, [])
    assert check.source == Source('b.pth', 'student.backbone.init_cfg')
    assert set(check.needed) == {'weight', 'bias'}


def test_a_part_of_a_larger_load_is_not_checked(load):
    """The check of the whole module counts it."""
    method = nn.Module()
    method.student, method.teacher = network(), network()
    check = LoadCheck(method.teacher, Source('b.pth', 'x'), dict(a=1))
    assert not load(method, method.state_dict())
    check.remove()
