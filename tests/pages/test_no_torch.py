import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("app.py", default_timeout=120).run()
assert not app.exception, app.exception
app.switch_page("pages/1_Difficulty.py").run()
assert not app.exception, app.exception
assert app.dataframe, "the page did not get as far as its table"
for page in ("pages/2_Reliability.py", "pages/3_Gains.py", "pages/6_Data.py"):
    app.switch_page(page).run()
    assert not app.exception, app.exception
print("torch" in sys.modules)
"""


def test_the_server_does_not_import_torch(study):
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert result.stdout.strip() == "False", result.stderr[-2000:]
