"""The private names of other packages that are used still do what they did."""
import ast
import inspect
import re

import numpy as np
import pytest
import torch
from helpers import REPOSITORY
from mmengine.config import Config
from mmengine.hooks import CheckpointHook
from mmengine.optim import OptimWrapper
from mmengine.runner import IterBasedTrainLoop, Runner
from mmengine.utils import ManagerMeta
from mmseg.models.decode_heads import ASPPHead
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.segmentors import BaseSegmentor
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

DOCS = REPOSITORY / 'docs' / 'private_apis.md'
FILES = sorted([
    *(REPOSITORY / 'mmseg_fst').rglob('*.py'),
    *(REPOSITORY / 'tools').rglob('*.py')
])
#: Private by their underscore only: part of a documented interface.
DOCUMENTED = {'_replace', '_asdict', '_fields'}


def names_defined(tree):
    """Names that a file defines itself."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(
                node.ctx, ast.Store):
            if isinstance(node.value, ast.Name) and node.value.id == 'self':
                yield node.attr


def names_used(tree):
    """Private attributes and imports of a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)


def is_private(name):
    return name.startswith('_') and not name.startswith('__')


def listed():
    return set(re.findall(r'^\| `(\w+)` \|', DOCS.read_text(), re.M))


def used_from_others():
    trees = [ast.parse(path.read_text()) for path in FILES]
    own = {name for tree in trees for name in names_defined(tree)}
    used = {name for tree in trees for name in names_used(tree)}
    return {name for name in used - own if is_private(name)} - DOCUMENTED


def test_every_private_name_is_listed():
    assert used_from_others() <= listed()


def test_the_list_has_nothing_that_is_not_used():
    text = '\n'.join(path.read_text() for path in FILES)
    for name in listed():
        assert re.search(rf'\b{name}\b', text), name


def test_a_graph_outlives_a_change_in_place():
    weight = torch.ones(3, requires_grad=True)
    square = (weight * weight).sum()
    with torch.no_grad(), torch.autograd._unsafe_preserve_version_counter(
            weight):
        weight.add_(1)
        weight.sub_(1)
    square.backward()
    assert torch.equal(weight.grad, torch.full((3, ), 2.))
    square = (weight * weight).sum()
    with torch.no_grad():
        weight.add_(1)
    with pytest.raises(RuntimeError, match='modified by an inplace'):
        square.backward()


def test_lists_of_tensors_change_in_place():
    tensors = [torch.ones(2), torch.full((3, ), 2.)]
    first = tensors[0]
    torch._foreach_add_(tensors, [torch.ones(2), torch.ones(3)])
    torch._foreach_mul_(tensors, 3.)
    torch._foreach_mul_(tensors, [1., 2.])
    torch._foreach_sub_(tensors, [torch.ones(2), torch.ones(3)])
    torch._foreach_div_(tensors, 2)
    assert first.tolist() == [2.5, 2.5] and tensors[1].tolist() == [8.5] * 3
    double = torch._foreach_mul(tensors, torch.tensor(2.))
    assert double[0].tolist() == [5, 5] and first.tolist() == [2.5, 2.5]
    torch._foreach_copy_(tensors, double)
    assert first.tolist() == [5, 5]


def test_layers_of_torch():
    for layer in (nn.BatchNorm1d, nn.BatchNorm2d, nn.SyncBatchNorm):
        assert issubclass(layer, _BatchNorm)
    assert list(inspect.signature(nn.Conv2d._conv_forward).parameters) == [
        'self', 'input', 'weight', 'bias'
    ]
    first = list(
        inspect.signature(nn.Module._load_from_state_dict).parameters)
    assert first[:3] == ['self', 'state_dict', 'prefix']
    import torch._functorch.config
    assert isinstance(torch._functorch.config.donated_buffer, bool)


def test_numpy_names_what_pickles_name():
    multiarray = np._core.multiarray
    pickled = np.ones(2).__reduce__()
    assert pickled[0] is multiarray._reconstruct
    assert np.float64(1).__reduce__()[0] is multiarray.scalar


def test_configs_change_through_their_dict():
    cfg = Config(dict(a=dict(b=1)))
    cfg._cfg_dict['a']['b'] = 2
    assert cfg.a.b == 2


def test_runners_and_wrappers_of_mmengine():
    source = inspect.getsource(Runner.__init__)
    for name in ('_load_from', '_resume', '_train_loop'):
        assert f'self.{name} =' in source, name
    assert callable(Runner._init_model_weights)
    assert 'self._iter =' in inspect.getsource(IterBasedTrainLoop.__init__)
    assert isinstance(ManagerMeta('Some', (), {
        '__init__': lambda self, name='': None
    })._instance_dict, dict)
    weight = nn.Parameter(torch.ones(1))
    wrapper = OptimWrapper(torch.optim.SGD([weight], lr=.1),
                           accumulative_counts=2)
    assert wrapper._accumulative_counts == 2 and wrapper._inner_count == 0
    wrapper.update_params((weight * 1).sum())
    assert wrapper._inner_count == 1


def test_checkpoint_hook_saves_through_these():
    signature = inspect.signature(CheckpointHook._save_checkpoint_with_step)
    assert list(signature.parameters) == ['self', 'runner', 'step', 'meta']
    signature = inspect.signature(CheckpointHook._save_best_checkpoint)
    assert list(signature.parameters) == ['self', 'runner', 'metrics']
    assert '_save_checkpoint_with_step' in inspect.getsource(
        CheckpointHook._save_checkpoint)
    assert '_save_best_checkpoint' in inspect.getsource(
        CheckpointHook.after_val_epoch)


def test_heads_and_segmentors_of_mmseg():
    assert callable(BaseDecodeHead._transform_inputs)
    assert callable(ASPPHead._forward_feature)
    assert 'self._forward(' in inspect.getsource(BaseSegmentor.forward)
