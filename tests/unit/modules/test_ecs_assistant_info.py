"""The state of agents against the simulator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulator.pytest_plugin import Simulator, start

FLEET = {
    "regions": {
        "cn-hangzhou": {
            "instances": [
                {"name": "up", "instance_id": "i-up"},
                {"name": "mute", "instance_id": "i-mute", "assistant": "missing"},
                {"name": "off", "instance_id": "i-off", "status": "Stopped"},
                {"name": "wave", "count": 120},
            ]
        }
    }
}


@pytest.fixture(scope="module")
def simulator_process() -> Iterator[Simulator]:
    running = start(FLEET)
    yield running
    assert running.stop() == 0


def test_it_tells_who_can_be_reached(run, sim):
    answer = run("ecs_assistant_info", instances=[{"id": one} for one in ("i-up", "i-mute", "i-off")])
    assert [one["online"] for one in answer["results"]] == [True, False, False]
    up, mute, _off = answer["results"]
    assert up["version"] and up["last_heartbeat"] and up["active_tasks"] == 0 and up["last_invoked"] is None
    assert mute["version"] == "" and mute["last_heartbeat"] is None
    assert not answer["changed"] and not sim.mutating()


def test_a_fleet_is_read_fifty_at_a_time_and_a_wrong_id_is_an_error_of_its_own(run, sim):
    wave = [{"id": one} for one in sim.state()["regions"]["cn-hangzhou"]["instances"] if one not in ("i-mute", "i-off")]
    answer = run("ecs_assistant_info", instances=wave)
    assert len(answer["results"]) == 121 and answer["api_calls"] == {"DescribeCloudAssistantStatus": 3}
    mixed = run("ecs_assistant_info", instances=[{"id": "i-up"}, {"id": "i-none"}], on_item_error="report")
    assert mixed["results"][0]["online"] and mixed["results"][1]["error"]["code"] == "InvalidInstanceId.NotFound"
    assert mixed["results"][1]["online"] is False


def test_an_empty_list_calls_nothing(run, sim):
    assert run("ecs_assistant_info", instances=[])["results"] == [] and sim.count() == 0
