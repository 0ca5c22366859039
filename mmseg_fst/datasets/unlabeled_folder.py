"""A folder of images without labels, for the unlabeled side."""
from os import path as osp

from mmseg.datasets import BaseSegDataset

from mmseg_fst.registry import DATASETS
from mmseg_fst.utils.file_patterns import IMAGE_ENDINGS, walk_files


@DATASETS.register_module()
class UnlabeledFolderDataset(BaseSegDataset):
    """All images of a folder and its subfolders, without labels.

    Images may differ in size and extension (``.jpg``, ``.PNG`` and so on);
    hidden files and other files are skipped. Use a resize in the pipeline
    that does not depend on the size of the image, otherwise the scale differs
    between crops. See :class:`mmseg.datasets.BaseSegDataset` for the
    arguments.

    Args:
        img_suffix (tuple[str, ...]): Extensions of images, in lower case.
            Defaults to ``IMAGE_ENDINGS``.

    Example:
        As the unlabeled side of :class:`PairedDataset`:

        >>> unlabeled = dict(
        ...     type='UnlabeledFolderDataset', data_root='data/mine',
        ...     data_prefix=dict(img_path='photos'), pipeline=pipeline)
    """

    def __init__(self,
                 img_suffix: tuple[str, ...] = IMAGE_ENDINGS,
                 **kwargs) -> None:
        super().__init__(img_suffix=tuple(img_suffix), **kwargs)

    def load_data_list(self) -> list[dict]:
        """Find the images, sorted by path.

        Returns:
            list[dict]: ``img_path`` and the fields that MMSegmentation's
            loading requires.
        """
        folder = self.data_prefix['img_path']
        paths = walk_files(folder, self.img_suffix)
        return [
            dict(
                img_path=osp.join(folder, path),
                label_map=None,
                reduce_zero_label=False,
                seg_fields=[]) for path in paths
        ]
