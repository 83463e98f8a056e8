"""What the form calls the fields of a recipe; flags and files keep their own names."""

import re

SECTIONS = {
    "data": "Data",
    "teacher": "Teacher",
    "student": "Students: shared settings",
    "loss": "Ground-truth losses",
    "augment": "Augmentation",
    "hardware": "Hardware",
    "placement": "Placement",
}
NAMES = {
    "data.kind": "Kind of data",
    "data.root": "Data folder",
    "data.labels": "Label table",
    "data.images": "Image folder",
    "data.splits": "Split table",
    "data.label_column": "Label column",
    "data.blank_means": "A blank cell means",
    "data.minus_one_means": "-1 means",
    "data.masks": "Mask folder",
    "data.mask_labels": "Mask label table",
    "data.year": "VOC year",
    "data.train_annotations": "Training annotations",
    "data.test_annotations": "Test annotations",
    "data.train_images": "Training image folder",
    "data.test_images": "Test image folder",
    "data.val_fraction": "Validation fraction",
    "data.side_px": "Image size (px)",
    "data.bad_images": "Unusable images",
    "data.n_train": "Training images",
    "data.n_val": "Validation images",
    "data.n_test": "Test images",
    "data.seed": "Data seed",
    "teacher.from": "Trained teacher",
    "loss.balance": "Reduction over labels",
    "loss.cal_loss": "Calibration loss",
    "loss.alpha": "Calibration loss weight (α)",
    "loss.unknown_in_training": "Unknown targets in training",
    "augment.smallest_crop": "Smallest crop",
    "augment.flip": "Horizontal flip",
    "augment.erase": "Random erasing probability",
    "hardware.workers": "Data loader processes",
    "hardware.threads": "CPU threads per run",
    "hardware.side_by_side": "Runs side by side",
    "crossfit_folds": "Cross-fitting folds",
    "teacher_seeds": "Teachers",
    "min_positives": "Minimum positives",
    "min_train_positives": "Minimum training positives",
    "reference": "Reference model",
}
NETWORK = {  # of any network: teacher, shared settings, one student
    "weights": "Initial weights",
    "pool": "Pooling",
    "feature_norm": "Feature normalisation",
    "batch_size": "Batch size",
    "backbone_rate": "Backbone learning rate factor",
    "final_learning_rate": "Final learning rate",
    "warmup_epochs": "Warm-up epochs",
    "clip_norm": "Gradient norm limit",
    "patience": "Early stopping patience (epochs)",
}
STUDENT = {
    "loss": "Ground-truth loss",
    "beta": "Ground-truth weight (β)",
    "mld_weight": "MLD weight",
    "cam_weight": "CAM weight",
    "gamma_pos": "ASL γ, positives",
    "gamma_neg": "ASL γ, negatives",
    "clip": "ASL probability margin",
}
METHODS = {
    "none": "None (baseline)",
    "cal": "Calibration loss only",
    "kd": "Knowledge distillation (KD)",
    "pdd": "Prediction distribution distillation (PDD)",
    "ud": "Uncertainty distillation (UD)",
    "mld": "Multi-label logit distillation (MLD)",
    "cam": "Class activation map distillation (CAM)",
}

_FLAG = re.compile(r"--([a-z_]+(?:\.[a-z_]+)+)")


def name_of(field: str) -> str:
    """What the form calls the field with this dotted name."""
    own = field.rpartition(".")[2]
    shared = STUDENT | NETWORK if field.startswith("students.") else NETWORK
    return NAMES.get(field) or shared.get(own) or _plain(own)


def place_of(field: str) -> str:
    """Where the form asks for a field and what it calls it, e.g. ``Teacher: Epochs``."""
    section, *inside = [part for part in field.split(".") if not part.isdigit()]  # of a list
    if section == "students" and inside:
        asked = f": {name_of(field)}" if len(inside) > 1 else ""
        return f"Student {inside[0]}{asked}"
    return f"{SECTIONS[section]}: {name_of(field)}" if section in SECTIONS else name_of(section)


def in_form(text: str) -> str:
    """``text`` with each flag as the form calls its field."""
    return _FLAG.sub(lambda flag: f"“{place_of(flag[1])}”", text)


def _plain(name: str) -> str:
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]
