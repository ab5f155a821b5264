"""Judge what a machine found against what is true; arrays and records in, frozen figures out.

* :mod:`~curator.evaluate.wider`: the official protocol of WIDER FACE, easy / medium / hard AP.
* :mod:`~curator.evaluate.coco`: the protocol of COCO, mAP over ten IoU thresholds.
* :mod:`~curator.evaluate.detection`: matches at one IoU threshold, and what they say of each
  confidence one could work at.
* :mod:`~curator.evaluate.landmarks`: how far the points are off.
* :mod:`~curator.evaluate.predictions`: the text form in which WIDER FACE results are published.
"""
