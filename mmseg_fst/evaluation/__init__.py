"""Metrics that are counted on the device, and metrics of a benchmark."""
from .confusion_iou import ConfusionIoUMetric
from .synthia_iou import SynthiaIoUMetric

__all__ = ['ConfusionIoUMetric', 'SynthiaIoUMetric']
