"""Replay of recorded runs of the authors' programs through the real cells.

A record is a run of a peer's own training program with toy networks in
float64: batches, random choices, losses, learning rates and weights. The
model, its hook, optimizer and schedule are of a config of this
repository; only networks, data and random choices come from the record.
``README.md`` beside the records describes their fields.
"""
import re
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import timm
import torch
from cells import read_cell
from mmengine.config import ConfigDict
from mmengine.runner import Runner
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from timm.models.vision_transformer import VisionTransformer
from torch import nn
from torch.utils.data import Dataset

from mmseg_fst.models import CutMix, perturbations
from mmseg_fst.registry import MODELS

from .release import first

IGNORE = 255
#: Students of a record of co-training, in its order.
STUDENTS = ('mit', 'dct', 'rgb')


def load(path):
    """A record; numbers are stored in the smallest type that holds them."""

    def unpack(value):
        if isinstance(value, dict):
            return {key: unpack(each) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [unpack(each) for each in value]
        if isinstance(value, torch.Tensor):
            if value.dtype in (torch.bool, torch.float16):
                return value.double()
            return value.long() if value.dtype == torch.uint8 else value
        return value

    return unpack(torch.load(path, weights_only=True))


def shorten(path, out, iters=2, largest=24):
    """Write the first iterations of a record, and of its last weights those
    of few elements: each depends on all others."""

    def small(state):
        if isinstance(state, list):
            return [small(each) for each in state]
        return {key: value for key, value in state.items()
                if value.numel() <= largest}

    record = torch.load(path, weights_only=True)
    short = {key: record[key] for key in ('meta', 'init')}
    short['meta'] = dict(record['meta'], scheduled=len(record['iters']))
    for key in ('labeled', 'unlabeled', 'mix', 'iters'):
        if key in record:
            short[key] = record[key][:iters]
    states = ('model', 'models', 'ema')
    last = max(index for index, each in enumerate(short['iters'])
               if set(states) & set(each))
    unused = ['passes']
    if 'students' in short['meta']:
        unused.append('masks')
    if last == 0:
        unused.append('ema')  # a copy until then
    short['iters'] = [
        {key: small(value) if key in states else value
         for key, value in each.items()
         if key not in (*unused, *(states if index < last else ()))}
        for index, each in enumerate(short['iters'])
    ]
    torch.save(short, out)


# Networks.


@MODELS.register_module()
class PeerEncoder(nn.Module):
    """Four maps of strides 4, 4, 8 and 8, with 8, 6, 6 and 32 channels."""

    def __init__(self, inputs=3, strides=(2, 2, 1, 2, 1)):
        super().__init__()
        channels = inputs
        for name, width, stride in zip(('stem', 'l1', 'l2', 'l3', 'l4'),
                                       (6, 8, 6, 6, 32), strides):
            self.add_module(name, nn.Sequential(
                nn.Conv2d(channels, width, 3, stride, 1, bias=False),
                nn.BatchNorm2d(width), nn.ReLU()))
            channels = width

    def forward(self, image):
        maps, image = [], self.stem(image)
        for stage in (self.l1, self.l2, self.l3, self.l4):
            image = stage(image)
            maps.append(image)
        return maps


@MODELS.register_module()
class PeerDCTEncoder(PeerEncoder):
    """The same for maps of stride 4, which the record holds."""

    domain, domain_stride = 'dct', 4
    maps = []

    def __init__(self):
        super().__init__(16, (1, 1, 1, 2, 1))

    def to_domain(self, image):
        return self.maps.pop(0)


def deeplab(segmentor, meta):
    """The segmentor of a cell with toy widths, its decode head as it is."""
    head = dict(segmentor.decode_head)
    assert head['type'] == 'DeepLabV3PlusHead' and head['align_corners']
    head.update(
        in_channels=32, channels=4, c1_in_channels=8, c1_channels=6,
        num_classes=meta['nclass'],
        dilations=(1, *meta.get('dilations', (6, 12, 18))))
    return with_criterion(dict(
        type='EncoderDecoder', backbone=dict(type='PeerEncoder'),
        decode_head=head, test_cfg=segmentor.test_cfg), meta)


def dpt(segmentor, meta):
    """The same for DINOv2 and DPT."""
    backbone, head = dict(segmentor.backbone), dict(segmentor.decode_head)
    backbone.update(out_indices=[0, 1, 2, 3], init_cfg=None)
    head.update(
        in_channels=[24] * 4, stage_channels=[4, 5, 6, 7], channels=6,
        num_classes=meta['nclass'])
    return with_criterion(dict(
        type='EncoderDecoder', backbone=backbone, decode_head=head,
        test_cfg=segmentor.test_cfg), meta)


def with_criterion(segmentor, meta):
    """Thresholds of the record, where the cell selects hard pixels."""
    head = segmentor['decode_head']
    assert ('sampler' in head) == (meta['criterion']['name'] == 'OHEM')
    if 'sampler' in head:
        found = meta['criterion']['kwargs']  # for the batch of 3
        head['sampler'] = dict(
            head['sampler'], thresh=found['thresh'],
            min_kept=found['min_kept'] // 3)
    return segmentor


def small_transformer(meta):
    """A substitute for ``timm.create_model``."""

    def create(name, num_classes, in_chans, dynamic_img_size, drop_path_rate):
        assert 'dinov2' in name
        return VisionTransformer(
            img_size=14 * meta['grid'], patch_size=14, embed_dim=24, depth=4,
            num_heads=3, init_values=1., num_classes=num_classes,
            in_chans=in_chans, dynamic_img_size=dynamic_img_size,
            drop_path_rate=drop_path_rate)

    return create


def rename(state):
    """From the names of a peer's network to names here."""
    done = {}
    for name, value in state.items():
        part, _, rest = name.replace('head.', '').partition('.')
        if name == 'backbone.mask_token':
            continue  # not used in supervised training
        if part in ('corr', 'proj'):
            done[f'auxiliary.correlation_head.{rename_correlation(part, rest)}'
                 ] = value
            continue
        if name.startswith('backbone.'):
            done[f'backbone.{name[9:]}'] = value
        elif name.startswith('decoder.'):
            if 'fuse.conv' in name:  # the coarsest map is first
                value = torch.cat(value.chunk(4, 1)[::-1], 1)
            done[rename_allspark(name)] = value
        elif part in ('projects', 'resize_layers', 'scratch'):
            new = rename_dpt(part, rest)
            if new:
                done[f'decode_head.{new}'] = value
        else:
            if part == 'project' and value.dim() == 4 and (
                    rest.startswith('0.')):
                # Pooled features are last; in MMSegmentation first.
                pooled = value.shape[1] // 5
                value = torch.cat(
                    [value[:, -pooled:], value[:, :-pooled]], 1)
            done[f'decode_head.{rename_deeplab(part, rest)}'] = value
    if any(key.startswith('decode_head.projects') for key in done):
        done = {key.replace('backbone.', 'backbone.timm_model.', 1): value
                for key, value in done.items()}
    return done


def rename_deeplab(part, rest):
    """Name of a weight of DeepLabV3+."""
    if part == 'classifier':
        return f'conv_seg.{rest}'
    if part == 'b4':
        part, rest = 'pool', str(int(rest[4]) - 1) + rest[5:]  # gap.1., gap.2.
    index, _, rest = rest.partition('.')
    module = dict(
        b0='aspp_modules.0', b1='aspp_modules.1', b2='aspp_modules.2',
        b3='aspp_modules.3', pool='image_pool.1', project='bottleneck',
        reduce='c1_bottleneck',
        fuse=f'fuse.{0 if int(index) < 3 else 2}')[part]
    return f'{module}.{("conv", "bn")[int(index) % 3]}.{rest}'


def rename_allspark(name):
    """Name of a weight of the decoder of AllSpark."""
    for old, new in (
            ('decoder.decoder.', 'decode_head.'),
            ('decoder.allspark.', 'neck.'),
            ('attn_norm', 'norm_in'), ('encoder_norm', 'norm_out'),
            ('attn.queue_ptr', 'memory.position'),
            ('attn.kv_queue', 'memory.queue'),
            ('linear_fuse', 'fuse_layer'), ('linear_pred', 'conv_seg')):
        name = name.replace(old, new)
    name = re.sub(r'linear_c(\d)', lambda found: (
        f'embed_layers.{int(found[1]) - 1}'), name)
    return re.sub(r'attn\.(\w+?)_(u|l2u)\.', lambda found: '.'.join([
        dict(u='self', l2u='cross')[found[2]] + '_attention',
        dict(q='query', k='key', v='value', out='out')[found[1]], '']), name)


def rename_correlation(part, rest):
    """Name of a weight of CorrMatch beside the student."""
    if part == 'proj':
        return f'project.{rest}'
    return rest.replace('conv1', 'query').replace('conv2', 'key')


def rename_dpt(part, rest):
    """Name of a weight of DPT; an empty string where there is none."""
    if part != 'scratch':
        return f'{part}.{rest}'
    module, _, rest = rest.partition('.')
    if module.startswith('layer'):
        return f'reduce_layers.{int(module[5]) - 1}.{rest}'
    if module == 'output_conv':
        return f'output_conv.{rest}' if rest[0] == '0' else (
            f'conv_seg.{rest[2:]}')
    index = int(module[-1]) - 1
    if index == 3 and rest.startswith('resConfUnit1'):
        return ''  # there is nothing to add at the coarsest level
    for old, new in (('resConfUnit1', 'refine_input'),
                     ('resConfUnit2', 'refine_sum'), ('conv1', 'convs.1'),
                     ('conv2', 'convs.3'), ('out_conv', 'project')):
        rest = rest.replace(old, new)
    return f'fusion_blocks.{index}.{rest}'


# Random choices.


@MODELS.register_module()
class RecordedPhotometric(nn.Module):
    """Strong views in the order in which they are asked for."""

    def __init__(self, views):
        super().__init__()
        self.views = list(views)

    def forward(self, image, mean, std):
        return self.views.pop(0)


@MODELS.register_module()
class RecordedBoxes(CutMix):
    """Boxes, and permutations of the batch if there are any."""

    def __init__(self, boxes, order=(), **kwargs):
        super().__init__(**kwargs)
        self.boxes, self.order = list(boxes), list(order)

    def sample_boxes(self, count, height, width):
        mask = self.boxes.pop(0).bool()
        assert mask.shape == (count, height, width)
        return torch.tensor([corners(each) for each in mask])

    def partners(self, count):
        return self.order.pop(0) if self.order else super().partners(count)


@MODELS.register_module()
class RecordedChannels(nn.Module):
    """Factors of the channels of the first and the last feature map."""

    def __init__(self, masks):
        super().__init__()
        self.masks = list(masks)

    def forward(self, features):
        (early, late), count = self.masks.pop(0), len(features[0])
        # Labeled images come first.
        return [features[0] * early[-count:, :, None, None], *features[1:-1],
                features[-1] * late[-count:, :, None, None]]


class RecordedNumbers:
    """PyTorch with the random numbers of complementary dropout."""

    def __init__(self, record):
        self.orders = [order for each in record['iters']
                       for order in each['kept']]
        self.masks = [mask for each in record['iters']
                      for mask in each['masks']]

    def __getattr__(self, name):
        return getattr(torch, name)

    def randperm(self, count):
        return self.orders.pop(0)

    def rand(self, *shape):
        mask = self.masks.pop(0)
        assert mask.shape == shape
        return .75 - .5 * mask


def corners(mask):
    """Left, top, right and bottom of a box; zeros if there is none."""
    if not mask.any():
        return 0, 0, 0, 0
    rows, columns = mask.any(1).nonzero(), mask.any(0).nonzero()
    box = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1,
           int(rows[-1]) + 1)
    assert mask.sum() == (box[2] - box[0]) * (box[3] - box[1])
    return box


# Data.


class RecordedBatches(Dataset):
    """A batch of each iteration: images, labels and padding by side."""

    def __init__(self, batches, classes):
        self.batches = batches
        self.metainfo = dict(classes=tuple(map(str, range(classes))))

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        return {
            name: dict(inputs=list(image), data_samples=[
                self.sample(each) for each in other])
            for name, (image, other) in self.batches[index].items()
        }

    @staticmethod
    def sample(label):
        """Of a label, or of a map that is 255 in padding and 0 elsewhere."""
        sample = SegDataSample()
        sample.gt_sem_seg = PixelData(data=label.long()[None])
        if set(label.unique().tolist()) <= {0, IGNORE}:
            left, top, right, bottom = corners(label != IGNORE)
            height, width = label.shape
            sample.set_metainfo(dict(
                img_shape=(bottom - top, right - left),
                padding_size=(left, width - right, top, height - bottom)))
        return sample


def stack(data, training):
    """In place of the data preprocessor, in double precision."""
    return dict(
        inputs={name: torch.stack(side['inputs']).double()
                for name, side in data.items()},
        data_samples={name: side['data_samples']
                      for name, side in data.items()})


# Replay.


class Replay(NamedTuple):
    """What a replay has logged, by iteration."""
    record: dict
    losses: list
    rates: list
    states: list  # of the student, and of the teacher if there is one
    labels: list


def cell_of(meta):
    """The config whose method, at full size, the record is a run of."""
    data, where = (('voc', '92') if meta['criterion']['name'] == 'CELoss' else
                   ('cityscapes', '186'))
    if 'students' in meta:
        networks = 'voc-stpp_321_r50-b2' if data == 'voc' else (
            'cityscapes-stpp_769_r101-b3')
        return f'co_training/{networks}_{meta["students"]}-cps@{where}'
    networks = dict(
        unimatch_v2='dinov2-b-dpt', allspark='mit-b5-segformer').get(
            meta['script'], 'resnet101-deeplabv3plus')
    name = meta['script'].replace('_', '-')
    return f'ssl/{data}-stpp_{networks}_{name}@{where}'


def single_model(record, model):
    """Fill in the model of UniMatch, its edits and random choices."""
    meta, edit = record['meta'], record['meta']['edit']
    released = meta['script'] == 'unimatch_v2'
    network = dpt if released else deeplab
    model.segmentor = ConfigDict(network(model.segmentor, meta))
    views = (1, ) if meta['script'] in ('fixmatch', 'corrmatch') else (1, 2)
    # What of the authors' program was changed goes by the former options.
    if 'train-labels' in edit:
        model.update(paste='batch', mixer=dict(model.mixer, source='flip'))
    if 'fp-unlabeled' in edit:
        model.perturbed_images = 'unlabeled'
    if 'joint-mean' in edit:
        model.mean_over = 'batch'
    sources = [record['unlabeled']]
    if model.get('paste') == 'again':
        sources.append(record['mix'])
    model.photometric = dict(type='RecordedPhotometric', views=[
        source[index][view] for index in range(len(record['iters']))
        for view in views for source in sources])
    model.mixer = dict(
        type='RecordedBoxes', source=model.mixer.get('source', 'flip'),
        boxes=[each[3 + view] for each in record['unlabeled']
               for view in views])
    if meta['script'] in ('unimatch', 'prevmatch', 'corrmatch'):
        assert model.perturbation == dict(type='ChannelDropout', prob=.5)
        model.perturbation = dict(
            type='RecordedChannels',
            masks=[each['masks'] for each in record['iters']])
    batches = [dict(labeled=labeled, unlabeled=(unlabeled[0], unlabeled[3]))
               for labeled, unlabeled in zip(
                   record['labeled'], record['unlabeled'])]
    for batch, source in zip(batches, sources[1] if sources[1:] else ()):
        batch['unlabeled_again'] = source[0], source[3]
    return rename(record['init']), batches


def several_models(record, model):
    """Fill in the model of co-training and its random choices."""
    meta, unlabeled = record['meta'], record['unlabeled']
    names = STUDENTS[:meta['students']]
    assert set(model.students) == set(names)
    for name in names:
        students = model.students[name]
        head = dict(model.students.dct.decode_head)
        head.update(loss_decode=students.decode_head.loss_decode)
        assert students.decode_head.align_corners
        network = deeplab(ConfigDict(
            decode_head=head, test_cfg=students.test_cfg), meta)
        if name == 'dct':
            network['backbone'] = dict(type='PeerDCTEncoder')
        model.students[name] = ConfigDict(network)
    # The first view is of the domain of the first student; the second one
    # becomes maps that the record holds.
    model.photometric = dict(type='RecordedPhotometric', views=[
        view for each in unlabeled for view in (each[1], each[0])])
    model.mixer = dict(
        type='RecordedBoxes', boxes=[each[6] for each in unlabeled],
        order=[each['index'] for each in record['iters']])
    PeerDCTEncoder.maps = [
        maps for labeled, each in zip(record['labeled'], unlabeled)
        for maps in (torch.cat([labeled[0], each[2]]), each[3])
    ]
    init = {
        f'{name}.{key}': value
        for name, state in zip(names, record['init'])
        for key, value in rename(state).items()
    }
    return init, [
        dict(labeled=labeled[1:3], unlabeled=(each[0], each[4]))
        for labeled, each in zip(record['labeled'], unlabeled)
    ]


def replay(path, monkeypatch, changes=None, hooks=None, fill=None):
    """Train the model of the cell on a record.

    Args:
        path (Path): The record.
        monkeypatch (pytest.MonkeyPatch): For random numbers.
        changes (dict, optional): Options by dotted key that differ from what
            the record asks for. Defaults to None.
        hooks (list, optional): In place of the hooks of the cell. Defaults to
            None: those.
        fill (Callable, optional): Fills in the model of a record, in place
            of :func:`single_model`. Defaults to None.
    """
    record = load(path)
    meta, count = record['meta'], len(record['iters'])
    cfg = read_cell(cell_of(meta))
    cfg.model.pop('protocol')
    several = 'students' in meta
    init, batches = (
        fill or (several_models if several else single_model))(
            record, cfg.model)
    cfg.model.pseudo_labeler.threshold = meta['thr']
    if 'grid' in meta:
        monkeypatch.setattr(timm, 'create_model', small_transformer(meta))
        monkeypatch.setattr(
            perturbations, 'torch', RecordedNumbers(record))
    cfg.merge_from_dict(changes or {})
    optim = cfg.optim_wrapper
    optim.optimizer.lr = meta['lr']
    assert optim.paramwise_cfg.custom_keys.head.lr_mult == meta['lr_multi']
    schedule, = cfg.param_scheduler
    schedule.end = schedule.begin + meta.get('scheduled', count) + 1
    runner = Runner(
        model=cfg.model,
        work_dir=tempfile.mkdtemp(),
        train_dataloader=dict(
            batch_size=1, num_workers=0, collate_fn=first,
            dataset=RecordedBatches(batches, meta['nclass']),
            sampler=dict(type='DefaultSampler', shuffle=False)),
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=count),
        optim_wrapper=optim,
        param_scheduler=[schedule],
        custom_hooks=cfg.get('custom_hooks', []) if hooks is None else hooks,
        default_hooks=dict(checkpoint=dict(
            type='CheckpointHook', by_epoch=False, interval=10**6,
            save_last=False)),
        default_scope='mmseg_fst',
        log_level='ERROR',
        experiment_name=f'peer_{tempfile.mktemp()[-8:]}')
    model = runner.model.double()
    model.data_preprocessor.forward = stack
    model.student.load_state_dict({
        name: value for name, value in init.items()
        if not name.startswith('auxiliary.')})
    model.auxiliary.load_state_dict({
        name.removeprefix('auxiliary.'): value for name, value in init.items()
        if name.startswith('auxiliary.')})
    model.init_weights = lambda: None
    found = Replay(record, [], [], [], [])
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        record_steps(runner, model, found)
        runner.train()
    finally:
        torch.set_default_dtype(default)
    return found, init


def record_steps(runner, model, found):
    """Note what each iteration of a runner uses and ends with."""
    step, after = model.train_step, runner.call_hook

    def train_step(data, optim_wrapper):
        groups = runner.optim_wrapper.param_groups
        if isinstance(groups, dict):
            groups = [group for each in groups.values() for group in each]
        found.rates.append(sorted({group['lr'] for group in groups}))
        losses = step(data, optim_wrapper)
        found.losses.append(
            {name: value.item() for name, value in losses.items()})
        return losses

    def call_hook(name, **kwargs):
        after(name, **kwargs)
        if name == 'after_train_iter':
            states = [dict(
                model.student.state_dict(),
                **model.auxiliary.state_dict(prefix='auxiliary.'))]
            if model.teacher is not None:
                states.append(model.teacher.state_dict())
            found.states.append([
                {key: value.clone() for key, value in state.items()}
                for state in states])
            found.labels.append(model.pseudo_label)

    model.train_step, runner.call_hook = train_step, call_hook


def expected_losses(record, index):
    """Losses of an iteration of a record, by our names and weights."""
    meta, values = record['meta'], record['iters'][index]
    if 'students' in meta:
        names, losses = STUDENTS[:meta['students']], values['losses']
        return {
            f'{name}.{part}.decode.loss_ce':
            losses[f'loss_{key}{number}'] / len(names)
            for number, name in enumerate(names, 1)
            for part, key in (('labeled', 'x'), ('mixed', 'u_s'))
        }
    scalars = values['scalars']
    if meta['script'] == 'prevmatch':
        return losses_of_prevmatch(meta, index, scalars)
    if meta['script'] == 'allspark':
        return {f'{part}.decode.loss_ce': .5 * scalars[f'loss_{key}']
                for part, key in (('labeled', 'x'), ('unlabeled', 'u'))}
    if meta['script'] == 'corrmatch':
        return losses_of_corrmatch(scalars)
    whole = .5 if meta['script'] != 'unimatch' else .25
    parts = dict(labeled=.5 * scalars['loss_x'],
                 mixed=whole * scalars['loss_s'])
    if meta['script'] == 'unimatch':
        parts['perturbed'] = .25 * scalars['loss_w_fp']
    return {f'{part}.decode.loss_ce': value for part, value in parts.items()}


def losses_of_prevmatch(meta, index, scalars):
    """The same of PrevMatch, an epoch of which is an iteration."""
    ramp = 0.
    if 'Loss s_prev' in scalars:
        ramp = 1 - abs(2 * index / meta['epochs'] - 1)
    parts = dict(
        labeled=scalars['Loss x'], mixed=.5 * scalars['Loss s'],
        perturbed=.5 * scalars['Loss w_fp'])
    if ramp:
        parts['mixed_previous'] = .5 * ramp * scalars['Loss s_prev']
        parts['perturbed_previous'] = .5 * ramp * scalars['Loss w_fp_prev']
    return {f'{part}.decode.loss_ce': value / (2 + ramp)
            for part, value in parts.items()}


def losses_of_corrmatch(scalars):
    """The same of CorrMatch, whose sum is half of its weighted terms."""
    terms = dict(
        labeled=('decode.loss_ce', .5, 'loss_x'),
        labeled_correlated=('loss_ce', .5, 'loss_x_corr'),
        mixed=('decode.loss_ce', .25, 'loss_u_s1'),
        soft=('loss_kl', .25, 'loss_u_kl'),
        perturbed=('decode.loss_ce', .25, 'loss_u_w_fp'),
        mixed_correlated=('loss_ce', .125, 'loss_u_corr_s1'),
        weak_correlated=('loss_ce', .125, 'loss_u_corr_w'))
    return {f'{part}.{name}': weight * scalars[key] / 2
            for part, (name, weight, key) in terms.items()}


def expected_states(record, index):
    """Weights after an iteration, of student and teacher; maybe none."""
    values = record['iters'][index]
    if 'models' in values:
        names = STUDENTS[:record['meta']['students']]
        return [{
            f'{name}.{key}': value
            for name, state in zip(names, values['models'])
            for key, value in rename(state).items()
        }]
    return [rename(values[key]) for key in ('model', 'ema') if key in values]


if __name__ == '__main__':
    shorten(Path(sys.argv[1]), Path(sys.argv[2]),
            largest=int(sys.argv[3]) if sys.argv[3:] else 24)
