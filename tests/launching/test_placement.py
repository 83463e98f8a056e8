import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udviz.launching.launch import Plan
from udviz.launching.placement import HERE, Placement, parse_placement
from udviz.recipe.files import read_recipe, recipe_path

STUDY = ["-m", "pipelines.study", "--recipe", "demo"]


def typed(root, **placement):
    recipe = read_recipe(recipe_path("demo"))
    return Plan(source="demo", recipe=recipe, placement=Placement(**placement)).typed(root / "mine")


def test_one_process_is_started_as_it_is(root):
    assert HERE.command(STUDY, root) == STUDY


def test_several_processes_of_one_machine_are_started_by_one_that_leads_them(root):
    command = Placement(processes=4).command(STUDY, root)

    assert command == ["-m", "udviz.launching.together", "--processes", "4", "--", *STUDY]


def test_several_machines_meet_in_the_folder_of_the_study(root):
    words = shlex.split(typed(root, machines=3, processes=8, network="10.1.0.0/16"))

    assert words[:3] == ["python", "-m", "udviz.launching.together"]
    assert dict(zip(words[3:11:2], words[4:11:2], strict=True)) == {
        "--processes": "8",
        "--machines": "3",
        "--network": "10.1.0.0/16",
        "--meet": f"{root}/mine/.meeting",
    }
    study = ["-m", "pipelines.study", "--recipe", "demo", "--out", f"{root}/mine"]
    assert words[11:] == ["--", *study]


def test_a_public_network_is_typed_as_such(root):
    assert " --public -- " in typed(root, machines=2, network="8.8.8.0/24", public=True)


def test_a_job_is_typed_as_a_launch_that_names_only_what_differs(root):
    network = "10.1.0.0/16"
    assert typed(root, on="slurm", machines=2, network=network, partition="gpu", hours=4.0) == (
        f"python -m pipelines.launch --recipe demo --out {root}/mine --placement.on slurm "
        "--placement.machines 2 --placement.network 10.1.0.0/16 --placement.partition gpu "
        "--placement.hours 4.0"
    )


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"machines": 0}, "--placement.machines: Input should be greater than or equal to 1, got"),
        ({"processes": "many"}, "--placement.processes: Input should be a valid integer"),
        ({"machines": 2}, "--placement: --placement.network must be the IPv4 network"),
        ({"machines": 2, "network": "8.8.8.0/24"}, "--placement: --placement.network must be priv"),
        ({"network": "eth0"}, "--placement.network: String should match"),
        ({"partition": "gpu\nrm -rf x"}, "--placement.partition: String should match"),
        ({"account": "a b"}, "--placement.account: String should match"),
        ({"qos": "$(x)"}, "--placement.qos: String should match"),
        ({"on": "cloud"}, "--placement.on: Input should be 'local' or 'slurm', got 'cloud'"),
        ({"hours": float("nan")}, "--placement.hours: Input should be"),
        ({"shell": "x"}, "--placement.shell: Extra inputs are not permitted"),
    ],
)
def test_a_value_that_breaks_the_schema_is_named(values, fault):
    with pytest.raises(ValueError, match="does not work") as caught:
        parse_placement(values)

    assert fault in str(caught.value)


@settings(deadline=None, max_examples=200)
@given(word=st.text(max_size=20))
def test_no_word_for_the_cluster_holds_a_character_that_a_script_reads(word):
    try:
        placement = parse_placement({"on": "slurm", "constraint": word})
    except ValueError:
        return

    assert not set(placement.constraint) & set(" \t\r\n\x0b\x0c\x85\u2028'\"\\`$;<>#!{}~")
