from udviz.recipe.backbones import backbone_facts
from udviz.recipe.pretrained import is_downloaded, weights_here


def test_weights_that_torchvision_has_downloaded_need_no_file(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    assert not is_downloaded("resnet18")

    folder = tmp_path / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / "resnet18-5c106cde.pth").touch()  # other weights of the same network
    assert weights_here() == {}

    (folder / backbone_facts()["resnet18"].weights_file).touch()
    assert weights_here() == {"resnet18": "imagenet"}
    assert not is_downloaded("timm:resnet18")


def test_files_are_known_by_their_names(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    names = ("mobilenet_v2_imagenet.safetensors", "squeezenet1_1_imagenet_features.pth")
    for name in (*names, "vgg16-397923af.pth", "resnet18_imagenet.txt", "resnet50_coco.pth"):
        (tmp_path / name).touch()

    assert weights_here([tmp_path, tmp_path / "none"]) == {
        "mobilenet_v2": str(tmp_path / names[0]),
        "squeezenet1_1": str(tmp_path / names[1]),
        "vgg16": str(tmp_path / "vgg16-397923af.pth"),
    }
