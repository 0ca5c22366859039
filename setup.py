"""Packaging of mmseg_fst; what never changes is in pyproject.toml."""
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
    version=VERSION['__version__'],
    packages=[
        *find_packages(include=['mmseg_fst', 'mmseg_fst.*']),
        'mmseg_fst.configs'
    ],
    # A wheel has the configs in the package, a checkout beside it.
    package_dir={'mmseg_fst.configs': 'configs'},
    # The command, outside of the package, which imports PyTorch.
    py_modules=['mmseg_fst_command'],
    package_data={
        'mmseg_fst.report': ['page.html'],
        'mmseg_fst.view': ['viewer.*'],
        'mmseg_fst.configs': ['**/*.py']
    },
    # Tasks of whoever builds the wheel.
    exclude_package_data={'mmseg_fst.configs': ['own/*', 'own/**/*']},
    install_requires=REQUIREMENTS,
    extras_require=dict(
        tests=['pytest>=8', 'pytest-xdist>=3.7', 'ruff>=0.12', 'mypy>=1.11',
               'pycocotools>=2.0.7', 'shtab>=1.7', *DOCS],
        # The documentation site: mkdocs build.
        docs=DOCS,
        streetgen=['moderngl'],
        # TIFF files of bands that OpenCV cannot read.
        bands=['rasterio>=1.3'],
        # Annotations of COCO as masks.
        coco=['pycocotools>=2.0.7'],
        # Tab completion: mmseg-fst completion bash.
        completion=['shtab>=1.7'],
        # ONNX, its writer, and what reads it to compare.
        export=['onnx>=1.17', 'onnxscript>=0.3', 'onnxruntime>=1.20']),
)
