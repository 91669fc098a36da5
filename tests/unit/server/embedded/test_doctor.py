"""Each check of the doctor: passes what is right, and says what is wrong and what to do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from visgate_server.embedded.doctor import (
    check_libraries,
    check_models,
    check_numpy,
    check_onnxruntime,
    check_port,
    check_python,
    check_shared_memory,
    check_tritonserver,
    examine,
)
from visgate_server.embedded.findings import Level, any_problem
from visgate_server.embedded.model_folders import ModelFolder
from visgate_server.embedded.observations import Observations, Packages
from visgate_server.embedded.ports import PortUse
from visgate_server.embedded.shared_memory import SharedMemory
from visgate_server.embedded.triton_wheel import TritonWheel

MEGABYTE = 1 << 20


@pytest.fixture
def wheel(tmp_path: Path) -> TritonWheel:
    """The files of a whole wheel, with stubs for two Pythons."""
    wheel = TritonWheel(tmp_path / "tritonserver", tmp_path / "libraries")
    wheel.libraries.mkdir()
    files = (
        wheel.program,
        wheel.caches / "local" / "libtritoncache_local.so",
        wheel.python_backend / "libtriton_python.so",
        wheel.python_backend / "triton_python_backend_utils.py",
        wheel.stub("3.10"),
        wheel.stub("3.11"),
    )
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return wheel


@pytest.fixture
def healthy(wheel: TritonWheel, tmp_path: Path) -> Observations:
    return Observations(
        python_version="3.11",
        wheel=wheel,
        packages=Packages(numpy="1.26.4", onnxruntime="1.32.0"),
        missing_libraries=(),
        shared_memory=SharedMemory(1024 * MEGABYTE, 1000 * MEGABYTE),
        ports=(PortUse("gRPC", 8001), PortUse("HTTP", 8000), PortUse("metrics", 8002)),
        repository=tmp_path,
        models=(ModelFolder("edges", tmp_path / "edges", tools=("detect_edges",)),),
    )


def test_a_healthy_environment_has_nothing_to_mend(healthy: Observations) -> None:
    findings = examine(healthy)
    assert {finding.level for finding in findings} == {Level.OK}
    assert not any(finding.advice for finding in findings)
    assert {"Python", "numpy", "shared memory", "gRPC port", "HTTP port", "metrics port"} <= {
        finding.check for finding in findings
    }


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"python_version": "3.12"}, "Python"),
        ({"wheel": None}, "tritonserver"),
        ({"packages": Packages("2.0.0", "1.32.0")}, "numpy"),
        ({"packages": Packages("1.26.4", None)}, "onnxruntime"),
        ({"missing_libraries": ("libpython3.11.so.1.0",)}, "shared libraries"),
        ({"shared_memory": SharedMemory(64 * MEGABYTE, 0)}, "shared memory"),
        ({"ports": (PortUse("gRPC", 8001, "is taken"),)}, "gRPC port"),
        ({"models": ()}, "model repository"),
    ],
)
def test_whatever_is_wrong_is_a_problem_with_advice(
    healthy: Observations, change: dict[str, object], check: str
) -> None:
    findings = examine(replace(healthy, **change))  # type: ignore[arg-type]
    assert any_problem(findings)
    (problem,) = [finding for finding in findings if finding.check == check]
    assert problem.level is Level.PROBLEM
    assert problem.advice


@pytest.mark.parametrize(
    ("version", "level"),
    [
        ("1.21.0", Level.OK),
        ("1.26.4", Level.OK),
        ("2.0.0", Level.PROBLEM),
        ("2.3.1", Level.PROBLEM),
        ("2.0.0rc1", Level.PROBLEM),
        ("10.0", Level.PROBLEM),
    ],
)
def test_numpy_2_is_a_problem(version: str, level: Level) -> None:
    finding = check_numpy(Packages(version, "1.32.0"))
    assert finding.level is level
    assert version in finding.found


def test_numpy_2_is_told_with_what_it_does_and_what_to_do() -> None:
    finding = check_numpy(Packages("2.1.0", "1.32.0"))
    assert "empty tensors" in finding.found
    assert "numpy<2" in finding.advice


@pytest.mark.parametrize("packages", [None, Packages(None, None)])
def test_missing_packages_are_problems(packages: Packages | None) -> None:
    assert check_numpy(packages).level is Level.PROBLEM
    assert check_onnxruntime(packages).level is Level.PROBLEM


def test_another_python_is_a_problem() -> None:
    assert check_python("3.11").level is Level.OK
    assert "3.11" in check_python("3.13").advice


def test_a_wheel_with_a_part_missing_is_named_by_that_part(wheel: TritonWheel) -> None:
    assert check_tritonserver(wheel, "3.11").level is Level.OK
    (wheel.caches / "local" / "libtritoncache_local.so").unlink()
    finding = check_tritonserver(wheel, "3.11")
    assert finding.level is Level.PROBLEM
    assert "libtritoncache_local.so" in finding.found


def test_a_wheel_without_this_pythons_stub_says_which_it_has(wheel: TritonWheel) -> None:
    finding = check_tritonserver(wheel, "3.9")
    assert finding.level is Level.PROBLEM
    assert "3.10, 3.11" in finding.found


def test_a_missing_libpython_says_which_package_has_it() -> None:
    finding = check_libraries(("libpython3.11.so.1.0",), "3.11")
    assert finding.level is Level.PROBLEM
    assert "apt-get install libpython3.11" in finding.advice


def test_another_missing_library_is_named() -> None:
    finding = check_libraries(("libexotic.so.3",), "3.11")
    assert finding.level is Level.PROBLEM
    assert "libexotic.so.3" in finding.found
    assert "libpython" not in finding.advice


def test_libraries_that_were_not_looked_at_are_not_called_found() -> None:
    assert check_libraries(None, "3.11").level is not Level.OK


@pytest.mark.parametrize(
    ("free_megabytes", "instances", "level"),
    [
        (300, 12, Level.OK),
        (267, 12, Level.WARNING),
        (64, 12, Level.WARNING),
        (11, 12, Level.PROBLEM),
        (0, 1, Level.PROBLEM),
    ],
)
def test_shared_memory_is_measured_against_the_number_of_instances(
    free_megabytes: int, instances: int, level: Level
) -> None:
    finding = check_shared_memory(SharedMemory(512 * MEGABYTE, free_megabytes * MEGABYTE), instances)
    assert finding.level is level
    assert ("shm-size" in finding.advice) == (level is not Level.OK)


def test_no_shared_memory_at_all_is_a_problem() -> None:
    assert check_shared_memory(None, 1).level is Level.PROBLEM


def test_a_taken_port_names_who_has_it_and_the_option_for_another() -> None:
    finding = check_port(PortUse("gRPC", 8001, "is taken", 4711, "postgres"))
    assert finding.level is Level.PROBLEM
    assert "8001" in finding.found
    assert "postgres" in finding.found
    assert "4711" in finding.found
    assert "--grpc-port" in finding.advice


def test_a_taken_port_whose_holder_is_not_shown_says_so() -> None:
    finding = check_port(PortUse("HTTP", 8000, "is taken"))
    assert finding.level is Level.PROBLEM
    assert "may not see" in finding.found


def test_a_port_of_the_server_itself_is_well() -> None:
    assert check_port(PortUse("gRPC", 8001, "is taken", 7, "tritonserver"), own_pids=frozenset({7})).level is Level.OK


def test_a_port_asked_for_twice_is_a_problem_but_two_to_choose_are_not() -> None:
    http = PortUse("HTTP", 8001)
    assert check_port(PortUse("gRPC", 8001), (PortUse("gRPC", 8001), http)).level is Level.PROBLEM
    assert check_port(PortUse("gRPC", 0), (PortUse("gRPC", 0), PortUse("HTTP", 0))).level is Level.OK


def test_missing_weights_warn_with_the_tools_they_cost(healthy: Observations) -> None:
    hed = ModelFolder(
        "soft_edges",
        healthy.repository / "soft_edges",
        tools=("detect_soft_edges", "detect_sketch"),
        missing_networks=("1/hed.onnx",),
    )
    finding, summary = check_models(replace(healthy, models=(*healthy.models, hed)))
    assert finding.level is Level.WARNING
    for word in ("1/hed.onnx", "detect_soft_edges", "detect_sketch"):
        assert word in finding.found
    assert "make models" in finding.advice
    assert summary.level is Level.OK
    assert "1 of 2" in summary.found


def test_missing_weights_name_the_models_that_call_theirs(healthy: Observations) -> None:
    faces = ModelFolder("faces", healthy.repository / "faces", missing_networks=("1/faces.onnx",))
    describe = ModelFolder("describe", healthy.repository / "describe", calls=("faces",))
    finding, _ = check_models(replace(healthy, models=(faces, describe)))
    assert "describe can do less" in finding.found


def test_a_faulty_folder_warns_and_leaves_the_rest(healthy: Observations) -> None:
    broken = ModelFolder("broken", healthy.repository / "broken", fault="has no 1/model.py")
    findings = check_models(replace(healthy, models=(*healthy.models, broken)))
    assert [finding.level for finding in findings] == [Level.WARNING, Level.OK]
    assert "broken has no 1/model.py" in findings[0].found


def test_a_repository_with_no_complete_model_is_a_problem(healthy: Observations) -> None:
    empty = ModelFolder("soft_edges", healthy.repository / "soft_edges", missing_networks=("1/hed.onnx",))
    assert any_problem(check_models(replace(healthy, models=(empty,))))


def test_a_repository_that_is_not_there_is_a_problem(healthy: Observations) -> None:
    (finding,) = check_models(replace(healthy, repository=healthy.repository / "nowhere"))
    assert finding.level is Level.PROBLEM
    assert "nowhere" in finding.found
