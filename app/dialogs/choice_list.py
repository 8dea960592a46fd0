"""A list with a key beside each choice, moved through with the arrow keys and taken with Return."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem

ROW_PX = 24


class ChoiceList(QTreeWidget):
    """Two columns: what can be chosen, and its key.

    Signals
    -------
    taken : id of the choice that was clicked or taken with Return.
    """

    taken = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setColumnCount(2)
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.header().setStretchLastSection(False)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.itemClicked.connect(self._take)
        self.itemActivated.connect(self._take)

    def add_choice(self, choice_id: str, text: str, key: str, about: str = "") -> None:
        """Append one choice."""
        item = QTreeWidgetItem([text, key])
        item.setSizeHint(0, QSize(0, ROW_PX))
        item.setData(0, Qt.ItemDataRole.UserRole, choice_id)
        item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        item.setToolTip(0, about)
        self.addTopLevelItem(item)

    def choose(self, choice_id: str) -> None:
        """Stand on a choice; on the first where there is no such one."""
        items = [self.topLevelItem(row) for row in range(self.topLevelItemCount())]
        fitting = [item for item in items if item.data(0, Qt.ItemDataRole.UserRole) == choice_id] or items
        if fitting:
            self.setCurrentItem(fitting[0])

    def move_by(self, n_rows: int) -> None:
        """Stand on the next (1) or previous (-1) choice, around the ends."""
        n_choices = self.topLevelItemCount()
        if n_choices:
            row = self.indexOfTopLevelItem(self.currentItem())
            self.setCurrentItem(self.topLevelItem((row + n_rows) % n_choices))

    def take_current(self) -> None:
        """Take the choice that is stood on."""
        if self.currentItem() is not None:
            self._take(self.currentItem())

    def _take(self, item: QTreeWidgetItem) -> None:
        self.taken.emit(item.data(0, Qt.ItemDataRole.UserRole))
