import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("overview.py", default_timeout=120).run()
assert not app.exception, app.exception
app.switch_page("pages/1_Difficulty.py").run()
assert not app.exception, app.exception
assert app.dataframe, "the page did not get as far as its table"
for page in ("pages/2_Reliability.py", "pages/3_Gains.py", "pages/6_Data.py"):
    app.switch_page(page).run()
    assert not app.exception, app.exception
print("torch" in sys.modules)
"""
ASKING = """
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("overview.py", default_timeout=120).run()
app.switch_page("pages/5_Attention.py").run()
assert not app.exception, app.exception
assert app.get("image"), "the page did not get as far as its maps"
before = "torch" in sys.modules
next(b for b in app.button if b.label == "Compute evidence").click().run()
assert not app.exception, app.exception
print(before, "torch" in sys.modules)
"""


def printed(program, runs):
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "UDVIZ_RUNS": str(runs)},
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout.strip() or result.stderr[-2000:]


def test_the_server_does_not_import_torch(study):
    assert printed(PROGRAM, study.parent) == "False"


def test_the_attention_page_imports_torch_only_when_an_explanation_is_asked_for(trained):
    assert printed(ASKING, trained.parent) == "False True"
