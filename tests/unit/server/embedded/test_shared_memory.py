"""Only a server's own regions are removed."""

from __future__ import annotations

from pathlib import Path

from visgate_server.embedded.shared_memory import measure_shared_memory, regions, remove_regions


def test_regions_of_others_are_left_alone(tmp_path: Path) -> None:
    for name in ("region_mine_1", "region_mine_2", "region_theirs_1", "mine"):
        (tmp_path / name).touch()
    assert [region.name for region in regions("region_mine_", tmp_path)] == ["region_mine_1", "region_mine_2"]
    assert remove_regions("region_mine_", tmp_path) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "region_theirs_1"]
    assert remove_regions("region_mine_", tmp_path) == 0


def test_the_size_of_a_file_system_is_measured(tmp_path: Path) -> None:
    memory = measure_shared_memory(tmp_path)
    assert memory is not None
    assert 0 < memory.free_bytes <= memory.total_bytes
    assert measure_shared_memory(tmp_path / "nowhere") is None
