"""The page without a terminal: what's asked first, what it shows, and what each key does."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from startos_wrapper.new.page import Left
from startos_wrapper.new.page_state import FIRST, Given, PageState
from startos_wrapper.new.upstream.proposal import Leftover, Proposal, Proposed
from startos_wrapper.new.views import DELETE
from startos_wrapper.questions import asked, read_config
from startos_wrapper.rendering import Template
from tests.conftest import ROOT
from tests.new.page.person import HELLO, WRITTEN, Person, at_the_page, page_of
from tests.test_rendering import SETS

IMAGE = {
    "service_id": "tides",
    "startos": "0.3.5",
    "base": "image",
    "upstream_image": "example.com/tides:1.4",
    "run": "tides",
}


def values(state: PageState) -> dict[str, Any]:
    return {name: given.value for name, given in state.given.items()}


# --- First, what nobody can guess ---------------------------------------------------------------------------------------


def test_the_id_is_proposed_after_the_folder_and_all_else_is_five_keys_away() -> None:
    page = page_of(dest=Path("my-service-startos"))
    person = Person(page.flow())
    assert person.menu.title == "startos"
    person.press()
    assert person.input.text == "my-service"
    person.type(person.input.text).press().press().press()
    assert person.result == WRITTEN
    assert values(page.state) == {"service_id": "my-service", "startos": "0.3.5", "base": "golang", "source": "starter"}


def test_a_folder_whose_name_is_no_id_proposes_none() -> None:
    person = Person(page_of(dest=Path("n8n")).flow()).press("0.3.5")
    assert (person.input.text, person.input.placeholder) == ("", "hello-world")
    assert person.refused("n8n").startswith("use only a-z and single hyphens")


def test_startos_0_4_is_asked_for_first_because_its_ids_have_digits() -> None:
    person = Person(page_of(dest=Path("n8n")).flow()).press("0.4")
    assert person.input.text == "n8n"
    assert person.refused("n8n") == ""


def test_an_image_is_asked_for_and_its_command() -> None:
    person = Person(page_of().flow())
    person.press("0.4").type("tides").press("image")
    assert "tag" in person.refused("nginx:latest")
    person.type("nginx:1.27.3")
    assert (person.input.title, person.input.placeholder) == ("run", "nginx -g 'daemon off;'")
    assert person.input.intro.startswith("Which command starts the service?")
    assert person.refused("nginx -g 'daemon off;").startswith("close the quote ': ")
    assert person.refused("say \"it's").startswith('close the quote ": ')
    assert person.refused("say \\' \"it's\"") == ""
    person.type("nginx -g 'daemon off;'")
    assert person.line("run").value == "nginx -g 'daemon off;'"
    assert person.press().result == WRITTEN


def test_only_what_is_missing_is_asked() -> None:
    person = Person(page_of(IMAGE).flow())
    assert person.press().result == WRITTEN


def test_a_refused_answer_is_asked_again_with_its_text() -> None:
    page = page_of(proposal=Proposal("compose.yml", answers={}), given={**IMAGE, "upstream_image": "tides:latest"})
    person = Person(page.flow())
    assert person.input.text == "tides:latest"
    assert person.refused(person.input.text)
    person.type("tides:1.4")
    assert person.line("upstream_image").value == "tides:1.4"


def test_esc_goes_back_one_question_and_keeps_its_answer() -> None:
    page = page_of()
    person = Person(page.flow())
    person.press("0.4").type("tides").press("rust").press("upstream")
    assert person.line("source").value == "upstream"
    person.back()
    assert (person.menu.title, person.menu.start) == ("source", 1)
    person.back()
    assert (person.menu.title, person.menu.start) == ("base", 1)
    person.back()
    assert (person.input.title, person.input.text) == ("service_id", "tides")
    person.back()
    assert (person.menu.title, person.menu.start) == ("startos", 1)
    person.back()
    assert person.menu.title.startswith("Leave")
    person.press("Go on")
    assert person.menu.title.startswith("New package")


def test_for_startos_0_4_the_page_speaks_of_a_package() -> None:
    person = Person(page_of({**HELLO, "startos": "0.4"}).flow())
    assert person.menu.title.startswith("New package in ")
    assert person.menu.lines[person.menu.start].text == "Write the package"


# --- What the page shows ------------------------------------------------------------------------------------------------


def test_writing_is_preselected_and_each_answer_says_where_it_came_from() -> None:
    page = page_of({**HELLO, "title": "Tides"})
    page.state.given["version"] = Given("1.2", "docker-compose.yml:4")
    page.state.given["license"] = Given("MIT")
    person = Person(page.flow())
    assert person.menu.lines[person.menu.start].text == "Write the wrapper"
    shown = {
        name: (person.line(name).value, person.line(name).origin) for name in ("title", "version", "license", "config")
    }
    assert shown == {
        "title": ("Tides", "-d"), "version": ("1.2", "docker-compose.yml:4"), "license": ("MIT", "you"), "config": ("none", "default"),
    }  # fmt: skip


@pytest.mark.parametrize("name", SETS)
def test_the_answers_are_those_that_copier_would_take(name: str) -> None:
    given = {"service_id": "hello-world", **SETS[name]}
    state = page_of(given).state
    alone = Template().ask(given)
    assert state.faults == {}
    assert (state.looked.values, state.looked.recorded) == (alone.values, alone.recorded)


def test_questions_come_and_go_with_other_answers() -> None:
    person, state = at_the_page()
    assert "upstream_ref" not in person.texts
    person.press("source").press("upstream")
    assert {"upstream_ref", "upstream_repo"} <= set(person.texts)
    assert person.menu.lines[person.menu.start].text == "source"
    person.press("upstream_ref").type("v7")
    person.press("base").press("alpine")
    assert not {"source", "upstream_ref"} & set(person.texts)
    assert "upstream_ref" not in state.applied
    person.press("base").press("golang")
    assert person.line("upstream_ref").value == "v7"


def test_advanced_answers_are_folded_by_topic_until_one_of_them_is_wrong() -> None:
    person, state = at_the_page()
    assert "alerts" not in person.texts
    person.press("Alerts, health checks")
    assert "alerts" in person.texts
    person.press("Alerts, health checks")
    assert "alerts" not in person.texts
    state.set("alerts", {"begin": "x"})
    person.press("Files")
    assert person.line("alerts").fault
    assert person.line("Write").fault == "1 answer to correct first"
    assert state.looked.values["advanced"] is True


def test_an_advanced_answer_makes_the_others_recorded_like_with_copier() -> None:
    person, state = at_the_page()
    assert "ci" not in state.looked.recorded
    person.press("How the wrapper is kept").press("ci").press("none")
    assert state.looked.values["advanced"] is True
    assert person.line("advanced").value == "yes"
    assert person.press("Write").result == WRITTEN


def test_a_wrong_answer_is_opened_before_anything_is_written() -> None:
    person, _ = at_the_page({"title": "x" * 30})
    person.press()
    assert (person.input.title, person.input.text) == ("title", "x" * 30)
    person.type("Tides")
    assert person.press("Write").result == WRITTEN


def test_del_brings_back_what_was_passed_then_the_default() -> None:
    person, _state = at_the_page({"title": "Tides"})
    person.press("title").type("Ebbs")
    assert person.press("title", DELETE).line("title").value == "Tides"
    assert person.press("title", DELETE).line("title").value == "Hello World"
    assert person.line("title").origin == "default"


def test_the_users_own_defaults_are_shown_as_copier_takes_them() -> None:
    page = page_of(HELLO)
    page.state.template.defaults = {"github_user": "satoshi"}
    person = Person(page.flow())
    assert (person.line("github_user").value, person.line("github_user").origin) == ("satoshi", "Copier's settings")
    assert "github_user" not in page.state.applied


# --- What's left over, and what's written -------------------------------------------------------------------------------


def test_a_proposal_shows_places_and_what_is_no_answer() -> None:
    leftover = Leftover("ADMIN_PASSWORD", "secret", "compose.yml:9", "a secret has no value here", "add it to secrets")
    proposal = Proposal("compose.yml", answers={"title": Proposed("Tides", ("compose.yml:2",))}, decide=[leftover])
    person, _ = at_the_page(proposal=proposal)
    assert "ADMIN_PASSWORD" not in person.texts
    person.press("You decide (1)")
    line = person.line("ADMIN_PASSWORD")
    assert (line.origin, line.note) == ("compose.yml:9", "a secret has no value here\nadd it to secrets")


def test_the_reason_why_there_is_no_answer_follows_the_first_answers() -> None:
    def propose(given: Mapping[str, Any]) -> Proposal:
        why = f"{given.get('startos', 'nobody')} says so"
        return Proposal("c.yml", decide=[Leftover("run", "key", "c.yml:4", why, "answer it")])

    page = page_of({"service_id": "tides", "base": "alpine"})
    page.propose = propose
    person = Person(page.flow()).press("0.4")
    assert person.line("run").note.startswith("c.yml:4: 0.4 says so\n")


def test_enter_on_what_is_to_decide_opens_the_answer_that_decides_it() -> None:
    token = Leftover(
        "TOKEN", "secret", "c.yml:9", "a secret", "make it: -d 'secrets={TOKEN: {name: T, show: false}}', or not"
    )
    size = Leftover("shm_size", "key", "c.yml:3", "it's memory", "-d container={shm-size-mb: 64}, in megabytes")
    code = Leftover("build", "key", "c.yml:4", "x", "-d source=upstream -d upstream_repo=URL, or -d source=submodule")
    url = Leftover("DB_URL", "secret", "c.yml:5", "a secret", "set it with a password of the answer secrets in it")
    proxy = Leftover("proxy", "companion", "c.yml:7", "a proxy", "nothing to do")
    person, state = at_the_page(proposal=Proposal("c.yml", decide=[token, size, code, url], left_out=[proxy]))
    person.press("You decide (4)")
    notes = {text: person.line(text).note.partition("\n")[2] for text in ("TOKEN", "shm_size", "build")}
    assert notes == {
        "TOKEN": "make it: {TOKEN: {name: T, show: false}} in the line secrets, or not",
        "shm_size": "{shm-size-mb: 64} in the line container, in megabytes",
        "build": "upstream in the line source, URL in the line upstream_repo, or submodule in the line source",
    }
    assert person.press("TOKEN").view.title == "secrets"
    person.press("Add").type("TOKEN").type("T").back()
    assert person.press("Done").menu.lines[person.menu.start].text == "- You decide (3)"
    assert "TOKEN" in state.value("secrets")
    assert person.press("build").view.title == "source"
    assert person.back().menu.lines[person.menu.start].text == "build"
    assert person.press("DB_URL").view.title == "secrets"
    person.back().press("Left out")
    assert person.line("proxy").enter == ""
    assert person.press("proxy").menu.title.startswith("New wrapper")


def test_the_same_without_questions_is_a_command_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    person, state = at_the_page({"title": "It's"})
    person.press("The same")
    (command,) = [text for text in person.texts if text.startswith("startos-wrapper new")]
    assert command == (
        "startos-wrapper new my-service --defaults -d service_id=hello-world -d 'title=It'\"'\"'s' -d base=golang -d source=starter -d startos=0.3.5"
    )
    state.set("volumes", {"main": "/data"})
    person.press("The same").press("The same")
    assert "startos-wrapper new my-service --defaults --data-file my-service-answers.yml" in person.texts
    text = "\n".join(person.texts[person.texts.index("service_id: hello-world") : -1])
    assert yaml.safe_load(text) == values(state)


def test_for_an_image_the_command_says_what_defaults_would_guess() -> None:
    person, _ = at_the_page(IMAGE)
    person.press("The same")
    assert {"ui_port: 8080", "volumes:"} <= set(person.texts)


# --- Ctrl-C -------------------------------------------------------------------------------------------------------------


def test_ctrl_c_before_any_answer_leaves_at_once() -> None:
    assert Person(page_of().flow()).interrupt().result == Left(write=False)


def test_ctrl_c_offers_to_keep_the_answers_and_data_file_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my-service-answers.yml").touch()
    person, _state = at_the_page()
    person.press("title").type("Tïdes").interrupt()
    assert person.menu.title.startswith("Leave")
    person.press()
    assert person.result == Left(write=False, kept=Path("my-service-answers-2.yml"))
    assert yaml.safe_load(person.result.kept.read_text(encoding="utf-8")) == {**HELLO, "title": "Tïdes"}


@pytest.mark.parametrize("key", ["Go on", "Leave without"])
def test_ctrl_c_can_be_taken_back_and_forgotten(key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    person, _ = at_the_page()
    person.press("title").type("Tides").press("title").interrupt("Tides and").press(key)
    assert list(tmp_path.iterdir()) == []
    if key == "Go on":
        assert (person.input.title, person.input.text) == ("title", "Tides and")
        person.back()
        assert person.line("title").value == "Tides"
    else:
        assert person.result == Left(write=False)


def test_going_on_leads_back_into_the_editor_with_what_was_typed_and_done_there() -> None:
    person, _ = at_the_page({"volumes": {"main": "/data"}})
    person.press("volumes").press("Add").type("logs").interrupt("/va")
    assert "for volumes.logs isn't an answer yet" in person.menu.intro
    person.press("Go on")
    assert (person.input.title, person.input.text) == ("volumes.logs", "/va")
    person.type("/var").interrupt().press("Go on")
    assert person.menu.title == "volumes"
    person.press("Done")
    assert person.line("volumes").value == "{main: /data, logs: /var}"


def test_ctrl_c_keeps_a_text_that_was_typed_before_there_is_any_answer() -> None:
    person = Person(page_of({"startos": "0.3.5"}).flow())
    person.interrupt("tid").press("Go on")
    assert (person.input.title, person.input.text) == ("service_id", "tid")
    assert person.interrupt("tid").interrupt().result == Left(write=False)


def test_ctrl_c_twice_leaves() -> None:
    person, _ = at_the_page()
    assert person.press("title").type("Tides").interrupt().interrupt().result == Left(write=False)


def test_a_file_that_cannot_be_written_is_said_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    person, _ = at_the_page(dest=tmp_path / "x")
    person.press("title").type("Tides").interrupt().press()
    assert "No such file" in person.menu.fault
    person.press("Go on")
    assert person.line("title").value == "Tides"


def test_answers_can_be_kept_at_any_time(tmp_path: Path) -> None:
    person, _ = at_the_page()
    person.press("Keep the answers")
    assert person.refused(f"{tmp_path}/no/answers.yml") == "there's no such folder"
    person.type(f"{tmp_path}/answers.yml")
    assert person.menu.intro == f"The answers are in {tmp_path}/answers.yml."
    assert yaml.safe_load((tmp_path / "answers.yml").read_text()) == HELLO


def test_answers_are_never_kept_over_a_file_or_where_the_wrapper_will_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("notes.txt", "wrapper-answers.yml"):
        Path(name).write_text("mine")
    Path("wrapper-answers-2.yml").symlink_to("gone")
    Path("empty").mkdir()
    person, _ = at_the_page(dest=Path("new/wrapper"))
    person.press("Keep the answers")
    assert person.input.text == "wrapper-answers-3.yml"
    assert person.refused("notes.txt") == "it already exists; type another name"
    assert person.refused("empty") == "it already exists; type another name"
    assert person.refused("wrapper-answers-2.yml")
    assert person.refused("./new") == "the wrapper will be there; type another name"
    person, _ = at_the_page(dest=Path("empty"))
    person.press("Keep the answers")
    assert (
        person.refused("empty") == person.refused("empty/answers.yml") == "the wrapper will be there; type another name"
    )
    monkeypatch.chdir("empty")
    person, _ = at_the_page(dest=Path())
    person.press("Keep the answers")
    assert person.input.text == "../empty-answers.yml"
    person.type(person.input.text)
    assert Path("../notes.txt").read_text() == "mine"
    assert list(Path().iterdir()) == []


# --- One source of questions --------------------------------------------------------------------------------------------

# Answers that make questions appear which need more than their names.
MORE: dict[str, dict[str, Any]] = {
    "upstream_image": {"base": "image", "upstream_image": "tides:1"}, "upstream_ref": {"source": "upstream"}, "submodule": {"source": "submodule"},
    "license_name": {"license": "other"}, "settings": {"config": "script"}, "script_source": {"actions": {
        "reset": {"name": "R", "description": "d", "allowed-statuses": ["running"], "entrypoint": "reset.sh"}
    }},
    "oneshots": {"startos": "0.4"},
}  # fmt: skip


@pytest.mark.parametrize("name", asked(read_config(ROOT)))
def test_every_question_can_be_reached_from_the_page_and_opened(name: str) -> None:
    person, _ = at_the_page(MORE.get(name))
    if name == "upstream_image":
        person.type("tides")
    for topic in [text for text in person.texts if text.startswith("+ ")]:
        person.press(topic[2:])
    assert name in person.texts
    person.press(name)
    assert person.view.title.split(".")[0] == name
    assert person.view.intro
    person.back()
    assert re.match("New (wrapper|package)", person.menu.title)


def test_the_names_that_are_asked_first_are_questions() -> None:
    assert set(FIRST) <= set(asked(read_config(ROOT)))
