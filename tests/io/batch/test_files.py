from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from structmask_gui.io.batch.files import find_files, plan_jobs
from structmask_gui.io.extract_files import Input
from structmask_gui.io.results.files import plan_results
from tests.io.batches import make


def names(files):
    return [file.name for file in files]


def test_a_folder_stands_for_its_images(folder):
    deep = folder / "deep"
    deep.mkdir()
    (deep / "c.png").write_bytes(b"x")
    (folder / ".hidden.tif").write_bytes(b"x")
    assert names(find_files([folder])[0]) == ["a.tif", "b.ome.tif", "bad.tif"]
    assert names(find_files([folder], recursive=True)[0])[-1] == "c.png"
    # As the window looks for them: into folders only where a folder holds none itself.
    assert find_files([folder], recursive=None) == find_files([folder])
    assert find_files([folder.parent], recursive=None) == find_files([folder], recursive=True)


def test_patterns_lists_and_files_without_doubles(folder):
    listed = folder / "list.txt"
    listed.write_text("# mine\nb.ome.tif\n\n*.tif\nnone.tif\n", encoding="utf-8-sig")
    files, problems = find_files([str(folder / "a.*"), listed, folder / "a.tif"])
    assert names(files) == ["a.tif", "b.ome.tif", "bad.tif", "none.tif"]
    assert not problems


def test_a_pattern_finds_a_zarr_folder_but_not_what_is_in_it(folder):
    inside = folder / "c.zarr" / "0"
    inside.mkdir(parents=True)
    for place in (inside.parent, inside):
        (place / "zarr.json").write_text("{}")
    (folder / "plain").mkdir()
    assert names(find_files([folder / "*.zarr"])[0]) == ["c.zarr"]
    assert names(find_files([folder / "**" / "*"])[0])[-2:] == ["c.zarr", "notes.md"]


def test_a_name_with_brackets_is_a_file_first(folder):
    odd = folder / "a[1].tif"
    odd.write_bytes(b"x")
    assert find_files([odd])[0] == [odd]


def test_what_stands_for_nothing_is_answered(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty.txt").write_text("# nothing\n")
    (tmp_path / "broken.txt").write_bytes(b"\xff\xfe\x00")
    files, problems = find_files(
        [
            tmp_path / "empty",
            str(tmp_path / "*.tif"),
            tmp_path / "empty.txt",
            tmp_path / "broken.txt",
        ]
    )
    assert files == []
    assert [sentence.split(" ")[0] for sentence in problems] == [
        "empty",
        "*.tif",
        "empty.txt",
        "broken.txt",
    ]


def test_masks_of_an_earlier_run_are_no_images(folder):
    make(folder, None).run()
    files, _ = find_files([folder])
    assert names(files) == ["a.tif", "b.ome.tif", "bad.tif"]
    # The record of a killed run is missing; the mask is still not an image.
    (folder / "a_mask.json").unlink()
    assert names(find_files([folder])[0]) == names(files)
    assert names(find_files([str(folder / "*.npy")])[0]) == []
    (folder / "a_c1_mask.png").write_bytes(b"x")
    assert names(find_files([folder])[0]) == names(files)
    np.save(folder / "mine.npy", np.ones((1, 9), bool))  # exported under a name of one's own
    assert names(find_files([folder])[0]) == names(files)
    # But an image that only sounds like one is kept.
    (folder / "cell_mask.png").write_bytes(b"x")
    assert "cell_mask.png" in names(find_files([folder])[0])


def test_denoised_and_destriped_frames_of_an_earlier_run_are_no_images(folder):
    images = ["a.tif", "b.ome.tif", "bad.tif"]
    made = ["a_denoised.ome.tif", "a_destriped.tif", "b.ome_destriped.tif"]
    for name in made:
        (folder / name).write_bytes(b"x")
    (folder / "a_denoised.json").write_text('{"format": "structmask-denoised", "version": 1}')
    assert names(find_files([folder])[0]) == images
    assert names(find_files([str(folder / "*.tif")])[0]) == images
    # What is named itself is meant.
    (folder / "list.txt").write_text("\n".join(made))
    assert names(find_files([folder / name for name in made])[0]) == made
    assert names(find_files([folder / "list.txt"])[0]) == made
    # Without the record, or without the frames it was made of, it may be all there is.
    (folder / "a_denoised.json").write_text("{}")
    (folder / "a.tif").unlink()
    assert names(find_files([folder])[0]) == [*made[:2], *images[1:]]


def test_one_mask_for_each_file_for_each_folder_and_for_all(folder, tmp_path):
    deep = folder / "deep.2"
    deep.mkdir()
    (deep / "a.tif").write_bytes(b"x")
    files, _ = find_files([folder], recursive=True)
    out = tmp_path / "out"
    per_file = plan_jobs(files, output_dir=out)
    assert [job.files.npy.name for job in per_file] == [
        "a_mask.npy",
        "b_mask.npy",
        "bad_mask.npy",
        "a-2_mask.npy",
    ]
    per_folder = plan_jobs(files, per="folder")
    assert [job.files.npy for job in per_folder] == [
        folder / "images_mask.npy",
        deep / "deep.2_mask.npy",
    ]
    assert [len(job.inputs) for job in per_folder] == [3, 1]
    (everything,) = plan_jobs(files, per="all", output_dir=out)
    assert everything.files.npy == out / "images_mask.npy"
    assert len(everything.inputs) == 4


def test_files_are_opened_as_asked(folder):
    files, _ = find_files([folder])
    jobs = plan_jobs(files, like=Input(files[0], frames=slice(0, 2)))
    assert {job.inputs[0].frames.stop for job in jobs} == {2}


def test_no_two_names_are_equal_with_the_marks_of_their_channels():
    paths, marks = [Path("x/a.tif"), Path("x/a_c1.tif"), Path("y/a_c1.tif")], ["_c1", "", ""]
    planned = plan_results(paths, None, marks)
    named = [one.marked(mark).npy for one, mark in zip(planned, marks, strict=True)]
    assert named == [
        Path("x/a_c1_mask.npy"),
        Path("x/a_c1-2_mask.npy"),
        Path("y/a_c1_mask.npy"),
    ]
    # Which of them are colours is not known yet.
    red = Input(Path(), channel=0)
    jobs = plan_jobs([Path("rgb.tif"), Path("rgb_c0.tif")], like=red)
    assert [job.files.npy.name for job in jobs] == ["rgb_mask.npy", "rgb_c0-2_mask.npy"]
    (job,) = plan_jobs([Path("scan_c1.tif")], like=replace(red, channel=1))
    assert job.files.npy.name == "scan_c1_c1_mask.npy"
