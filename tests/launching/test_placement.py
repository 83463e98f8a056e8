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


def test_one_process_is_started_as_it_is():
    assert HERE.command(STUDY, name="mine") == STUDY


def test_several_processes_of_one_machine_meet_on_a_port_of_their_own():
    command = Placement(processes=4).command(STUDY, name="mine")

    assert command == [
        *("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "4"),
        *STUDY,
    ]


def test_several_machines_meet_where_the_person_says(root):
    words = shlex.split(typed(root, machines=3, processes=8, meeting_point="first:29400"))

    assert words[:2] == ["TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1", "python"]
    assert words[2:4] == ["-m", "torch.distributed.run"]
    options = dict(zip(words[4:16:2], words[5:17:2], strict=True))
    assert options == {
        "--nnodes": "3",
        "--nproc-per-node": "8",
        "--max-restarts": "3",
        "--rdzv-backend": "c10d",
        "--rdzv-id": "mine",
        "--rdzv-endpoint": "first:29400",
    }
    assert words[16:] == ["-m", "pipelines.study", "--recipe", "demo", "--out", f"{root}/mine"]


def test_the_machines_of_a_job_meet_where_the_cluster_says():
    together = Placement(on="slurm", machines=2)

    command = together.command(STUDY, name="7", meeting_point="node3:20007")

    assert command[command.index("--rdzv-endpoint") + 1] == "node3:20007"


def test_a_job_is_typed_as_a_launch_that_names_only_what_differs(root):
    assert typed(root, on="slurm", machines=2, partition="gpu", hours=4.0) == (
        f"python -m pipelines.launch --recipe demo --out {root}/mine --placement.on slurm "
        "--placement.machines 2 --placement.partition gpu --placement.hours 4.0"
    )


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"machines": 0}, "--placement.machines: Input should be greater than or equal to 1, got"),
        ({"processes": "many"}, "--placement.processes: Input should be a valid integer"),
        ({"machines": 2}, "--placement: `meeting_point` must be HOST:PORT"),
        ({"meeting_point": "first"}, "--placement.meeting_point: String should match"),
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
