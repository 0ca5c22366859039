# Pascal VOC as UniMatch and Diverse Co-training score it: each image at its
# native size, nothing padded or cut.
protocol = dict(type='WholeImage')
