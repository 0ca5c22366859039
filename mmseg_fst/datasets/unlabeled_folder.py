"""A folder of the user's own images, for the unlabeled side."""
from os import path as osp

from mmseg.datasets import BaseSegDataset

from mmseg_fst.registry import DATASETS
from mmseg_fst.utils.file_patterns import IMAGE_ENDINGS, walk_files


@DATASETS.register_module()
class UnlabeledFolderDataset(BaseSegDataset):
    """All images of a folder and of the folders in it, without labels.

    Images may differ in size and in ending (``.jpg``, ``.PNG`` and so on);
    other files and hidden ones are passed over. Give the pipeline a resize
    that does not depend on the size of the image, or crops show different
    scales. See :class:`mmseg.datasets.BaseSegDataset` for the arguments; as
    the unlabeled side of :class:`PairedDataset` ``data_root``,
    ``data_prefix=dict(img_path=FOLDER)`` and ``pipeline`` are enough.

    Args:
        img_suffix (tuple[str, ...]): Endings of images, in lower case.
            Defaults to those that OpenCV reads.
    """

    def __init__(self,
                 img_suffix: tuple[str, ...] = IMAGE_ENDINGS,
                 **kwargs) -> None:
        super().__init__(img_suffix=tuple(img_suffix), **kwargs)

    def load_data_list(self) -> list[dict]:
        """Look for images, sorted by path.

        Returns:
            list[dict]: ``img_path`` and what the loading of MMSegmentation
            asks for.
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
