"""The card for papers: its numbers are those of the tables, and foreign names are text."""

import pandas as pd
import pytest
from markdown_it import MarkdownIt

from tests.pages.synthetic import HOSTILE_NAMES, change_tables, names_of, table_of, write_study
from udviz.export.card import Card, card_of, made_by
from udviz.export.typeset import latex, markdown
from udviz.figures.style.text import number
from udviz.ui.frame.view import view_of
from udviz.ui.load.study import read_study

NAME = "a_b & 50% <b>|\\end{table}"


@pytest.fixture
def study(tmp_path):
    return write_study(tmp_path / "demo", names=names_of(7))


def card(study):
    return card_of(view_of(read_study(study), "test"))


def test_the_card_holds_the_models_their_intervals_and_the_mean_over_the_hardest_third(study):
    found = card(study).models.set_index("Model")

    models, scores, labels = (
        table.query("split == 'test'")
        for table in (table_of(study, name) for name in ("models", "scores", "labels"))
    )
    hardest = labels.nsmallest(3, "difficulty_rank")["label"]
    for _, model in models.iterrows():
        own = scores[scores["model"] == model["model"]]
        row = found.loc[model["model"]]
        assert row["mAP"] == number(model["mean_ap"])
        assert row["95 % interval"].split(" to ") == [
            number(model["mean_ap_low"]),
            number(model["mean_ap_high"]),
        ]
        third = own[own["label"].isin(hardest)]["average_precision"]
        assert len(third) == 3
        assert row["Hardest third"] == number(third.mean())
        assert row["ECE"] == number(own["ece"].mean())


def test_every_comparison_has_its_gain_and_the_count_of_each_verdict(study):
    (row,) = card(study).gains.to_dict("records")

    rows = table_of(study, "comparisons").query("split == 'test'")
    mean, labels = rows[rows["scope"] == "mean"].iloc[0], rows[rows["scope"] == "label"]
    assert row["Comparison"] == "distilled against baseline"
    assert row["Mean gain"] == number(mean["gain"], digits=4, sign=True)
    assert row["95 % interval"].startswith(number(mean["gain_low"], digits=4, sign=True))
    for verdict in ("helped", "hurt", "inconclusive"):
        assert row[verdict.capitalize()] == str((labels["verdict"] == verdict).sum())


def test_a_study_without_comparisons_has_a_card_of_its_models(tmp_path):
    found = card(write_study(tmp_path / "plain", names=["a"], comparisons=()))

    assert found.gains.empty
    assert latex(found).count(r"\begin{tabular}") == 1
    assert markdown(found).count("| :--- |") == 1


def test_the_command_is_as_short_as_it_can_be_typed(study):
    recipe = study / "study.toml"
    recipe.write_text('name = "demo"\nseeds = [0, 1]\n')

    command = made_by(read_study(study))

    assert command.startswith(f"python -m pipelines.study --recipe demo --out {study} ")
    assert "--seeds 0 --seeds 1" in command


@pytest.mark.parametrize("name", ["mine", "../../secret"])
def test_a_recipe_that_does_not_come_along_is_named_by_its_file_and_not_looked_for(study, name):
    (study / "study.toml").write_text(f'name = "{name}"\n')

    assert f"--recipe {study / 'study.toml'}" in made_by(read_study(study))


def test_a_brought_study_tells_the_command_that_compared_it(study):
    (study / "study.toml").write_text('description = "udviz compare a.npz"\n[brought]\n')

    assert made_by(read_study(study)) == "udviz compare a.npz"


@pytest.fixture
def hostile(study):
    """A card whose model `distilled` has a name that would break tables."""
    changed = {
        name: table_of(study, name).replace("distilled", NAME)
        for name in ("models", "scores", "comparisons")
    }
    change_tables(study, **changed)
    return card(study)


def test_names_in_markdown_add_neither_cells_nor_tags(hostile):
    drawn = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown(hostile))

    assert drawn.count("<table>") == 2
    assert drawn.count("<tr>") == 1 + 3 + 1 + 1
    assert "<b>" not in drawn
    assert "<td style" in drawn
    assert "a_b &amp; 50% &lt;b&gt;|\\end{table}" in drawn


def test_names_in_latex_add_neither_cells_nor_commands(hostile):
    text = latex(hostile)

    row, _ = [line for line in text.splitlines() if line.startswith("a\\_b \\& 50\\%")]
    assert row.count(" & ") == len(hostile.models.columns) - 1
    assert text.count(r"\end{table}") == 1
    assert r"\textbackslash{}end\{table\}" in row


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_title_stays_one_line(name):
    rows = pd.DataFrame({"Model": [name]})
    found = Card(title=name, models=rows, gains=rows.iloc[:0], notes=(), command=f"x\n{name}")

    assert len(markdown(found).splitlines()) == 9
    assert all(line.isprintable() for line in latex(found).splitlines())
