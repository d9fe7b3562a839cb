"""What the words of resources and reports are called on a page.

Owns these titles and the tone of each phase. A word that has none is shown as it is. Pure.
"""

from typing import Final

TASKS: Final = {
    "classifier": "Classifier",
    "multilabelClassifier": "Multilabel classifier",
    "detector": "Detector",
    "productRecognizer": "Product recognizer",
}
SCORES: Final = {
    "accuracyTop1": "Accuracy",
    "accuracyTop5": "Accuracy, best five",
    "balancedAccuracy": "Balanced accuracy",
    "averagePrecision": "Average precision",
    "meanAveragePrecision30": "mAP@30",
    "meanAveragePrecision50": "mAP@50",
    "meanAveragePrecision75": "mAP@75",
    "meanAveragePrecision": "mAP@50:95",
    "calibrationECE": "Calibration error",
}
SCORE_MEANINGS: Final = {
    "accuracyTop1": "share of images whose surest tag is right",
    "averagePrecision": "mean over tags of the average precision",
    "meanAveragePrecision50": "mean over tags of the average precision of boxes that overlap by half",
}
STOPS: Final = {
    "Converged": "Converged",
    "NoProgress": "No progress",
    "Ceiling": "Ceiling reached",
    "BudgetReached": "Budget spent",
    "TrialsExhausted": "Everything tried",
    "FewImages": "Few images",
}
TRIAL_ENDS: Final = {
    "won": "won",
    "kept": "kept",
    "pruned": "pruned",
    "failed": "failed",
    "tooCostly": "too costly",
}
ISSUES: Final = {
    "exactDuplicate": "The same picture twice",
    "nearDuplicate": "Pictures that look the same",
    "clashingLabels": "Equal pictures with different tags",
    "sharedWithEvaluation": "In the training and the evaluation data",
    "dark": "Very dark",
    "light": "Nearly white",
    "blank": "Blank",
    "blurry": "Blurry",
    "oddAspect": "Very long and narrow",
    "oddSize": "Of an unusual size",
    "tinyBox": "Tiny boxes",
    "rareTag": "Tags with few images",
    "boxForm": "Boxes not taken as written",
    "unreviewed": "Left out until they are reviewed",
    "unlabelled": "Without a file of labels",
    "leftOut": "Files that are not read",
    "crowd": "Boxes around many things",
    "names": "Names to look at",
}
ANNOTATION_KINDS: Final = {
    "imageClassification": "one tag an image",
    "imageMultilabelClassification": "any number of tags an image",
    "imageObjectDetection": "boxes",
}


def find_tone(phase: str) -> str:
    """Return how the badge of a phase looks: good, bad, busy, or nothing of one that is waiting or unknown."""
    match phase:
        case "Ready" | "Succeeded":
            return "good"
        case "Failed" | "Invalid":
            return "bad"
        case "Inspecting" | "Training" | "Evaluating" | "Predicting":
            return "busy"
    return ""
