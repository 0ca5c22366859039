"""Several students in one model: each predicts, and all do together."""
import functools
import math
from collections.abc import Callable
from functools import partial
from typing import Any, Optional

import torch
from mmseg.models.segmentors import EncoderDecoder
from mmseg.utils import SampleList
from torch import Tensor, nn

from mmseg_fst.models.protocols import (
    MeanScores,
    ScoredImages,
    mean_threshold,
    metas_of,
    name_of_test_cfg,
    threshold_of,
)
from mmseg_fst.ops import class_logits
from mmseg_fst.registry import MODELS

from .student_teacher import StudentTeacher

#: Name under which the mean of all students predicts.
ENSEMBLE = 'ensemble'


class StudentEnsemble(StudentTeacher):
    """Networks of any architectures, and the mean of their probabilities.

    ``student`` is a :class:`torch.nn.ModuleDict` of them. See
    :class:`StudentTeacher` for the arguments; ``predict_with`` is
    the name of a student or ``'ensemble'``.
    """

    student: nn.ModuleDict
    #: Whether the losses of the students are summed, not averaged.
    sums_losses = False

    @property
    def networks(self) -> list[str]:
        """Names of what can predict: each student, then all together."""
        return [*self.student, ENSEMBLE]

    @property
    def _students(self) -> list[EncoderDecoder]:
        """The networks of ``student``, in its order."""
        return list(self.student.values())

    @property
    def align_corners(self) -> bool:
        """Whether the decode heads resize with aligned corners.

        Raises:
            ValueError: If all students predict, and they differ in it.
        """
        if self.predict_with != ENSEMBLE:
            return self.network().align_corners
        found = {network.align_corners for network in self._students}
        if len(found) > 1:
            raise ValueError(
                'The decode heads of the students differ in align_corners, '
                'so there is none of the ensemble; give all the same, or set '
                f'model.predict_with to one of {", ".join(self.student)}.')
        return found.pop()

    @property
    def threshold(self) -> Optional[float]:
        """See :attr:`StudentTeacher.threshold`; the mean of an ensemble."""
        if self.predict_with != ENSEMBLE:
            return super().threshold
        return mean_threshold(map(threshold_of, self._students))

    @property
    def protocol_name(self) -> str:
        """How predictions are made, in words."""
        if self.protocol is not None:
            return self.protocol.name
        names = {
            name_of_test_cfg(network.test_cfg)
            for network in self._students
        }
        return ' / '.join(sorted(names))

    @property
    def ignore_index(self) -> int:
        """Id of pixels without a label."""
        return self._students[0].decode_head.ignore_index

    @property
    def can_share_graph(self) -> bool:
        """Whether steps can share a graph: passes of peers are not shared."""
        return False

    def weigh(self, part: str, loss: Tensor) -> Tensor:
        """A loss times its weight, as a share of the mean over students.

        It is a share of the sum if ``sums_losses`` is set.

        Args:
            part (str): Such as ``NAME.labeled``.
            loss (Tensor): A scalar.

        Returns:
            Tensor: A scalar.
        """
        loss = self.loss_weights[part.rpartition('.')[2]] * loss
        return loss if self.sums_losses else loss / len(self.student)

    def network(self, name: Optional[str] = None) -> Any:
        """The student of that name.

        Args:
            name (str, optional): Defaults to None: ``predict_with``.

        Returns:
            nn.Module: A segmentor of MMSegmentation; all students, if the
            name is ``'ensemble'``.

        Raises:
            ValueError: If there is no such student.
        """
        name = name or self.predict_with
        if name == ENSEMBLE:
            return self.student
        if name not in self.student:
            raise ValueError(
                f'There is no network {name!r} to predict with; this model '
                f'has {", ".join(self.networks)}.')
        return self.student[name]

    def init_weights(self) -> None:
        """Initialize every student, one after the other."""
        for network in self._students:
            network.init_weights()

    def score(self,
              inputs: Tensor,
              data_samples: Optional[SampleList] = None,
              name: Optional[str] = None) -> ScoredImages:
        """Scores of a student under the protocol, or of all.

        Args:
            inputs (Tensor): Normalized images of shape (N, C, H, W).
            data_samples (list[SegDataSample], optional): Their data samples.
                A student writes to them. Defaults to None: new ones.
            name (str, optional): Which student, or ``'ensemble'``. Defaults
                to None: ``predict_with``.

        Returns:
            ScoredImages: The scores; of the ensemble they are mean
            probabilities, and :meth:`predict` returns new samples.
        """
        name = name or self.predict_with
        if name != ENSEMBLE:
            return super().score(inputs, data_samples, name)
        return self._score_students(inputs, data_samples)[1]

    def predict_each(
        self,
        inputs: Tensor,
        data_samples: SampleList,
        observe: Optional[Callable[[str, Tensor], None]] = None
    ) -> dict[str, SampleList]:
        """Predict with each student and with all, for scores: labels alone.

        Each student reads the images once.

        Args:
            inputs (Tensor): Normalized images of shape (N, C, H, W).
            data_samples (list[SegDataSample]): Their data samples; not
                written to.
            observe (Callable, optional): See :class:`StudentTeacher`.
                Defaults to None.

        Returns:
            dict[str, list[SegDataSample]]: By student, and last of the
            ensemble, new samples with ``pred_sem_seg``.
        """
        outputs, mean = self._score_students(inputs, data_samples, observe)
        return {
            **outputs, ENSEMBLE: mean.write_labels(
                observe and partial(observe, ENSEMBLE))
        }

    def _score_students(
        self,
        inputs: Tensor,
        data_samples: Optional[SampleList],
        observe: Optional[Callable[[str, Tensor], None]] = None
    ) -> tuple[dict[str, SampleList], MeanScores]:
        """Labels of each student, and the mean of their probabilities."""
        mean = MeanScores()
        outputs = {
            name: mean.add(
                self.score(inputs, data_samples and
                           [sample.new() for sample in data_samples], name),
                observe and partial(observe, name))
            for name in self.student
        }
        return outputs, mean

    def extract_feat(self, inputs: Tensor) -> list[Tensor]:
        """Features of the student named by ``predict_with``.

        Args:
            inputs (Tensor): Normalized images of shape (N, C, H, W).

        Returns:
            list[Tensor]: Feature maps of shape (N, C, h, w), finest first.

        Raises:
            ValueError: If it is the ensemble.
        """
        if self.predict_with == ENSEMBLE:
            raise ValueError(
                'Features of several students have no mean; '
                'set model.predict_with to one of '
                f'{", ".join(self.student)}.')
        return super().extract_feat(inputs)

    def encode_decode(self, inputs: Tensor,
                      batch_data_samples: SampleList) -> Tensor:
        """Logits of the student named by ``predict_with``, or of all.

        Logits of the ensemble are logarithms of the mean probabilities, so
        that their softmax gives the mean, as with any other network; of
        binary networks one channel, whose sigmoid gives it.

        Args:
            inputs (Tensor): Normalized images of shape (N, C, H, W).
            batch_data_samples (list): Metainfo of the images.

        Returns:
            Tensor: Logits of shape (N, C, H, W).
        """
        if self.predict_with != ENSEMBLE:
            return super().encode_decode(inputs, batch_data_samples)
        total = functools.reduce(
            torch.logaddexp,
            (class_logits(network.encode_decode(
                inputs, batch_data_samples)).log_softmax(1)
             for network in self._students))
        if all(network.out_channels == 1 for network in self._students):
            return total[:, 1:] - total[:, :1]
        return total - math.log(len(self.student))

    def _forward(self,
                 inputs: Tensor,
                 data_samples: Optional[SampleList] = None) -> Tensor:
        """Raw logits of a student, (N, C, h, w), or of all.

        Logits of students differ in size; logits of the ensemble have the
        size of the images.
        """
        if self.predict_with != ENSEMBLE:
            return super()._forward(inputs, data_samples)
        return self.encode_decode(inputs, metas_of(inputs))


def build_students(students: dict[str, dict]) -> nn.ModuleDict:
    """Build the networks of an ensemble.

    Args:
        students (dict[str, dict]): Config of each, by name.

    Returns:
        nn.ModuleDict: The networks.

    Raises:
        ValueError: If there are fewer than two, or one has the name of all.
    """
    if len(students) < 2 or ENSEMBLE in students:
        raise ValueError(
            'model.students must be two or more, none of them named '
            f'{ENSEMBLE!r}, got {list(students)}.')
    return nn.ModuleDict(
        {name: MODELS.build(config)
         for name, config in students.items()})
