"""Packaging of mmseg_fst."""
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
VERSION: dict = {}
exec((ROOT / 'mmseg_fst' / 'version.py').read_text(), VERSION)
REQUIREMENTS = [
    line for line in (ROOT / 'requirements.txt').read_text().splitlines()
    if line and not line.startswith('#')
]
# Formulas of the site are set by Matplotlib.
DOCS = ['mkdocs-material>=9.6', 'mkdocstrings[python]>=0.29',
        'matplotlib>=3.8']

setup(
    name='mmseg_fst',
    version=VERSION['__version__'],
    description='Self-training semantic segmentation: FST and its peers',
    packages=find_packages(include=['mmseg_fst', 'mmseg_fst.*']),
    package_data={'mmseg_fst.report': ['page.html']},
    python_requires='>=3.10',
    install_requires=REQUIREMENTS,
    extras_require=dict(
        tests=['pytest>=8', 'pytest-xdist>=3.7', 'ruff>=0.12', 'mypy>=1.11',
               'pycocotools>=2.0.7', *DOCS],
        # The documentation site: mkdocs build.
        docs=DOCS,
        streetgen=['moderngl'],
        # TIFF files of bands that OpenCV cannot read.
        bands=['rasterio>=1.3'],
        # Annotations of COCO as masks.
        coco=['pycocotools>=2.0.7'],
        # ONNX, its writer, and what reads it to compare.
        export=['onnx>=1.17', 'onnxscript>=0.3', 'onnxruntime>=1.20']),
)
