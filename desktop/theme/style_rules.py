"""The rules of the style sheet, with places for tokens. What a widget looks like depends on its dynamic properties."""

from __future__ import annotations

_TEXT = """
* { outline: 0; }
QWidget { color: %(text)s; font-size: %(type_body)dpx; }
QMainWindow, QWidget#page, QDialog { background: %(bg)s; }
QWidget#rail { background: %(rail)s; border-right: 1px solid %(line)s; }
QWidget#top_bar { background: %(bg)s; border-bottom: 1px solid %(line)s; }
QWidget#side_pane { background: %(bg)s; border-right: 1px solid %(line)s; }
QFrame[card="true"] { background: %(card)s; border: 1px solid %(line)s; border-radius: %(radius_card)dpx; }
QFrame[card="true"][tone="bad"] { border-color: %(bad)s; }
QFrame[card="true"][tone="warn"] { border-color: %(warn)s; }
QFrame[card="true"][tone="accent"] { border-color: %(accent)s; background: %(accent_soft)s; }
QFrame[card="true"][clickable="true"]:hover { border-color: %(text3)s; background: %(hover)s; }
QFrame[card="true"][clickable="true"]:focus { border: 2px solid %(accent)s; }
QFrame[banner="bad"] { background: %(bad_soft)s; border: 1px solid %(bad)s; border-radius: %(radius_control)dpx; }
QFrame[banner="warn"] { background: %(warn_soft)s; border: 1px solid %(warn)s; border-radius: %(radius_control)dpx; }
QFrame[banner="ok"] { background: %(ok_soft)s; border: 1px solid %(ok)s; border-radius: %(radius_control)dpx; }
QFrame[banner="info"] { background: %(accent_soft)s; border: 1px solid %(accent)s;
  border-radius: %(radius_control)dpx; }
QFrame[divider="true"] { background: %(line)s; border: 0; max-height: 1px; min-height: 1px; }
QFrame#toast { background: %(card)s; border: 1px solid %(line_strong)s; border-radius: %(radius_card)dpx; }
QFrame#toast[tone="bad"] { border-color: %(bad)s; }
QFrame#toast[tone="ok"] { border-color: %(ok)s; }
QFrame#toast[tone="warn"] { border-color: %(warn)s; }
QFrame#palette, QFrame#sheet { background: %(card)s; border: 1px solid %(line_strong)s;
  border-radius: %(radius_card)dpx; }
QFrame#drop_hint { background: %(accent_soft)s; border: 2px dashed %(accent)s; border-radius: %(radius_card)dpx; }
QLabel { background: transparent; }
QLabel[role="page"] { font-size: %(type_page)dpx; font-weight: 600; }
QLabel[role="section"] { font-size: %(type_section)dpx; font-weight: 600; }
QLabel[role="strong"] { font-weight: 600; }
QLabel[role="muted"] { color: %(text2)s; }
QLabel[role="caption"] { color: %(text2)s; font-size: %(type_caption)dpx; }
QLabel[role="overline"] { color: %(text3)s; font-size: %(type_overline)dpx; font-weight: 600; letter-spacing: 0.4px; }
QLabel[role="error"] { color: %(bad)s; font-size: %(type_caption)dpx; }
QLabel[role="warning"] { color: %(warn)s; font-size: %(type_caption)dpx; }
QLabel[role="good"] { color: %(ok)s; font-size: %(type_caption)dpx; }
QLabel[role="metric"] { font-size: %(type_metric)dpx; font-weight: 600; }
QLabel[role="mono"] { font-family: "JetBrains Mono"; font-size: %(type_caption)dpx; color: %(text2)s; }
QLabel[pill] { border-radius: 10px; padding: 0 9px; min-height: 20px; max-height: 20px;
  font-size: %(type_caption)dpx; font-weight: 600; }
QLabel[pill="ok"] { color: %(ok)s; background: %(ok_soft)s; }
QLabel[pill="bad"] { color: %(bad)s; background: %(bad_soft)s; }
QLabel[pill="warn"] { color: %(warn)s; background: %(warn_soft)s; }
QLabel[pill="info"] { color: %(accent)s; background: %(accent_soft)s; }
QLabel[pill="muted"] { color: %(text2)s; background: %(hover)s; }
QLabel#icon_tile { background: %(accent_soft)s; border-radius: %(radius_control)dpx; }
QLabel[badge="true"] { background: %(accent_fill)s; color: %(on_accent)s; border-radius: 8px; padding: 0 4px;
  min-height: 16px; max-height: 16px; min-width: 8px; font-size: %(type_overline)dpx; font-weight: 600; }
QLabel[key="true"] { background: %(hover)s; color: %(text2)s; border: 1px solid %(line_strong)s;
  border-radius: 5px; padding: 1px 6px; font-size: %(type_overline)dpx; }
"""

_BUTTONS = """
QPushButton { background: %(card)s; border: 1px solid %(line_strong)s; border-radius: %(radius_control)dpx;
  padding: 0 14px; min-height: 28px; font-weight: 500; }
QPushButton:hover { background: %(hover)s; }
QPushButton:pressed { background: %(press)s; }
QPushButton:focus { border: 2px solid %(accent)s; padding: 0 13px; min-height: 26px; }
QPushButton:disabled { color: %(text3)s; border-color: %(line)s; background: %(bg)s; }
QPushButton:checked { background: %(accent_soft)s; border-color: %(accent)s; color: %(accent)s; }
QPushButton[kind="primary"] { background: %(accent_fill)s; border: 1px solid %(accent_fill)s; color: %(on_accent)s;
  font-weight: 600; min-height: 34px; }
QPushButton[kind="primary"]:hover { background: %(accent_fill_hover)s; }
QPushButton[kind="primary"]:focus { border: 2px solid %(text)s; min-height: 32px; }
QPushButton[kind="primary"]:disabled { background: %(hover)s; border-color: %(line)s; color: %(text3)s; }
QPushButton[kind="danger"] { color: %(bad)s; }
QPushButton[kind="danger"]:hover { background: %(bad_soft)s; border-color: %(bad)s; }
QPushButton[kind="danger"]:disabled { color: %(text3)s; }
QPushButton[kind="ghost"] { background: transparent; border: 1px solid transparent; }
QPushButton[kind="ghost"]:hover { background: %(hover)s; }
QPushButton[kind="ghost"]:focus { border: 2px solid %(accent)s; }
QPushButton[kind="link"] { background: transparent; border: 1px solid transparent; color: %(accent)s; padding: 0 4px;
  min-height: 22px; }
QPushButton[kind="link"]:hover { text-decoration: underline; }
QPushButton[kind="link"]:focus { border: 2px solid %(accent)s; padding: 0 3px; min-height: 20px; }
QPushButton[segment="true"] { background: transparent; border: 1px solid transparent;
  border-radius: %(radius_inner)dpx; min-height: 22px; padding: 0 10px; color: %(text2)s; }
QPushButton[segment="true"]:checked { background: %(card)s; border: 1px solid %(line_strong)s; color: %(text)s;
  font-weight: 600; }
QPushButton[segment="true"]:focus { border: 2px solid %(accent)s; min-height: 20px; padding: 0 9px; }
QPushButton[segment="true"][alone="true"]:checked { background: transparent; border-color: transparent;
  padding: 0; text-align: left; }
QPushButton[segment="true"][alone="true"]:focus { border: 2px solid %(accent)s; }
QFrame#segments[alone="true"] { background: transparent; border-color: transparent; }
QFrame#segments { background: %(hover)s; border: 1px solid %(line)s; border-radius: %(radius_control)dpx; }
QPushButton[chip="true"] { border-radius: 13px; min-height: 24px; padding: 0 11px; color: %(text2)s;
  background: transparent; border: 1px solid %(line_strong)s; font-weight: 500; }
QPushButton[chip="true"]:hover { background: %(hover)s; }
QPushButton[chip="true"]:checked { color: %(accent)s; background: %(accent_soft)s; border: 1px solid %(accent)s; }
QPushButton[chip="true"]:focus { border: 2px solid %(accent)s; min-height: 22px; padding: 0 10px; }
QPushButton#search { text-align: left; color: %(text2)s; background: %(field)s; padding: 0 12px; }
QPushButton#search:hover { border-color: %(text3)s; }
QToolButton { background: transparent; border: 1px solid transparent; border-radius: %(radius_control)dpx;
  padding: 5px; }
QToolButton:hover { background: %(hover)s; }
QToolButton:pressed { background: %(press)s; }
QToolButton:checked { background: %(accent_soft)s; }
QToolButton:focus { border: 2px solid %(accent)s; padding: 4px; }
QToolButton::menu-indicator { image: none; }
QPushButton::menu-indicator { image: url(%(picture_down)s); width: 12px; height: 12px; right: 8px;
  subcontrol-origin: padding; subcontrol-position: center right; }
QToolButton#section { font-weight: 600; text-align: left; padding: 8px 0; }
"""

_INPUTS = """
QLineEdit, QAbstractSpinBox, QComboBox, QPlainTextEdit, QTextEdit { background: %(field)s;
  border: 1px solid %(line_strong)s; border-radius: %(radius_control)dpx; padding: 0 10px; min-height: 28px;
  selection-background-color: %(accent_fill)s; selection-color: %(on_accent)s; }
QPlainTextEdit, QTextEdit { padding: 6px 8px; }
QLineEdit:hover, QAbstractSpinBox:hover, QComboBox:hover { border-color: %(text3)s; }
QLineEdit:focus, QAbstractSpinBox:focus, QComboBox:focus { border: 2px solid %(accent)s; padding: 0 9px;
  min-height: 26px; }
QPlainTextEdit:focus, QTextEdit:focus { border: 2px solid %(accent)s; padding: 5px 7px; }
QLineEdit[invalid="true"], QAbstractSpinBox[invalid="true"], QComboBox[invalid="true"] {
  border: 1px solid %(bad)s; background: %(bad_soft)s; }
QLineEdit[invalid="true"]:focus, QAbstractSpinBox[invalid="true"]:focus, QComboBox[invalid="true"]:focus {
  border: 2px solid %(bad)s; }
QLineEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled { color: %(text3)s; background: %(bg)s;
  border-color: %(line)s; }
QLineEdit[plain="true"], QLineEdit[plain="true"]:focus { border: 0; background: transparent; padding: 0;
  font-size: %(type_section)dpx; }
QAbstractSpinBox QLineEdit { border: 0; background: transparent; padding: 0; min-height: 0; }
QAbstractSpinBox QLineEdit:focus { border: 0; padding: 0; min-height: 0; }
QAbstractSpinBox { padding: 0 0 0 1px; }
QAbstractSpinBox:focus { padding: 0; }
QAbstractSpinBox::up-button { subcontrol-origin: border; subcontrol-position: top right;
  width: 22px; height: 15px; border: 0; border-top-right-radius: %(radius_control)dpx; }
QAbstractSpinBox::down-button { subcontrol-origin: border; subcontrol-position: bottom right;
  width: 22px; height: 15px; border: 0; border-bottom-right-radius: %(radius_control)dpx; }
QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover { background: %(hover)s; }
QAbstractSpinBox::up-arrow { image: url(%(picture_up)s); width: 11px; height: 11px; }
QAbstractSpinBox::down-arrow { image: url(%(picture_down)s); width: 11px; height: 11px; }
QComboBox { combobox-popup: 0; }
QComboBox::drop-down { border: 0; width: 26px; }
QComboBox::down-arrow { image: url(%(picture_down)s); width: 14px; height: 14px; }
QComboBox QAbstractItemView { background: %(card)s; border: 1px solid %(line_strong)s;
  border-radius: %(radius_control)dpx; padding: 4px; selection-background-color: %(accent_soft)s;
  selection-color: %(text)s; }
QComboBox QAbstractItemView::item:disabled { color: %(text3)s; }
QComboBox QAbstractItemView::item { min-height: 28px; padding: 0 8px; border-radius: %(radius_inner)dpx; }
QCheckBox, QRadioButton { spacing: %(space_s)dpx; }
QCheckBox::indicator { width: 16px; height: 16px; border: 1px solid %(text3)s; border-radius: 4px;
  background: %(field)s; }
QCheckBox::indicator:checked { background: %(accent_fill)s; border-color: %(accent_fill)s;
  image: url(%(picture_check)s); }
QCheckBox::indicator:indeterminate { background: %(accent_fill)s; border-color: %(accent_fill)s;
  image: url(%(picture_partial)s); }
QCheckBox::indicator:focus { border: 2px solid %(accent)s; }
QRadioButton::indicator { width: 16px; height: 16px; border: 1px solid %(text3)s; border-radius: 9px;
  background: %(field)s; }
QRadioButton::indicator:checked { background: %(accent_fill)s; border-color: %(accent_fill)s;
  image: url(%(picture_dot)s); }
QRadioButton::indicator:focus { border: 2px solid %(accent)s; }
QSlider::groove:horizontal { height: 4px; background: %(line_strong)s; border-radius: 2px; }
QSlider::sub-page:horizontal { background: %(accent_fill)s; border-radius: 2px; }
QSlider::handle:horizontal { width: 14px; height: 14px; margin: -6px 0; border-radius: 8px;
  background: %(on_accent)s; border: 1px solid %(line_strong)s; }
QSlider::handle:horizontal:focus { border: 2px solid %(accent)s; }
QProgressBar { background: %(hover)s; border: 0; border-radius: 3px; min-height: 6px; max-height: 6px; }
QProgressBar::chunk { background: %(accent_fill)s; border-radius: 3px; }
QProgressBar[tone="ok"]::chunk { background: %(ok)s; }
QProgressBar[tone="bad"]::chunk { background: %(bad)s; }
QProgressBar[tone="warn"]::chunk { background: %(warn)s; }
"""

_VIEWS = """
QScrollArea, QListView, QTableView, QTreeView { background: transparent; border: 0; }
QScrollArea > QWidget > QWidget { background: transparent; }
QListView::item, QTreeView::item { border-radius: %(radius_inner)dpx; padding: 4px 8px; }
QListView::item:hover, QTreeView::item:hover { background: %(hover)s; }
QListView::item:selected, QTreeView::item:selected { background: %(accent_soft)s; color: %(text)s; }
QAbstractItemView::indicator { width: 16px; height: 16px; border: 1px solid %(text3)s; border-radius: 4px;
  background: %(field)s; }
QAbstractItemView::indicator:checked { background: %(accent_fill)s; border-color: %(accent_fill)s;
  image: url(%(picture_check)s); }
QTableView { gridline-color: transparent; selection-background-color: %(accent_soft)s; selection-color: %(text)s;
  alternate-background-color: transparent; }
QTableView::item { border-bottom: 1px solid %(line)s; padding: 0 5px; }
QTableView::item:selected { background: %(accent_soft)s; color: %(text)s; }
QTableView:focus { border: 0; }
QHeaderView { background: transparent; border: 0; }
QHeaderView::section { background: transparent; color: %(text3)s; border: 0; border-bottom: 1px solid %(line)s;
  padding: 6px 8px; font-size: %(type_overline)dpx; font-weight: 600; }
QHeaderView::section:hover { color: %(text)s; }
QHeaderView::up-arrow { image: url(%(picture_up)s); width: 10px; height: 10px; }
QHeaderView::down-arrow { image: url(%(picture_down)s); width: 10px; height: 10px; }
QTableCornerButton::section { background: transparent; border: 0; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar::handle:vertical { background: %(line_strong)s; border-radius: 3px; min-height: 32px; margin: 2px; }
QScrollBar::handle:vertical:hover { background: %(text3)s; }
QScrollBar[idle="true"]::handle:vertical { background: transparent; }
QScrollBar:horizontal { background: transparent; height: 10px; }
QScrollBar::handle:horizontal { background: %(line_strong)s; border-radius: 3px; min-width: 32px; margin: 2px; }
QScrollBar::handle:horizontal:hover { background: %(text3)s; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page { background: transparent;
  border: 0; width: 0; height: 0; }
QAbstractScrollArea::corner { background: transparent; }
QSplitter::handle { background: %(line)s; }
QSplitter::handle:hover { background: %(accent)s; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QToolTip { background: %(card)s; color: %(text)s; border: 1px solid %(line_strong)s; padding: 6px 8px; }
QMenu { background: %(card)s; border: 1px solid %(line_strong)s; border-radius: %(radius_control)dpx; padding: 5px; }
QMenu::item { padding: 6px 24px 6px 10px; border-radius: %(radius_inner)dpx; }
QMenu::item:selected { background: %(accent_soft)s; }
QMenu::item:disabled { color: %(text3)s; }
QMenu::separator { height: 1px; background: %(line)s; margin: 4px 6px; }
QMenu::right-arrow { image: url(%(picture_right)s); width: 12px; height: 12px; }
QPlainTextEdit#log { font-family: "JetBrains Mono"; font-size: %(type_caption)dpx; background: %(card)s;
  border-color: %(line)s; }
"""

RULES = _TEXT + _BUTTONS + _INPUTS + _VIEWS
