"""The table of actions is the only place where keys are given, and nothing of it stays hidden."""

import pytest
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMenu, QWidget
from pytestqt.qtbot import QtBot

from app.dialogs.key_sheet import KeySheet
from app.dialogs.palette import CommandPalette
from app.shortcuts import ACTIONS, GROUPS, ActionTable, Needs
from app.steps import CONTROLS
from app.theme import THEMES


@pytest.mark.parametrize("mode", [Needs.REVIEWING, Needs.SCORING])
def test_every_action_has_a_shortcut_that_no_other_has_while_it_can_be_taken(mode: Needs):
    other = (Needs.REVIEWING | Needs.SCORING) & ~mode
    sequences = [QKeySequence(keys).toString() for s in ACTIONS if other not in s.needs for keys in s.shortcuts]
    assert all(spec.shortcuts for spec in ACTIONS)
    assert all(sequences)
    assert len(sequences) == len(set(sequences))


def test_every_action_has_an_id_of_its_own_and_a_group_of_the_menu():
    ids = [spec.action_id for spec in ACTIONS]
    assert len(ids) == len(set(ids))
    assert {spec.group for spec in ACTIONS} == set(GROUPS)


def test_the_key_sheet_shows_every_action(qtbot: QtBot):
    parent = QWidget()
    qtbot.addWidget(parent)
    assert sorted(KeySheet(parent).action_ids) == sorted(spec.action_id for spec in ACTIONS)


def test_the_menu_holds_every_action_and_each_names_its_key(qtbot: QtBot):
    window = QWidget()
    qtbot.addWidget(window)
    table, menu = ActionTable(window), QMenu(window)
    table.fill_menu(menu)
    held = {action.objectName() for group in menu.actions() for action in group.menu().actions()}
    assert held == {spec.action_id for spec in ACTIONS}
    for spec in ACTIONS:
        assert table[spec.action_id].shortcut().toString() in table[spec.action_id].toolTip()


def test_an_action_is_enabled_only_when_all_its_needs_are_met(qtbot: QtBot):
    window = QWidget()
    qtbot.addWidget(window)
    table = ActionTable(window)
    table.set_available(Needs.RECORDING)
    assert table["page_forward"].isEnabled()
    assert not table["accept"].isEnabled()
    table.set_available(Needs.RECORDING | Needs.EVENT | Needs.REVIEWING)
    assert table["accept"].isEnabled()


def test_a_handler_that_is_missing_is_noticed_at_once(qtbot: QtBot):
    window = QWidget()
    qtbot.addWidget(window)
    with pytest.raises(KeyError):
        ActionTable(window).connect_all({})


def test_every_icon_of_the_table_can_be_drawn_in_each_theme(qtbot: QtBot):
    window = QWidget()
    qtbot.addWidget(window)
    table = ActionTable(window)
    for theme in THEMES.values():
        table.set_theme(theme)
        assert all(not table[spec.action_id].icon().isNull() for spec in ACTIONS if spec.icon)


def test_the_actions_that_the_controls_name_exist():
    ids = {spec.action_id for spec in ACTIONS}
    assert {action_id for control in CONTROLS for action_id in control.action_ids} <= ids


def test_the_palette_finds_an_action_by_any_of_its_words_and_takes_it(qtbot: QtBot):
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    table = ActionTable(window)
    table.set_available(Needs.RECORDING)
    palette = CommandPalette(table, window)
    palette.search("page next")
    assert [palette.found[0]] == ["page_forward"]
    with qtbot.waitSignal(table["page_forward"].triggered):
        palette.take("page_forward")
