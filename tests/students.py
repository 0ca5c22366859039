"""Co-training of small, different students."""
import torch
from helpers import network_cfg, preprocessor_cfg
from mmengine.config import ConfigDict

from mmseg_fst.registry import MODELS


def student_cfg(wide=False):
    """Config of a narrow or wide student, with losses over valid pixels."""
    network = network_cfg(dropout=0.)
    for name in ('decode_head', 'auxiliary_head'):
        network[name]['loss_decode']['avg_non_ignore'] = True
    if wide:
        network['decode_head'].update(channels=12, num_convs=2)
        network['auxiliary_head'] = None
    return network


def model_cfg(students, **changes):
    """Config of the segmentor, overridden by ``changes``."""
    return {
        **dict(
            type='CoTraining',
            students=students,
            data_preprocessor=preprocessor_cfg(),
            pseudo_labeler=dict(type='Threshold', threshold=0.),
            mixer=dict(type='NoMix')), **changes
    }


def co_training(names=('narrow', 'wide'), seed=0, double=False, **changes):
    """Build a model whose students differ in weights and architecture."""
    torch.manual_seed(seed)
    model = MODELS.build(ConfigDict(model_cfg({
        name: student_cfg(name.startswith('wide')) for name in names
    }, **changes)))
    model.init_weights()
    with torch.no_grad():
        for weight in model.student.parameters():
            weight.add_(torch.randn_like(weight) * .1)
    if model.teacher is not None:
        model.teacher.load_state_dict(model.student.state_dict())
    return (model.double() if double else model).train()
