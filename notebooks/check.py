"""Executes every notebook on the sweep in the folder given, and fails on an exception or an empty figure.

    python notebooks/check.py out/smoke            the notebooks stay as they are
    python notebooks/check.py out/critical-mass --store    store them with these outputs
"""

import base64
import io
import os
import sys
from pathlib import Path

import matplotlib.image
import nbformat
from nbconvert.preprocessors import ExecutePreprocessor

here = Path(__file__).parent
# What no figure with data in it stays below: an empty pair of axes has a handful of grey levels and few dark points.
COLOURS_MIN = 40


def figures(notebook):
    """The pictures of a notebook, with the number of the cell that drew each."""
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                yield number, matplotlib.image.imread(io.BytesIO(base64.b64decode(output["data"]["image/png"])))


def main(folder, store):
    os.environ["CRITMASS_SWEEP"] = str(Path(folder).resolve())
    for path in sorted(here.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        ExecutePreprocessor(timeout=600).preprocess(notebook, {"metadata": {"path": str(here)}})
        wanted = sum("plt.show()" in cell.source for cell in notebook.cells if cell.cell_type == "code")
        drawn = list(figures(notebook))
        if len(drawn) != wanted:
            sys.exit(f"{path.name}: {len(drawn)} figures, but {wanted} cells draw one")
        for number, picture in drawn:
            colours = len({tuple(colour) for row in (picture[::2, ::2] * 255).astype(int).tolist() for colour in row})
            if colours < COLOURS_MIN:
                sys.exit(f"{path.name}: the figure of cell {number} is empty ({colours} colours)")
        if store:
            for cell in notebook.cells:
                cell.metadata.pop("execution", None)
            nbformat.write(notebook, path)
        print(f"{path.name}: {len(drawn)} figures")


if __name__ == "__main__":
    main(sys.argv[1], "--store" in sys.argv[2:])
