"""The expected end of every real-life case: what it is read as, or the words of its refusal."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Counts = Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Read:
    """A case that is read.

    Attributes:
        n: Its images.
        present: Label -> images that have it.
        kind: Of the data, as --data.kind.
        unknown: Label -> images that it is unknown of; none by default.
        splits: Train, val, test; None where they are drawn.
        flags: Flags that its guesses name, at the least.
        settings: What a person passes besides the kind and the folder.
    """

    n: int
    present: Counts
    kind: str = "table"
    unknown: Counts = field(default_factory=dict)
    splits: tuple[int, int, int] | None = None
    flags: tuple[str, ...] = ()
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A case that is refused in a sentence with these words."""

    words: tuple[str, ...]
    kind: str = "table"
    settings: Mapping[str, object] = field(default_factory=dict)


TAGS = {"clear": 16, "primary": 13, "water": 5}
ANIMALS = {"cat": 15, "dog": 12, "owl": 3}
HATS = {"Bald": 49, "Hat": 25, "Smiling": 41}


def table(labels: str = "labels.csv", *flags: str, **settings: object) -> Read:
    return Read(n=30, present=TAGS, flags=flags, settings={"labels": labels, **settings})


def coco(*flags: str, **settings: object) -> Read:
    return Read(
        kind="coco", n=30, present=ANIMALS, splits=(22, 2, 6), flags=flags, settings=settings
    )


def voc(*splits: int, **settings: object) -> Read:
    given = (splits[0], splits[1], splits[2]) if splits else (20, 4, 6)
    return Read(kind="voc", n=30, present=ANIMALS, splits=given, settings=settings)


IGNORED = Refused(words=("width ('640')", "--data.ignore_columns 'width,source'"))
CASES: dict[str, tuple[Read | Refused, ...]] = {
    "absolute_path": (table("labels.csv", "--data.images"),),
    "case_and_space_labels": (Refused(words=("differ only by case", "Clear")),),
    "celeba_plus_minus_one": (
        Refused(words=("1 and -1 is a usual coding", "--data.minus_one_means absent")),
        Read(n=120, present=HATS, settings={"minus_one_means": "absent"}),
    ),
    "chestxray14_csv": (
        Read(
            n=30,
            present=TAGS | {"No Finding": 6},
            flags=("--data.label_column", "--data.separator", "--data.label_columns"),
            settings={"labels": "Data_Entry.csv"},
        ),
    ),
    "chexpert_csv": (
        Refused(
            words=("Sex ('Female')", "--data.label_columns", "--data.ignore_columns 'Sex,Age"),
            settings={"labels": "train.csv"},
        ),
        Read(
            n=30,
            present={"Edema": 12, "Fracture": 9, "Pneumonia": 3},
            unknown={"Edema": 12, "Fracture": 16, "Pneumonia": 13},
            settings={
                "labels": "train.csv",
                "label_columns": ("Edema", "Fracture", "Pneumonia"),
            },
        ),
    ),
    "coco_BOM": (coco(),),
    "coco_category_id_not_in_categories": (
        Read(kind="coco", n=30, present={"cat": 15, "dog": 12}, splits=(22, 2, 6)),
    ),
    "coco_category_name_a_number": (
        Read(kind="coco", n=30, present={"1": 15, "2": 12, "3": 3}, splits=(22, 2, 6)),
    ),
    "coco_file_name_absolute": (
        Read(kind="coco", n=30, present=ANIMALS, flags=("--data.images",)),
    ),
    "coco_nested_list_of_categories_per_image": (
        Refused(kind="coco", words=("`annotations[0].category_id` must be a number or a text",)),
    ),
    "coco_no_categories": (Refused(kind="coco", words=("must name its labels in `categories`",)),),
    "coco_no_file_name_LVIS": (Refused(kind="coco", words=("missing file: 30",)),),
    "coco_rle_crowd_of_CVAT_masks": (coco("--data.crowd_means"),),
    "comma_in_label": (
        Refused(words=("one label, 'Bag, hand'", "--data.separator")),
        Read(n=30, present={"Bag": 15, "Shoe": 15, "hand": 15}, settings={"separator": ","}),
        Read(n=30, present={"Bag, hand": 15, "Shoe": 15}, settings={"separator": "|"}),
    ),
    "corrupt_middle_png": (
        Refused(words=("unreadable image: 1",), settings={"verify": "decode"}),
        Read(
            n=39,
            present={"cat": 20, "dog": 19, "owl": 20},
            settings={"verify": "decode", "bad_images": "set_aside"},
        ),
    ),
    "duplicate_rows": (
        Refused(words=("contradicting rows: 2 (img003.jpg (row 4), img003.jpg (row 34))",)),
    ),
    "excel_decimal_comma": (table("labels.tsv"),),
    "excel_semicolon": (table("labels.csv", "--data.labels"),),
    "extra_columns": (IGNORED, table(ignore_columns=("width", "source"))),
    "image_column_not_first": (
        table("labels.csv", "--data.image_column", "--data.label_columns"),
        table("l2.csv", "--data.image_column"),
    ),
    "imagefolder_one_table_test_unlabelled": (Read(kind="imagefolder", n=30, present=ANIMALS),),
    "list_spellings": (Refused(words=("Give each label a column of its own",)),),
    "long_table_one_row_per_tag": (Read(n=87, present=HATS, flags=("--data.rows",)),),
    "nan_words_in_list": (
        Read(n=30, present=TAGS, unknown=dict.fromkeys(TAGS, 5), flags=("--data.blank_means",)),
    ),
    "no_extension": (table("labels.csv", "--data.images"),),
    "planet_space_tags": (
        Read(n=30, present=TAGS | {"haze": 6}, flags=("--data.separator", "--data.images")),
        Read(
            n=30,
            present=TAGS | {"haze": 6},
            flags=("--data.separator",),
            settings={"labels": "labels2.csv"},
        ),
    ),
    "roboflow_multilabel_csv": (Read(kind="imagefolder", n=30, present=TAGS, splits=(20, 5, 5)),),
    "roboflow_voc": (
        Read(kind="voc", n=30, present=ANIMALS, splits=(20, 4, 6), flags=("--data.root",)),
    ),
    "set_aside_everything": (Refused(words=("--data.ignore_columns 'width'",)),),
    "split_column_other_name": (
        Read(n=30, present=TAGS, splits=(22, 2, 6), flags=("--data.split_column",)),
    ),
    "tab_in_csv": (table("labels.csv", "--data.labels"),),
    "trailing_space": (table(),),
    "unnamed_index": (table(), table("labels2.csv", "--data.label_columns")),
    "upper_lower_ext": (table("labels.csv", "--data.images"),),
    "voc_gb2312_declared": (
        Read(kind="voc", n=30, present={"猫": 15, "狗": 12, "owl": 3}, splits=(20, 4, 6)),
    ),
    "voc_latin1_declared": (
        Read(kind="voc", n=30, present={"Käse": 15, "dog": 12, "owl": 3}, splits=(20, 4, 6)),
    ),
    "voc_comma_floats": (Refused(kind="voc", words=("unreadable annotation",)),),
    "voc_some_xml_missing": (Refused(kind="voc", words=("missing annotation: 2",)),),
    "voc_train_and_val_lists": (voc(17, 3, 10),),
    "voc_train_list_only": (Read(kind="voc", n=30, present=ANIMALS),),
    "voc_trainval_and_test_lists": (voc(21, 3, 6),),
    "yes_no": (table(),),
    "excel_bom_crlf": (table(),),
    "imagefolder_class_folders": (
        Refused(kind="imagefolder", words=("must hold one of metadata.csv",)),
    ),
    "imagefolder_jsonl": (Read(kind="imagefolder", n=30, present=ANIMALS),),
}
CASES |= {
    f"coco_{name}": (coco(),)
    for name in (
        *("VIA_width_-1", "bbox_empty", "bbox_null", "compressed_rle", "gaps_in_ids"),
        *("file_name_label_studio_backslash", "file_name_with_folder", "no_width_height"),
        *("float_image_id_in_annotations", "image_ids_str_in_images_int_in_annotations"),
        *("no_bbox_image_level_labels", "plain_without_iscrowd", "string_category_ids"),
        *("string_ids_everywhere", "test_has_more_labels"),
    )
}
CASES |= {
    f"voc_{name}": (voc(),)
    for name in (
        *("JPG_images", "difficult_True", "difficult_Unspecified", "filename_differs"),
        *("float_boxes", "jpeg_images", "lists_CRLF_trailing_spaces", "lists_with_BOM"),
        *("lists_with_extension", "namespace", "no_difficult", "no_size", "plain", "png_images"),
        *("self_closing_difficult", "sub_folders", "utf16_xml"),
    )
}
