"""Registries of scope ``mmseg_fst``, children of MMSegmentation's.

A name is looked up here first, then in ``mmseg``, then in ``mmengine``. Every
package named in ``locations`` imports the files that register something.
"""
from mmengine.registry import Registry
from mmseg.registry import DATA_SAMPLERS as MMSEG_DATA_SAMPLERS
from mmseg.registry import DATASETS as MMSEG_DATASETS
from mmseg.registry import EVALUATOR as MMSEG_EVALUATOR
from mmseg.registry import HOOKS as MMSEG_HOOKS
from mmseg.registry import LOG_PROCESSORS as MMSEG_LOG_PROCESSORS
from mmseg.registry import LOOPS as MMSEG_LOOPS
from mmseg.registry import METRICS as MMSEG_METRICS
from mmseg.registry import MODEL_WRAPPERS as MMSEG_MODEL_WRAPPERS
from mmseg.registry import MODELS as MMSEG_MODELS
from mmseg.registry import (
    OPTIM_WRAPPER_CONSTRUCTORS as MMSEG_OPTIM_WRAPPER_CONSTRUCTORS,
)
from mmseg.registry import OPTIM_WRAPPERS as MMSEG_OPTIM_WRAPPERS
from mmseg.registry import OPTIMIZERS as MMSEG_OPTIMIZERS
from mmseg.registry import PARAM_SCHEDULERS as MMSEG_PARAM_SCHEDULERS
from mmseg.registry import RUNNERS as MMSEG_RUNNERS
from mmseg.registry import TRANSFORMS as MMSEG_TRANSFORMS
from mmseg.registry import VISBACKENDS as MMSEG_VISBACKENDS
from mmseg.registry import VISUALIZERS as MMSEG_VISUALIZERS
from mmseg.registry import WEIGHT_INITIALIZERS as MMSEG_WEIGHT_INITIALIZERS

MODELS = Registry(
    'model', parent=MMSEG_MODELS, locations=['mmseg_fst.models'])
DATASETS = Registry(
    'dataset', parent=MMSEG_DATASETS, locations=['mmseg_fst.datasets'])
DATA_SAMPLERS = Registry(
    'data sampler',
    parent=MMSEG_DATA_SAMPLERS,
    locations=['mmseg_fst.datasets'])
TRANSFORMS = Registry(
    'transform', parent=MMSEG_TRANSFORMS, locations=['mmseg_fst.datasets'])
HOOKS = Registry('hook', parent=MMSEG_HOOKS, locations=['mmseg_fst.engine'])
LOOPS = Registry('loop', parent=MMSEG_LOOPS, locations=['mmseg_fst.engine'])
OPTIM_WRAPPERS = Registry(
    'optim_wrapper',
    parent=MMSEG_OPTIM_WRAPPERS,
    locations=['mmseg_fst.engine'])
OPTIM_WRAPPER_CONSTRUCTORS = Registry(
    'optimizer wrapper constructor',
    parent=MMSEG_OPTIM_WRAPPER_CONSTRUCTORS,
    locations=['mmseg_fst.engine'])
METRICS = Registry(
    'metric', parent=MMSEG_METRICS, locations=['mmseg_fst.evaluation'])
WEIGHT_INITIALIZERS = Registry(
    'weight initializer',
    parent=MMSEG_WEIGHT_INITIALIZERS,
    locations=['mmseg_fst.models'])

# Nothing is registered in these; they exist so that names of our scope
# are searched in the parent without a warning.
EVALUATOR = Registry('evaluator', parent=MMSEG_EVALUATOR)
RUNNERS = Registry('runner', parent=MMSEG_RUNNERS)
MODEL_WRAPPERS = Registry('model_wrapper', parent=MMSEG_MODEL_WRAPPERS)
OPTIMIZERS = Registry('optimizer', parent=MMSEG_OPTIMIZERS)
PARAM_SCHEDULERS = Registry(
    'parameter scheduler', parent=MMSEG_PARAM_SCHEDULERS)
VISUALIZERS = Registry('visualizer', parent=MMSEG_VISUALIZERS)
VISBACKENDS = Registry('vis_backend', parent=MMSEG_VISBACKENDS)
LOG_PROCESSORS = Registry('log_processor', parent=MMSEG_LOG_PROCESSORS)
