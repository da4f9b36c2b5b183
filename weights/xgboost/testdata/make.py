"""Makes the folders v*: small models that versions of XGBoost of old have saved.

python make.py VERSION…: downloads each from PyPI into an environment of its own. It
is itself to be run with the XGBoost of the tests.
"""

import pathlib
import subprocess
import sys
import tempfile
import venv

here = pathlib.Path(__file__).parent
MODELS = {
    "1.0.2": "binary-logistic,count-poisson-dart",
    "1.2.1": "multi-softprob,reg-gamma",
    "1.7.6": "binary-logistic-cat,multi-softmax-dart",
    "2.1.4": "reg-absoluteerror,reg-quantileerror-cat",
    "3.0.5": "reg-gamma-dart-cat,multi-softprob",
}

for version in sys.argv[1:] or MODELS:
    numpy = "numpy<1.24" if version < "1.7" else "numpy<2"
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = folder + "/bin/python"
        subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", "xgboost==" + version, numpy, "scipy<1.14"], check=True)
        out = here / ("v" + version)
        out.mkdir(exist_ok=True)
        subprocess.run([python, here / "library.py", out, "24", MODELS[version]], check=True)
    if version < "1.3":
        subprocess.run([sys.executable, here / "library.py", out, "24", MODELS[version], "again"], check=True)
