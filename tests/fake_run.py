"""A run folder of an untrained model."""
import torch
from helpers import (
    NUM_CLASSES,
    build_model,
    model_cfg,
    network_cfg,
    preprocessor_cfg,
)
from mmengine.config import Config

from mmseg_fst.apis import save_config

META = dict(
    classes=[f'class {i}' for i in range(NUM_CLASSES)],
    palette=[[i, 10 * i, 255 - i] for i in range(NUM_CLASSES)])


def co_training_cfg(**students):
    """Config of co-training, by default of students a and b."""
    return dict(
        type='CoTraining',
        students=students or dict(a=network_cfg(), b=network_cfg()),
        data_preprocessor=preprocessor_cfg(),
        pseudo_labeler=dict(type='Threshold', threshold=.5),
        mixer=dict(type='CutMix'))


def binary_cfg(threshold):
    """A network of one channel for two classes."""
    cfg = network_cfg(auxiliary=False)
    cfg['decode_head'].update(
        num_classes=2, out_channels=1, threshold=threshold,
        loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=True))
    return cfg


def make_run(folder, model=None, steps=(), loader=None, meta=None,
             native_size=None):
    """Write config and checkpoint; student and teacher predict differently.

    Args:
        folder (Path): Folder to write to.
        model (dict, optional): Config of the model. Defaults to a model with
            a teacher.
        steps (Sequence[dict]): Steps of the test pipeline after loading.
        loader (dict, optional): The step that loads images.
        meta (dict, optional): Classes and palette. Defaults to ``META``.
        native_size (tuple, optional): Size of the training images.
    """
    folder.mkdir(parents=True, exist_ok=True)
    cfg = Config(
        dict(
            default_scope='mmseg_fst',
            model=model or model_cfg(),
            native_size=native_size,
            test_dataloader=dict(
                dataset=dict(
                    type='StreetsDataset',
                    pipeline=[
                        loader or dict(type='LoadWholeImage'), *steps,
                        dict(type='LoadAnnotations'),
                        dict(type='PackSegInputs')
                    ]))))
    built = build_model(cfg.model.to_dict())
    generator = torch.Generator().manual_seed(1)
    for name, value in built.named_parameters():
        # A large variance, so that no class is predicted everywhere.
        if 'conv_seg' in name:
            with torch.no_grad():
                value.normal_(generator=generator)
    torch.save(
        dict(
            state_dict=built.state_dict(),
            meta=dict(dataset_meta=meta or META)),
        folder / 'iter_4.pth')
    save_config(cfg, str(folder))
    return folder
