"""Executes notebooks on the folders given, and fails on an exception or an empty figure.

    python notebooks/check.py outage-surfaces=out/smoke validation=out/small     the notebooks stay as they are
    python notebooks/check.py outage-surfaces=out/one outage-surfaces=out/two …  one notebook on several folders
    python notebooks/check.py validation=out --store                             store them with these outputs

Without --store every notebook of this folder has to be named.

A cell whose metadata name a `picture` has its figure in that file as well, for documents to show: --store writes it, and
otherwise the file has to be the one that is stored in the notebook.
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
# The variable in which each notebook looks for its folder.
VARIABLES = {
    "answers": "CRITMASS_ANSWERS",
    "bottleneck": "CRITMASS_BOTTLENECK",
    "hindcast": "CRITMASS_HINDCAST",
    "mitigations": "CRITMASS_MITIGATIONS",
    "patch-tuesdays": "CRITMASS_PATCH_TUESDAYS",
    "metastable": "CRITMASS_METASTABLE",
    "outage-surfaces": "CRITMASS_SWEEP",
    "validation": "CRITMASS_VALIDATION",
}


def figures(notebook):
    """The pictures of a notebook, with the number of the cell that drew each."""
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                yield number, matplotlib.image.imread(io.BytesIO(base64.b64decode(output["data"]["image/png"])))


def pictures(notebook):
    """The files that documents show, each with its bytes as the notebook has them."""
    for cell in notebook.cells:
        if "picture" in cell.metadata:
            (output,) = (output for output in cell.outputs if "image/png" in output.get("data", {}))
            yield here.parent / cell.metadata["picture"], base64.b64decode(output["data"]["image/png"])


def main(folders, store):
    missing = {path.stem for path in here.glob("*.ipynb")} - {name for name, _ in folders}
    if missing and not store:
        sys.exit(f"no folder was given for {', '.join(sorted(missing))}")
    for name, folder in folders:
        path = here / f"{name}.ipynb"
        os.environ[VARIABLES[name]] = str(Path(folder).resolve())
        notebook = nbformat.read(path, as_version=4)
        for file, picture in [] if store else pictures(notebook):
            if file.read_bytes() != picture:
                sys.exit(f"{file} is not the figure that {path.name} holds: python notebooks/check.py {name}={folder} --store")
        ExecutePreprocessor(timeout=600).preprocess(notebook, {"metadata": {"path": str(here)}})
        wanted = sum("plt.show()" in cell.source for cell in notebook.cells if cell.cell_type == "code")
        drawn = list(figures(notebook))
        # A sweep without uncertain inputs, or with one axis, has fewer.
        if not 1 <= len(drawn) <= wanted:
            sys.exit(f"{path.name} on {folder}: {len(drawn)} figures, but {wanted} cells draw one")
        for number, picture in drawn:
            colours = len({tuple(colour) for row in (picture[::2, ::2] * 255).astype(int).tolist() for colour in row})
            if colours < COLOURS_MIN:
                sys.exit(f"{path.name}: the figure of cell {number} is empty ({colours} colours)")
        if store:
            for cell in notebook.cells:
                cell.metadata.pop("execution", None)
            nbformat.write(notebook, path)
            for file, picture in pictures(notebook):
                file.write_bytes(picture)
        print(f"{path.name} on {folder}: {len(drawn)} figures")


if __name__ == "__main__":
    main([tuple(argument.split("=", 1)) for argument in sys.argv[1:] if argument != "--store"], "--store" in sys.argv)
