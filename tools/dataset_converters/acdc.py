"""Links the splits of ACDC to where the configs look for them.

    python tools/dataset_converters/acdc.py data/acdc

The folder holds rgb_anon_trainvaltest.zip and gt_trainval.zip of
https://acdc.vision.ee.ethz.ch/download, unpacked: files lie by condition
first, as in rgb_anon/fog/train/SEQUENCE/. The program links all conditions
into rgb_anon/train, rgb_anon/val, gt/train and gt/val (1600 and 406 images),
the layout of DAFormer, and changes nothing else: the labels hold train ids
already. A stopped run goes on where it stopped when the command is given
again.
"""
import os
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from mmseg_fst.datasets.known_data import KNOWN_DATA, Files, list_files
from mmseg_fst.prepare.conversion import make_parser
from mmseg_fst.utils.messages import one_message


def link_files(root: Path, files: Files) -> None:
    """Links the files of all conditions into the folder of a split.

    Args:
        root: Folder of the data set.
        files: What to link, and where to.
    """
    folder = root / files.folder
    split = folder.name
    found = sorted(folder.parent.glob(f'*/{split}/*/*{files.suffix}'))
    folder.mkdir(parents=True, exist_ok=True)
    for path in tqdm(found, desc=files.folder):
        link = folder / path.name
        if not link.exists():
            link.unlink(missing_ok=True)  # its target has moved
            link.symlink_to(os.path.relpath(path, folder))


def link(root: Path, allow_partial: bool) -> None:
    """Links all splits and checks that none is incomplete.

    Args:
        root: Folder of the data set.
        allow_partial: Be content with what is there.

    Raises:
        FileNotFoundError: If files are missing.
    """
    data = KNOWN_DATA['acdc']
    if not (root / 'rgb_anon').is_dir():
        raise FileNotFoundError(f'There is no folder {root / "rgb_anon"}. '
                                f'Get {data.source} into {root}')
    for split in data.splits:
        for files in (split.images, split.labels):
            link_files(root, files)
            found = len(list_files(root, files))
            if found < split.count and not allow_partial:
                raise FileNotFoundError(
                    f'{root / files.folder} has {found} of {split.count} '
                    f'files. Get {data.source} into {root}, or give '
                    '--allow-partial')


def main(argv: Sequence[str] | None = None) -> None:
    """Links ACDC as the command line says.

    Args:
        argv: The arguments. Defaults to those of the process.
    """
    parser = make_parser(__doc__, 'acdc')
    args = parser.parse_args(argv)
    with one_message():
        link(args.root, args.allow_partial)
    print(f'{args.root} is linked')


if __name__ == '__main__':
    main()
