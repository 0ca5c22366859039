"""Tiny data and runs whose images have any number of channels."""
import struct
from pathlib import Path

import cv2
import numpy as np
from helpers import NUM_CLASSES, REPOSITORY, network_cfg, random_label
from mmengine.config import Config
from PIL import Image

from mmseg_fst.utils.files import save_lines

SIZE = (32, 64)
METAINFO = dict(
    classes=[f'class {index}' for index in range(NUM_CLASSES)],
    palette=[[20 * index, 10, 255 - index] for index in range(NUM_CLASSES)])


def bands_of(rng, label, channels, high=255):
    """Values (H, W, C) up to ``high``; each class has a level per channel."""
    levels = rng.integers(0, 200, (256, channels))
    noise = rng.uniform(0, 55, (*label.shape, channels))
    return (levels[label] + noise) * high / 255


def save_image(path, image):
    """Write (H, W) or (H, W, C): PNG for 1 and 3 channels, else ``.npy``."""
    if path.suffix == '.npy':
        np.save(path, image)
    else:  # OpenCV wants BGR
        cv2.imwrite(str(path), image[..., ::-1] if image.ndim == 3 else image)


def make_channels(root, channels, dtype='uint8', high=255, count=4):
    """Write images, masks and lists of :class:`ListedDataset`."""
    rng, root = np.random.default_rng(0), Path(root)
    ending = '.png' if channels in (1, 3) else '.npy'
    for folder in ('images', 'labels'):
        (root / folder).mkdir(parents=True)
    for split in ('train', 'unlabeled', 'val'):
        lines = []
        for index in range(count):
            label = random_label(rng, SIZE)
            image = bands_of(rng, label, channels, high).astype(dtype)
            name = f'{split}_{index}'
            save_image(root / 'images' / (name + ending),
                       image[..., 0] if channels == 1 else image)
            Image.fromarray(label).save(root / 'labels' / f'{name}.png')
            lines.append(f'{name}{ending}\t{name}.png')
        save_lines(root / f'{split}.txt', lines)
    return root


def side_cfg(root, split, load, labeled=True, **metainfo):
    """Config of one list of :func:`make_channels`, whole images."""
    prefix = dict(img_path='images')
    pipeline = [load, dict(type='RandomFlip', prob=.5 * (split != 'val'))]
    if labeled:
        prefix['seg_map_path'] = 'labels'
        pipeline.insert(1, dict(type='LoadAnnotations'))
    return dict(
        type='ListedDataset',
        metainfo=dict(METAINFO, **metainfo),
        data_root=str(root),
        ann_file=f'{split}.txt',
        data_prefix=prefix,
        serialize_data=False,
        test_mode=split == 'val',
        pipeline=[*pipeline, dict(type='PackSegInputs')])


def method_of(name, count, **photometric):
    """The ``model`` of a base config of methods, on a tiny network."""
    file = REPOSITORY / 'configs' / '_base_' / 'methods' / f'{name}.py'
    base = Config.fromfile(str(file))
    model = base.model.to_dict()
    segmentor = network_cfg()
    segmentor['backbone']['in_channels'] = count
    model.update(
        segmentor=segmentor,
        data_preprocessor=dict(
            type='SelfTrainingDataPreProcessor',
            mean=[110. + index for index in range(count)],
            std=[60.] * count,
            bgr_to_rgb=True,
            size=SIZE))
    model['pseudo_labeler']['threshold'] = .1
    model['photometric'].update(photometric)
    return model


def run_cfg(root, work_dir, model, load, hooks, iters=3, **metainfo):
    """Config of a run with a validation and images of what is mixed."""
    # What `again` of a base of the method becomes.
    again = (dict(unlabeled_again='unlabeled')
             if model.get('paste') == 'again' else None)
    loader = dict(
        batch_size=1,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=side_cfg(root, 'val', load, **metainfo))
    metric = dict(type='IoUMetric', iou_metrics=['mIoU'])
    return Config(
        dict(
            default_scope='mmseg_fst',
            log_level='ERROR',
            randomness=dict(seed=0),
            work_dir=str(work_dir),
            model=model,
            train_dataloader=dict(
                batch_size=2,
                num_workers=0,
                sampler=dict(type='PairedSampler'),
                dataset=dict(
                    type='PairedDataset',
                    again=again,
                    labeled=side_cfg(root, 'train', load, **metainfo),
                    unlabeled=side_cfg(
                        root, 'unlabeled', load, labeled=False, **metainfo))),
            val_dataloader=loader,
            test_dataloader=loader,
            val_evaluator=metric,
            test_evaluator=metric,
            train_cfg=dict(
                type='IterBasedTrainLoop', max_iters=iters,
                val_interval=iters),
            val_cfg=dict(type='NetworksValLoop'),
            test_cfg=dict(type='NetworksTestLoop'),
            optim_wrapper=dict(
                optimizer=dict(type='AdamW', lr=1e-3)),
            custom_hooks=hooks,
            visualizer=dict(
                type='SegLocalVisualizer',
                vis_backends=[dict(type='LocalVisBackend')]),
            default_hooks=dict(
                logger=dict(type='LoggerHook', interval=1),
                checkpoint=dict(
                    type='AtomicCheckpointHook', interval=iters),
                mix_visualization=dict(
                    type='MixVisualizationHook', interval=iters),
                results=dict(type='ResultsHook'))))


def write_tiff(path, image, photometric=1):
    """Write (H, W, C) as an uncompressed TIFF, bands side by side."""
    height, width, count = image.shape
    data = np.ascontiguousarray(image).tobytes()
    bits = image.dtype.itemsize * 8
    end = 8 + len(data)
    tags = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, count, end),
            (259, 3, 1, 1), (262, 3, 1, photometric), (273, 4, 1, 8),
            (277, 3, 1, count), (278, 4, 1, height), (279, 4, 1, len(data))]
    if count <= 2:  # both fit into the entry itself
        tags[2] = (258, 3, count, bits * (65537 if count == 2 else 1))
    table = struct.pack('<H', len(tags)) + b''.join(
        struct.pack('<HHII', *tag) for tag in tags) + struct.pack('<I', 0)
    all_bits = struct.pack(f'<{count}H', *[bits] * count)
    Path(path).write_bytes(
        struct.pack('<2sHI', b'II', 42, end + len(all_bits)) + data +
        all_bits + table)
