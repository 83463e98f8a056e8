"""The app: the pages behind their gate. ``streamlit run app.py`` starts it."""

from streamlit import App

from udviz.ui.server.gate import GATE
from udviz.ui.server.listening import lifespan

app = App("overview.py", middleware=GATE, lifespan=lifespan)
