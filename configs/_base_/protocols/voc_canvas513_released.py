# Pascal VOC as the releases of U2PL and FST score it: images of at most 500
# pixels on a canvas of 513, and the padding counts as background. Never in
# one table with scores at native size.
protocol = dict(type='Canvas', size=513)
