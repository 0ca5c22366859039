r"""Convert checkpoints of the releases of FST, DAFormer and U2PL.

    python tools/model_converters/release_to_mmseg_fst.py latest.pth \
        work_dirs/released/NAME --config configs/uda/CONFIG.py
    python tools/model_converters/release_to_mmseg_fst.py ckpt_best.pth \
        work_dirs/released/NAME --config configs/ssl/CONFIG.py
    sh test.sh work_dirs/released/NAME

The releases for domain adaptation use mmcv 1.x and store at least three
networks in a file. The student (`model.`), the teacher (`ema_model.`) and the
encoder of the ImageNet model (`imnet_model.backbone.`) are converted; decode
heads have the same names in mmseg_fst. The semi-supervised part of FST and
U2PL store the student (`model_state`) and the teacher (`teacher_state`). The
release is recognized by the names in the file. The config must have the same
encoder and decode head. Its data set is only needed for testing.
"""
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Optional

from mmengine.config import Config
from torch import Tensor, nn

from mmseg_fst.run.run_config import read_config
from mmseg_fst.utils.checkpoint import read_checkpoint

from . import mit_to_mmseg, u2pl_to_mmseg
from .network import (
    Weights,
    build_shapes,
    check_fit,
)
from .shell import (
    base_parser,
    clear_errors,
    save,
)

# Temporary copies of the look-ahead of FST.
DROPPED = ('pre_model.', 'tmp_model.')
DEFAULT_ITERATION = 40000


def part(weights: Mapping[str, Tensor], prefix: str) -> Weights:
    """Select the weights with a prefix, and remove the prefix.

    Args:
        weights (dict[str, Tensor]): State dict.
        prefix (str): The prefix.

    Returns:
        dict[str, Tensor]: State dict; empty if no name has the prefix.
    """
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in weights.items() if name.startswith(prefix)
    }


def convert_network(weights: Mapping[str, Tensor]) -> Weights:
    """Rename the weights of one ``EncoderDecoder``.

    The releases use ResNet, Swin and BEiT of MMSegmentation, whose names have
    not changed, and the Mix Transformer of SegFormer.

    Args:
        weights (dict[str, Tensor]): State dict of mmcv 1.x.

    Returns:
        dict[str, Tensor]: State dict of the current ``EncoderDecoder``.
    """
    # On several GPUs, each network was wrapped separately.
    weights = part(weights, 'module.') or weights
    encoder = part(weights, 'backbone.')
    if 'patch_embed1.proj.weight' in encoder:
        encoder = mit_to_mmseg.convert(encoder)
    rest = {
        name: tensor
        for name, tensor in weights.items()
        if not name.startswith('backbone.')
    }
    return rest | {
        f'backbone.{name}': tensor for name, tensor in encoder.items()
    }


def _adapted(weights: Mapping[str, Tensor]) -> dict[str, Weights]:
    """Return the networks of a domain adaptation release by name."""
    weights = part(weights, 'module.') or dict(weights)
    if not part(weights, 'model.'):
        weights = {f'model.{name}': tensor
                   for name, tensor in weights.items()}
    unknown = [
        name for name in weights if not name.startswith(
            ('model.', 'ema_model.', 'imnet_model.', *DROPPED))
    ]
    if unknown:
        raise ValueError(f'{unknown[0]} belongs to an unknown network; give '
                         'a checkpoint of FST or DAFormer.')
    student = convert_network(part(weights, 'model.'))
    teacher = convert_network(part(weights, 'ema_model.')) or student
    encoder = part(
        convert_network(part(weights, 'imnet_model.')) or student, 'backbone.')
    return dict(student=student, teacher=teacher, pretrained_encoder=encoder)


def _semi_supervised(weights: Mapping[str, Any],
                     target: nn.Module) -> dict[str, Weights]:
    """Return the networks of a semi-supervised release of U2PL or FST."""
    decode_head = target.get_submodule('student.decode_head')
    represents = getattr(decode_head, 'represent', None) is not None
    student = weights.get('model_state', weights)
    return dict(
        student=u2pl_to_mmseg.convert(student, represents),
        teacher=u2pl_to_mmseg.convert(
            weights.get('teacher_state', student), represents))


def convert(weights: Mapping[str, Any], target: nn.Module) -> Weights:
    """Convert the checkpoint of a release.

    Args:
        weights (dict): State dict of the release. For the semi-supervised
            releases, the complete checkpoint, or the state dict of a single
            network, which is used as student and teacher.
        target (nn.Module): The segmentor of the config.

    Returns:
        dict[str, Tensor]: State dict of ``target``.

    Raises:
        ValueError: If the checkpoint does not match ``target``.
    """
    if u2pl_to_mmseg.is_network(weights.get('model_state', weights)):
        networks = _semi_supervised(weights, target)
    else:
        networks = _adapted(weights)
    converted = {
        f'{owner}.{name}': tensor
        for owner, network in networks.items()
        # A config for testing may leave out some of the networks.
        if getattr(target, owner, None) is not None
        for name, tensor in network.items()
    }
    # The releases do not save the memory bank of the contrastive loss.
    check_fit(converted, target, fresh=('contrast.', ))
    return _with_buffers(converted, target)


def _with_buffers(weights: Weights, target: nn.Module) -> Weights:
    """Add buffers that follow from the config, for strict loading."""
    buffers = {
        name: tensor
        for name, tensor in target.state_dict().items()
        if name not in weights
    }
    return weights | buffers


def write_folder(checkpoint: Mapping[str, Any], config: Path, out: Path,
                 source: str, partition: Optional[str] = None) -> Path:
    """Write a folder for ``test.sh``.

    Args:
        checkpoint (dict): Checkpoint of the release.
        config (Path): Config file of the same model.
        out (Path): Folder to write to.
        source (str): Name of the source file, stored in the metadata.
        partition (str, optional): Which partition of the config it was
            trained on. Defaults to None: the one that the config names.

    Returns:
        Path: The checkpoint.

    Raises:
        ValueError: If the checkpoint does not match the model, or the folder
            has another config.
    """
    others = {path.name for path in out.glob('*.py')} - {config.name}
    if others:
        raise ValueError(f'{out} already has the config {others.pop()}; name '
                         'another folder.')
    cfg = read_config(str(config), partition=partition)
    weights = convert(checkpoint['state_dict'], build_shapes(cfg.model))
    iteration = _iteration(checkpoint, cfg)
    path = out / f'iter_{iteration}.pth'
    save(weights, path, source=source, iter=iteration)
    cfg.dump(out / config.name)
    return path


def _iteration(checkpoint: Mapping[str, Any], cfg: Config) -> int:
    """Return the iteration of a checkpoint, or a default if unknown."""
    meta = checkpoint.get('meta') or {}
    if meta.get('iter'):
        return int(meta['iter'])
    # The semi-supervised releases count epochs; configs state their length.
    epochs = checkpoint['state_dict'].get('epoch', 0)
    return int(epochs) * cfg.get('epoch', 0) or DEFAULT_ITERATION


def main() -> None:
    """Run from the command line."""
    parser = base_parser(__doc__, 'folder to write')
    parser.add_argument(
        '--config',
        type=Path,
        required=True,
        help='config of the same model, such as '
        'configs/uda/gta2cityscapes_mit-b5-daformer_fst-d.py')
    parser.add_argument(
        '--partition',
        help='number of labels it was trained with, if not the one that the '
        'config names')
    args = parser.parse_args()
    with clear_errors(args.source):
        checkpoint = read_checkpoint(str(args.source), args.trust)
        path = write_folder(checkpoint, args.config, args.out,
                            args.source.name, args.partition)
    print(f'{path}: done. Score it with: sh test.sh {args.out}')


if __name__ == '__main__':
    main()
