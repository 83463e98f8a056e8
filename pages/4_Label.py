"""Label: why is this label difficult, and which images show it?"""

from udviz.ui import panel, sidebar
from udviz.ui.page import open_page

view = open_page("Label", question="Why is this label difficult, and which images show it?")
names = view.labels["label"].tolist()
opened = sidebar.pick_label(names) or names[0]

panel.show_label(view.labels[view.labels["label"] == opened].iloc[0])
