"""The semi-supervised methods of the configs, on a small network."""
import torch
from helpers import REPOSITORY, build_model, make_batch, model_cfg, network_cfg
from mmengine.config import Config
from torch import nn

from mmseg_fst.models.losses import resize_logits

FOLDER = REPOSITORY / 'configs' / '_base_' / 'methods'
#: Confidence that some pixels of an untrained network have.
THRESHOLD = .14
# These need more than a batch of two sides, or train further networks: they
# have separate tests.
_OTHERS = ('ssl_ael', 'ssl_allspark', 'ssl_cac', 'ssl_cct', 'ssl_corrmatch',
           'ssl_ctt', 'ssl_dsbn', 'ssl_eln', 'ssl_gct', 'ssl_prevmatch',
           'ssl_ps_mt', 'ssl_reco', 'ssl_stpp', 'ssl_u2pl')
METHODS = [
    path.stem for path in sorted(FOLDER.glob('ssl_*.py'))
    if not path.stem.startswith(_OTHERS)
]


def method_cfg(name, dropout=0., **changes):
    """Config of a method on a small network, U2PL's mean of losses."""
    cfg = Config.fromfile(str(FOLDER / f'{name}.py')).model.to_dict()
    network = network_cfg(dropout)
    for head in ('decode_head', 'auxiliary_head'):
        network[head]['loss_decode']['avg_non_ignore'] = True
    if cfg['pseudo_labeler'].get('threshold'):  # nothing passes 0.95 untrained
        cfg['pseudo_labeler']['threshold'] = THRESHOLD
    return model_cfg(**{**cfg, 'segmentor': network, **changes})


def method(name, dropout=0., **changes):
    """A method of the configs on a small network."""
    model = build_model(method_cfg(name, dropout, **changes))
    perturb(model.student)  # some layers start with zeros
    if model.teacher is not None:
        perturb(model.teacher)
    return model.train()


def perturb(module):
    with torch.no_grad():
        for weight in module.parameters():
            weight.add_(torch.randn_like(weight) * .1)


def losses_of(model, seed=0):
    torch.manual_seed(seed)
    data = model.data_preprocessor(make_batch(again=True), True)
    return model(**data, mode='loss')


def batch_of(model):
    data = model.data_preprocessor(make_batch(again=True), True)
    label = torch.cat([
        sample.gt_sem_seg.data for sample in data['data_samples']['labeled']
    ])
    return data['inputs']['labeled'], label, data['inputs']['unlabeled']


def again_of(model):
    """Second crops of the unlabeled images."""
    data = model.data_preprocessor(make_batch(again=True), True)
    return data['inputs']['unlabeled_again']


def logits_of(network, image):
    return resize_logits(network(image), image.shape[2:], False)


def same(first, second):
    return {
        name: torch.equal(value, second[name])
        for name, value in first.items()
    }


class Brighter(nn.Module):
    """An augmentation that counts its calls."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, image, mean, std):
        self.calls += 1
        return image + 10 * self.calls
