"""Metrics: counted on the device, and those that a protocol asks for."""
from .confusion_iou import ConfusionIoUMetric
from .synthia_iou import SynthiaIoUMetric

__all__ = ['ConfusionIoUMetric', 'SynthiaIoUMetric']
