"""Downloads: pretrained weights, and published splits of data sets."""
