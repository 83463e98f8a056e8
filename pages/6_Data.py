"""Data: what is in the data set, and which targets look wrong?"""

from udviz.ui import sidebar, tables
from udviz.ui.page import open_page

view = open_page("Data", question="What is in the data set, and which targets look wrong?")
opened = sidebar.pick_label(view.labels["label"].tolist())

tables.draw_labels(view.labels, opened=opened, key="table")
