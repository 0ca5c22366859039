"""What a program has to know of an exported network."""
from collections.abc import Sequence
from typing import Any

from mmseg.models.segmentors import BaseSegmentor

from .run_pipeline import RunPipeline

#: Name of the extra file of :func:`torch.export.save`.
METADATA = 'metadata.json'
# Order of channels that are RGB or gray; of others it is that of the file.
_ORDERS = {1: 'gray', 3: 'RGB'}


def export_metadata(model: BaseSegmentor, shape: Sequence[int], dynamic: bool,
                    normalize: bool) -> dict[str, Any]:
    """Describe input, output and classes of an exported network.

    Args:
        model (BaseSegmentor): Of :func:`load_model`.
        shape (Sequence[int]): Shape (N, C, H, W) of the images.
        dynamic (bool): Whether other numbers and sizes go as well.
        normalize (bool): Whether the network normalizes.

    Returns:
        dict: Values that JSON can hold, by name.
    """
    preprocessor = model.data_preprocessor
    pipeline = RunPipeline(model.cfg)
    number, channels, height, width = shape
    mean, std = (
        getattr(preprocessor, name).flatten().tolist()
        for name in ('mean', 'std'))
    return dict(
        classes=model.dataset_meta['classes'],
        palette=model.dataset_meta['palette'],
        input=dict(
            name='images',
            layout='NCHW',
            dtype='float32',
            batch_size=None if dynamic else number,
            channels=channels,
            height=None if dynamic else height,
            width=None if dynamic else width,
            channel_order=_ORDERS.get(channels, 'file'),
            value_range=[0, 255] if normalize else None,
            stretch=getattr(pipeline.loader, 'stretch', None),
            normalized_inside=normalize),
        mean=mean,
        std=std,
        resize=pipeline.resize and {
            key: value for key, value in pipeline.resize.items()
            if key != 'type'},
        output=dict(name='logits', layout='NCHW', label='argmax over C'),
        threshold=model.threshold,
        network=model.predict_with,
        protocol=model.protocol_name)
