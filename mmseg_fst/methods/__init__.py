"""Methods: what a training step computes, one readable class each."""
from .ael import AEL
from .all_spark import AllSpark
from .batch import Batch, PseudoLabels, Side
from .cac import CAC
from .cct import CCT
from .co_training import CoTraining
from .co_training_released import ReleasedCoTraining
from .contract import TrainedModel, check_contract
from .corr_match import CorrMatch
from .cps import CPS
from .ctt import CTT
from .cutmix_cps import CutMixCPS
from .cutmix_mean_teacher import CutMixMeanTeacher
from .deferred_gradient import DeferredGradient, graphs_stay_valid
from .distill import Distill, FrozenTeacher
from .dsbn import DSBN
from .eln import ELN
from .fixmatch import FixMatch
from .gct import GCT
from .mean_teacher import MeanTeacher
from .method import Method
from .mic import MIC, MaskedPass
from .prev_match import PrevMatch
from .ps_mt import PSMT
from .reco import ReCo
from .st_plus_plus import STPlusPlus
from .step import Losses, Step
from .step_cache import StepCache
from .student_ensemble import ENSEMBLE, StudentEnsemble
from .student_teacher import StudentTeacher, set_batch_norm
from .supervised import Supervised
from .teachers_in_turn import TeachersInTurn
from .u2pl import U2PL
from .unimatch import UniMatch
from .unimatch_v2 import UniMatchV2
from .vfm_uda import VFMUDA

__all__ = [
    'AEL', 'AllSpark', 'Batch', 'CAC', 'CCT', 'CPS', 'CTT', 'CoTraining',
    'CorrMatch', 'CutMixCPS', 'CutMixMeanTeacher', 'DSBN', 'DeferredGradient',
    'Distill', 'ELN', 'ENSEMBLE', 'FixMatch', 'FrozenTeacher', 'GCT', 'Losses',
    'MIC', 'MaskedPass', 'MeanTeacher', 'Method', 'PSMT', 'PrevMatch',
    'PseudoLabels', 'ReCo', 'ReleasedCoTraining', 'STPlusPlus', 'Side', 'Step',
    'StepCache', 'StudentEnsemble', 'StudentTeacher', 'Supervised',
    'TeachersInTurn', 'TrainedModel', 'U2PL', 'UniMatch', 'UniMatchV2',
    'VFMUDA', 'check_contract', 'graphs_stay_valid', 'set_batch_norm'
]
