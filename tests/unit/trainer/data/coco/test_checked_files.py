"""One annotation file, from its text to its images."""

from collections import Counter

import numpy as np

from darkroom_api.v1alpha1.common import AnnotationKind
from darkroom_trainer.data.coco import checked_files, documents
from darkroom_trainer.data.records.findings import Findings
from tests.support.coco_builders import a_coco, a_source, an_annotation, encode


def test_a_file_gives_its_images_and_counts_annotations_by_label() -> None:
    findings, annotations = Findings(), Counter[int]()
    text = encode(a_coco(annotations=[an_annotation(1), an_annotation(2), an_annotation(3, image_id=2, category_id=2)]))
    coco = documents.parse_coco(text, "train.json", findings)
    assert coco is not None
    file = checked_files.check_file(coco, AnnotationKind.DETECTION, findings)
    images = checked_files.build_images(file, "s3://b", a_source(), {"pear": 0, "apple": 1}, annotations, findings)
    assert findings.problem_count == 0
    assert [image.labels for image in images] == [(1, 1), (0,)]
    assert annotations == {1: 2, 0: 1}
    np.testing.assert_allclose(images[1].boxes, [[0.1, 0.2, 0.3, 0.4]], atol=1e-6)
