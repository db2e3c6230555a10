"""How well the guard foresees, by walking through what accounts spent; how fast it is, in `speed/`."""

import sys
from pathlib import Path

# Lambda has the code in its root folder, and so have its imports; `python -m` has the repository's.
sys.path.append(str(Path(__file__).parents[1] / "src"))
