# Pascal VOC as UniMatch V2 scores it: the encoder takes patches of 14 pixels.
protocol = dict(type='WholeImage', multiple_of=14)
