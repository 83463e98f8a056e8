"""Predictions of all models, here and in other processes."""

import pickle

import pytest

from tests.analysis.conftest import NAMES, opened, write_cache


def test_another_process_opens_the_files_itself_and_once(caches):
    split = opened(caches)

    sent = pickle.dumps(split)
    there, again = pickle.loads(sent), pickle.loads(sent)

    assert len(sent) < 5_000  # places, no content
    assert there is not split
    assert again is there
    assert there.targets.tolist() == split.targets.tolist()


def test_predictions_that_were_written_anew_meanwhile_are_refused_there(caches):
    split = opened(caches)
    sent, run = pickle.dumps(split), split.models["kd"][3]
    write_cache(
        caches / "kd-3" / "predictions" / "test",
        targets=run.targets,
        logits=run.logits + 1,
        split="test",
        first_row=int(run.images["row"][0]),
    )

    with pytest.raises(ValueError, match=r"kd-3.* must hold the predictions that the analysis beg"):
        pickle.loads(sent)


def test_runs_share_their_list_of_images(caches):
    split = opened(caches)

    assert len({id(run.images) for run in split.runs}) == 1
    assert split.label_names == NAMES
