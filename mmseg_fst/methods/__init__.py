"""Methods: what a training step computes, one readable class each."""
from .batch import Batch, PseudoLabels, Side
from .cac import CAC
from .co_training import CoTraining
from .contract import TrainedModel, check_contract
from .ctt import CTT
from .cutmix_mean_teacher import CutMixMeanTeacher
from .deferred_gradient import DeferredGradient, graphs_stay_valid
from .fixmatch import FixMatch
from .mean_teacher import MeanTeacher
from .method import Method
from .mic import MIC
from .reco import ReCo
from .st_plus_plus import STPlusPlus
from .step import Losses, Step
from .step_cache import StepCache
from .student_ensemble import ENSEMBLE, StudentEnsemble
from .student_teacher import StudentTeacher, set_batch_norm
from .supervised import Supervised
from .u2pl import U2PL
from .unimatch import UniMatch
from .unimatch_v2 import UniMatchV2

__all__ = [
    'Batch', 'CAC', 'CTT', 'CoTraining', 'CutMixMeanTeacher',
    'DeferredGradient', 'ENSEMBLE', 'FixMatch', 'Losses', 'MIC',
    'MeanTeacher', 'Method', 'PseudoLabels', 'ReCo', 'STPlusPlus', 'Side',
    'Step', 'StepCache', 'StudentEnsemble', 'StudentTeacher', 'Supervised',
    'TrainedModel', 'U2PL', 'UniMatch', 'UniMatchV2', 'check_contract',
    'graphs_stay_valid', 'set_batch_norm'
]
