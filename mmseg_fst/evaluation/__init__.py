"""Metrics that a protocol asks for."""
from .synthia_iou import SynthiaIoUMetric

__all__ = ['SynthiaIoUMetric']
