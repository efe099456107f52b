"""Scored frames as validate, model and power read them."""

from __future__ import annotations

import pytest
import scored_rows

from pipeline.declaration import StudyError
from pipeline.stages.artefacts import Workspace
from pipeline.stages.scored import frame_paths, read_frames


def test_frames_are_read_by_level_as_they_were_written(tmp_path):
    study, frames = scored_rows.study(), scored_rows.frames()
    found = read_frames(study, scored_rows.workspace(tmp_path, frames))
    assert list(found) == list(study.levels)
    assert all(found[level].equals(frames[level]) for level in frames)


@pytest.mark.parametrize("lacking", ["client", "staff", "team"])
def test_a_study_that_has_not_been_scored_is_told_what_to_do(tmp_path, lacking):
    study = scored_rows.study()
    workspace = scored_rows.workspace(tmp_path, scored_rows.frames())
    (path,) = (path for path in frame_paths(study, workspace) if path.stem == lacking)
    path.unlink()
    with pytest.raises(StudyError, match="the study has no scores yet") as caught:
        read_frames(study, Workspace(tmp_path, "made"))
    assert "make report STUDY=made makes them" in str(caught.value)
