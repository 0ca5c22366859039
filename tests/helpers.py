"""Tiny data, networks and batches shared by the tests."""
import importlib.util
import sys
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from mmengine.config import ConfigDict
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from PIL import Image

REPOSITORY = Path(__file__).resolve().parents[1]
NUM_CLASSES = 11
IGNORE = 255
FIXTURES = REPOSITORY.parent / 'shared' / 'fixtures'
PYTHON = sys.executable


def load_tool(name):
    """Import a program by its path under ``tools``."""
    path = REPOSITORY / 'tools' / name
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def plain_configs():
    """Write configs without formatting.

    mmengine formats a config about twenty times in a run, which takes most of
    the time of a short run.
    """
    from mmseg_fst.utils.formatter import import_formatter
    import_formatter()
    with mock.patch('yapf.yapflib.yapf_api.FormatCode',
                    lambda code, **options: (code, False)):
        yield


def random_label(rng, size=(32, 64), num_classes=NUM_CLASSES):
    """Make a label map of blocks of 8 pixels, a tenth of them ignored."""
    height, width = size
    blocks = rng.integers(0, num_classes, (-(-height // 8), -(-width // 8)))
    blocks[rng.random(blocks.shape) < .1] = IGNORE
    label = blocks.repeat(8, 0).repeat(8, 1)[:height, :width]
    return label.astype(np.uint8)


def image_of(rng, label):
    """Make an RGB image with a gray value for each class, and noise."""
    noise = rng.integers(0, 40, (*label.shape, 3))
    return ((label[..., None] * 19 % 215) + noise).astype(np.uint8)


def save_pair(rng, image_path, label_path, size=(32, 64),
              num_classes=NUM_CLASSES):
    """Write a random image and its label; either path may be None."""
    label = random_label(rng, size, num_classes)
    for path, array in ((image_path, image_of(rng, label)),
                        (label_path, label)):
        if path is not None:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(path)
    return label


def make_streets(root, train=4, val=2, size=(32, 64), seed=0,
                 target_labels=False):
    """Write both domains in the layout of ``StreetsDataset``.

    The camera domain has training labels only with ``target_labels``.
    """
    rng = np.random.default_rng(seed)
    root = Path(root)
    for domain in ('rendered', 'camera'):
        for split, count in (('train', train), ('val', val)):
            labeled = target_labels or (domain, split) != ('camera', 'train')
            for i in range(count):
                name = f'{split}_{i:03d}'
                save_pair(
                    rng, root / domain / 'leftImg8bit' / split /
                    f'{name}_leftImg8bit.jpg',
                    root / domain / 'gtFine' / split /
                    f'{name}_gtFine_labelTrainIds.png' if labeled else None,
                    size)
    return root


def make_camvid(root, train=4, val=2, size=(32, 64), seed=0,
                num_classes=NUM_CLASSES):
    """Write one domain in the layout of ``CamVidDataset``."""
    rng = np.random.default_rng(seed)
    root = Path(root)
    (root / 'splits').mkdir(parents=True, exist_ok=True)
    for split, count in (('train', train), ('val', val)):
        names = [f'{split}_{i:03d}' for i in range(count)]
        for name in names:
            save_pair(rng, root / 'images' / f'{name}.jpg',
                      root / 'labels' / f'{name}.png', size, num_classes)
        (root / 'splits' / f'{split}.txt').write_text('\n'.join(names) + '\n')
    return root


def streets_cfg(root, domain='rendered', labeled=True, split='train',
                **kwargs):
    """Config of one domain of :func:`make_streets`, whole images."""
    prefix = dict(img_path=f'leftImg8bit/{split}')
    pipeline = [dict(type='LoadWholeImage')]
    if labeled:
        prefix['seg_map_path'] = f'gtFine/{split}'
        pipeline.append(dict(type='LoadAnnotations'))
    pipeline.append(dict(type='PackSegInputs'))
    cfg = dict(
        type='StreetsDataset',
        data_root=str(Path(root) / domain),
        data_prefix=prefix,
        pipeline=pipeline,
        serialize_data=False)  # its garbage collection takes half a second
    return {**cfg, **kwargs}


def paired_cfg(root, **kwargs):
    """Config of a ``PairedDataset`` on :func:`make_streets`."""
    return dict(
        type='PairedDataset',
        sides=dict(
            labeled=streets_cfg(root),
            unlabeled=streets_cfg(root, 'camera', labeled=False)),
        **kwargs)


def pair_index(labeled, unlabeled, seed):
    """Index of a ``PairedDataset`` with two sides."""
    from mmseg_fst.datasets.samplers import PairIndex
    return PairIndex(dict(labeled=labeled, unlabeled=unlabeled), seed)


def network_cfg(dropout=0.1, auxiliary=True):
    """Config of an ``EncoderDecoder`` of about 20 000 parameters."""
    norm_cfg = dict(type='BN', requires_grad=True)
    head = dict(
        type='FCNHead',
        num_convs=1,
        channels=8,
        concat_input=False,
        dropout_ratio=dropout,
        num_classes=NUM_CLASSES,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss'))
    auxiliary_head = {
        **head, 'in_channels': 16, 'in_index': 2,
        'loss_decode': dict(type='CrossEntropyLoss', loss_weight=0.4)
    }
    return dict(
        type='EncoderDecoder',
        backbone=dict(
            type='ResNetV1c',
            depth=18,
            stem_channels=4,
            base_channels=4,
            strides=(1, 2, 1, 1),
            dilations=(1, 1, 2, 4),
            out_indices=(0, 1, 2, 3),
            norm_cfg=norm_cfg,
            contract_dilation=True),
        decode_head={**head, 'in_channels': 32, 'in_index': 3},
        auxiliary_head=auxiliary_head if auxiliary else None,
        test_cfg=dict(mode='whole'))


def preprocessor_cfg(size=(32, 64)):
    """Config of the data preprocessor, with ImageNet's statistics."""
    return dict(
        type='SelfTrainingDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_val=0,
        seg_pad_val=IGNORE,
        size=size)


def model_cfg(labels_only=False, dropout=0.1, auxiliary=True, size=(32, 64),
              **kwargs):
    """Config of a ``MeanTeacher``, or of ``Supervised`` training."""
    cfg = dict(
        type='Supervised' if labels_only else 'MeanTeacher',
        segmentor=network_cfg(dropout, auxiliary),
        data_preprocessor=preprocessor_cfg(size))
    if not labels_only:
        # No pixel of an untrained teacher is more confident than 0.968.
        cfg.update(
            pseudo_labeler=dict(type='ConfidentRatio', threshold=0.1),
            mixer=dict(type='ClassMix'))
    return {**cfg, **kwargs}


def build_model(cfg=None, seed=0):
    """Build and initialize a model; the teacher starts as a copy."""
    from mmseg_fst.registry import MODELS
    torch.manual_seed(seed)
    model = MODELS.build(ConfigDict(cfg or model_cfg()))
    model.init_weights()
    for teacher, student in model.teacher_pairs():
        teacher.load_state_dict(student.state_dict())
    return model


def branch(rng, count=2, size=(32, 64), labeled=True):
    """Make one side of a batch, as collated by ``pseudo_collate``."""
    inputs, samples = [], []
    for _ in range(count):
        label = random_label(rng, size)
        image = image_of(rng, label)
        inputs.append(torch.from_numpy(image.transpose(2, 0, 1).copy()))
        sample = SegDataSample(
            metainfo=dict(img_shape=size, ori_shape=size, img_path='none'))
        if labeled:
            sample.gt_sem_seg = PixelData(
                data=torch.from_numpy(label.astype(np.int64))[None])
        samples.append(sample)
    return dict(inputs=inputs, data_samples=samples)


def make_batch(count=2, size=(32, 64), seed=0, unlabeled=True, again=False):
    """Make a training batch of ``PairedDataset``, not yet preprocessed."""
    rng = np.random.default_rng(seed)
    batch = dict(labeled=branch(rng, count, size))
    if unlabeled:
        batch['unlabeled'] = branch(rng, count, size, labeled=False)
    if again:
        batch['unlabeled_again'] = branch(rng, count, size, labeled=False)
    return batch
