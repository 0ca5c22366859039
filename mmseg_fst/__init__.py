"""Self-training semantic segmentation: adaptation and semi-supervision.

Importing the package registers every module of MMSegmentation and of this
package, so that plain names work in a config with
``default_scope = 'mmseg_fst'``. An import error is never hidden.
"""
# A look-up that goes on to the parent registry does not import the packages
# that register there.
import mmseg.datasets
import mmseg.engine
import mmseg.evaluation
import mmseg.models
import mmseg.visualization  # noqa: F401

from . import datasets, engine, models  # noqa: F401
from .version import __version__

__all__ = ['__version__']
