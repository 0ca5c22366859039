"""Networks and runs of real configs, reduced to the size of a test."""
import copy

from mmseg_fst.apis import drop_pretrained

#: Divisor of all widths.
RATIO = 16
#: Arguments of small backbones, by type.
SLIM = {
    **dict.fromkeys(('ResNet', 'ResNetV1c'),
                    dict(depth=50, stem_channels=4, base_channels=4)),
    'DCTResNet': dict(depth=50, base_channels=4),
    'MixVisionTransformer': dict(embed_dims=4, num_layers=[1] * 4),
    'SwinTransformer': dict(
        embed_dims=8, depths=[2] * 4, num_heads=[1, 2, 4, 8]),
    'ResizedBEiT': dict(embed_dims=48, num_heads=4),
}


def _slim_head(head):
    """Divide the widths of a decode head, and of one inside of it."""
    if 'head' in head:
        _slim_head(head['head'])
    for key in ('in_channels', 'channels', 'embed_dims', 'c1_in_channels',
                'c1_channels', 'stage_channels', 'representation_channels'):
        if key not in head:
            continue
        width = head[key]
        head[key] = ([channels // RATIO for channels in width]
                     if isinstance(width, (list, tuple)) else width // RATIO)


def _slim_vision_transformer(segmentor):
    """Use a small vision transformer of timm, selected by name."""
    head, backbone = segmentor['decode_head'], segmentor['backbone']
    backbone.update(model_name='vit_tiny_patch16_224')
    if max(backbone['out_indices']) > 11:  # of 24 layers
        backbone['out_indices'] = [
            index // 2 for index in backbone['out_indices']]
    _slim_head(head)
    width = 192
    if head['type'] == 'DeconvHead':
        head['channels'] = width // 4
    several = isinstance(head['in_channels'], (list, tuple))
    head['in_channels'] = [width] * 4 if several else width
    return segmentor


def slim_segmentor(segmentor):
    """Divide all widths of a segmentor, in place, without replacing parts.

    CPU-sized networks are not changed.
    """
    backbone = segmentor['backbone']
    if backbone['type'] == 'DCTInput':
        backbone = backbone['backbone']
    kind = backbone['type']
    if kind in ('TIMMBackbone', 'UNet', 'DCTMobileNetV2'):
        return segmentor
    if kind == 'TIMMVisionTransformer':
        return _slim_vision_transformer(segmentor)
    shallow = backbone.get('depth') in (18, 34)
    if kind not in SLIM:
        raise NotImplementedError(f'Add a rule for the backbone {kind}.')
    backbone.update(copy.deepcopy(SLIM[kind]))
    if shallow:
        backbone.update(depth=18)
    neck = segmentor.get('neck', {})
    for key in ('embed_dim', 'in_channels'):
        if key in neck:
            neck[key] //= RATIO
    for name in ('decode_head', 'auxiliary_head'):
        if segmentor.get(name):
            _slim_head(segmentor[name])
    return segmentor


def segmentors_of(model):
    """Return the configs of the network, or of all students."""
    networks = list(model.get('students', {}).values()) or [model.segmentor]
    if 'localizer' in model:
        networks.append(model.localizer.network)
    return networks


def without_weights(node):
    """Remove the keys that read weights from disk."""
    drop_pretrained(node)
    return node


def _resize(pipeline, factor, crop_size):
    """Scale a pipeline down."""
    for transform in pipeline:
        if transform['type'] == 'Resize':
            transform['scale'] = tuple(
                side // factor for side in transform['scale'])
        elif transform['type'] == 'RandomResize':
            transform['scale'] = tuple(
                side // factor for side in transform['scale'])
        elif transform['type'] in ('HistogramCrop', 'RandomCrop'):
            transform['crop_size'] = crop_size
        elif transform['type'] == 'PseudoLabelMargins':
            for key in ('top', 'bottom', 'left', 'right'):
                transform[key] //= factor
        elif transform['type'] == 'PadToCrop':
            transform['size'] = crop_size


def _slim_protocol(protocol, factor):
    """Divide the sizes of an evaluation protocol."""
    for key in ('crop_size', 'stride', 'size'):
        if key in protocol:
            protocol[key] = max(1, protocol[key] // factor)
    if protocol.get('last') == 'truncate':
        # Truncated windows must not be smaller than the kernels of MiT.
        protocol.update(crop_size=(60, 72), stride=(40, 48))


def _slim_sizes(segmentor, factor, crop_size):
    """Fit what depends on the size of the crop."""
    if 'detail_size' in segmentor:  # multiples of twice the alignment
        segmentor.detail_size = tuple(
            max(1, side // factor // 16) * 16
            for side in segmentor.detail_size)
    if 'img_size' in segmentor.backbone:
        segmentor.backbone.img_size = crop_size
    if 'size' in segmentor.get('neck', {}):
        segmentor.neck.size = tuple(-(-side // 32) for side in crop_size)


def slim_data(cfg, factor=8):
    """Divide all sizes of images and crops of a config, in place."""
    crop_size = tuple(side // factor for side in cfg.crop_size)
    cfg.model.data_preprocessor.size = crop_size
    dataset = cfg.train_dataloader.dataset
    dataset.pop('expected', None)  # fake lists are shorter
    for side in dataset.sides.values():
        if side is not None:
            side.serialize_data = False  # its garbage collection is slow
            _resize(side.pipeline, factor, crop_size)
    _resize(cfg.val_dataloader.dataset.pipeline, factor, crop_size)
    cfg.test_dataloader = cfg.val_dataloader
    labeler = cfg.model.get('pseudo_labeler')
    if labeler is not None:
        for key in ('ignore_top', 'ignore_bottom'):
            if key in labeler:
                labeler[key] //= factor
    if 'flaw_detector' in cfg.model:
        cfg.model.flaw_detector.update(channels=4, halvings=2)
    _slim_protocol(cfg.model.get('protocol') or {}, factor)
    for segmentor in segmentors_of(cfg.model):
        _slim_sizes(segmentor, factor, crop_size)
        test_cfg = segmentor.test_cfg
        if test_cfg.mode == 'slide':
            test_cfg.update(
                crop_size=crop_size,
                stride=tuple(side // factor for side in test_cfg.stride))


def slim_run(cfg, max_iters=2):
    """Shorten a run to ``max_iters``, in one process, in place."""
    cfg.train_cfg.update(max_iters=max_iters, val_interval=max_iters)
    for stage in ('first', 'second'):  # as long as the last stage
        cfg.get('stages', {}).pop(stage, None)
    cfg.default_hooks.checkpoint.update(interval=max_iters)
    cfg.default_hooks.logger.interval = 1
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.update(num_workers=0, persistent_workers=False)
    cfg.test_dataloader = cfg.val_dataloader
    if 'warmup_iters' in cfg.model:
        cfg.model.warmup_iters = 1  # self-training starts at the second
        if 'supervised_iters' in cfg.model:
            cfg.model.supervised_iters = 0
