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


def make_run(folder, model=None, steps=()):
    """Write config and checkpoint; student and teacher predict differently.

    Args:
        folder (Path): Folder to write to.
        model (dict, optional): Config of the model. Defaults to a model with
            a teacher.
        steps (Sequence[dict]): Steps of the test pipeline after loading.
    """
    folder.mkdir(parents=True, exist_ok=True)
    cfg = Config(
        dict(
            default_scope='mmseg_fst',
            model=model or model_cfg(),
            test_dataloader=dict(
                dataset=dict(
                    type='StreetsDataset',
                    pipeline=[
                        dict(type='LoadWholeImage'), *steps,
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
        dict(state_dict=built.state_dict(), meta=dict(dataset_meta=META)),
        folder / 'iter_4.pth')
    save_config(cfg, str(folder))
    return folder
