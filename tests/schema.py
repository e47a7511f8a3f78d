"""Holds the JSON Schema of sweep files against the program: what one takes or refuses, so does the other.

    python tests/schema.py target/release/critmass
"""

import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import jsonschema

program = Path(sys.argv[1]).resolve()
root = Path(__file__).parents[1]
schema = json.loads(subprocess.check_output([program, "reference", "--format", "json-schema"]))
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)


def complaints(text):
    return [error.message for error in validator.iter_errors(tomllib.loads(text))]


def is_taken(text):
    """Whether the program reads a sweep: all mistakes are said before anything is run."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sweep.toml"
        path.write_text(text)
        return subprocess.run([program, "columns", path], capture_output=True).returncode == 0


# Whatever is read fits the schema: the sweeps, the templates, every example of the reference.
good = {path.name: path.read_text() for path in (root / "sweeps").rglob("*.toml")}
with tempfile.TemporaryDirectory() as folder:
    refused = subprocess.run([program, "new", "x", "--template", "?"], capture_output=True, text=True).stderr
    for template in refused.split("[possible values: ")[1].split("]")[0].split(", "):
        subprocess.run([program, "new", template, "--template", template], cwd=folder, check=True, capture_output=True)
        good[template] = (Path(folder) / f"{template}.toml").read_text()
page = subprocess.check_output([program, "reference", "--format", "markdown"], text=True)
for number, example in enumerate(page.split("```toml\n")[1:]):
    example = example.split("```")[0]
    if "{" in example and "[" not in example.split("{")[0]:
        example = "[uncertain]\n" + example
    good[f"example {number}"] = example if example.startswith("name =") else 'name = "t"\n' + example
good["quoted"] = 'name = "t"\n[uncertain]\n"login.timeout_s" = { normal = { mean = 60, sd = 1 } }\n'
good["words"] = 'name = "t"\n[[axis]]\nparameter = "login.discipline"\nvalues = ["fifo", "lifo"]\n'
good["infinite"] = 'name = "t"\n[[axis]]\nparameter = "overlay.healing_time_s"\nvalues = [60, inf]\n'
good["seed"] = 'name = "t"\nseed = "18446744073709551615"\n'
good["sobol points"] = 'name = "t"\n[replicates]\nsampling = "sobol"\n' + (
    "[uncertain]\nlogin.timeout_s = { normal = { mean = 60, sd = 1 } }\n"
)
good["latin hypercube"] = 'name = "t"\n[design]\nkind = "latin-hypercube"\npoints = 8\n' + (
    "[[axis]]\nparameter = 'updates.synchronization'\nlinear = { from = 0.0, to = 1.0 }\n"
)
good["points"] = 'name = "t"\n[design]\nkind = "points"\ncells = [[0], [1]]\n' + (
    "[[axis]]\nparameter = 'updates.synchronization'\nvalues = [0.1, 0.7]\n"
)
for name, text in good.items():
    assert is_taken(text), f"{name}: the program refuses it"
    assert not complaints(text), f"{name}: {complaints(text)[:3]}"

# Mistakes that one value shows are shown by both.
bad = [
    'nmae = "t"',
    'name = "T"',
    'seed = "x"',
    "seed = -1",
    "[scenario]\noverlay.slotz = 3",
    "[scenario]\noverlay.slots = 0",
    "[scenario]\noverlay.slots = 7.5",
    "[scenario]\nlogin.discipline = 'LIFO'",
    "[scenario]\nlogin.drop_expired = 1",
    "[scenario]\ntime.horizon_h = inf",
    "[scenario]\nupdates.synchronization = 1.1",
    "[scenario]\npopulation.regions = []",
    "[scenario]\npopulation.regions = [{ name = 'a', utc_offset_h = 20, share = 1 }]",
    "[scenario]\nclients = 5",
    "[population]\nclients = 5",
    "[[shock]]\nat_h = 13\nclient_fraction = 1",
    "[[scenario.shock]]\nclient_fraction = 1",
    "[[scenario.shock]]\nat_h = -1\nclient_fraction = 1",
    "[[scenario.shock]]\nat_h = 13\nclient_fraction = 2",
    "[[scenario.intervention]]\nat_h = 13\noverlay.slots = 3",
    "[axis]\nparameter = 'overlay.slots'\nvalues = [1]",
    "[[axis]]\nparameter = 'overlay.slots'",
    "[[axis]]\nvalues = [1]",
    "[[axis]]\nparameter = 'overlay.slotz'\nvalues = [1]",
    "[[axis]]\nparameter = 'overlay.slots'\nvalues = [0]",
    "[[axis]]\nparameter = 'overlay.slots'\nvalues = []",
    "[[axis]]\nparameter = 'overlay.slots'\nvalues = [1]\nlinear = { from = 1, to = 2, points = 2 }",
    "[[axis]]\nparameter = 'overlay.slots'\nlinear = { from = 0, to = 2, points = 2 }",
    "[[axis]]\nparameter = 'login.discipline'\nlinear = { from = 0, to = 2, points = 2 }",
    "[[axis]]\nparameter = 'overlay.slots'\nname = 'n'\nvalues = [1]",
    "[[axis]]\nname = 'n'\nvariants = [{ overlay.slots = 3 }]",
    "[[axis]]\nname = 'n'\nvariants = [{ label = 'a', overlay.slots = 0 }]",
    "[uncertain]\nlogin.timeout_s = 3",
    "[uncertain]\nlogin.timeout_s = { gamma = { mean = 1, sd = 1 } }",
    "[uncertain]\nlogin.timeout_s = { normal = { mean = 1 } }",
    "[uncertain]\nlogin.timeout_s = { normal = { mean = 1, sd = -1 } }",
    "[uncertain]\nlogin.timeout_s = { normal = { mean = 1, sd = 1 }, factor = { uniform = { from = 1, to = 2 } } }",
    "[uncertain]\nlogin.discipline = { uniform = { from = 1, to = 2 } }",
    "[uncertain]\nlogin.timeout_s = { factor = { factor = { uniform = { from = 1, to = 2 } } } }",
    "[replicates]\nat_least = 0",
    "[replicates]\nhalf_width = 0.5",
    "[replicates]\nconfidence = 95",
    "[traces]\nreplicates = 1",
    "[traces]\nreplicates = 1\nevery_s = 0",
    "[design]\nkind = 'full'",
    "[[axis]]\nname = 'n'\nvariants = [{ label = 'a' }, { label = 'b' }]\n[compare]\nhalf_width = 0.5",
    "[[axis]]\nname = 'n'\nvariants = [{ label = 'a' }, { label = 'b' }]\n[compare]\nreference = []",
    "[uncertain]\nlogin.timeout_s = { normal = { mean = 60, sd = 1 } }\n[rare]\nlevel = 0.5",
    "[uncertain]\nlogin.timeout_s = { normal = { mean = 60, sd = 1 } }\n[rare]\nmethod = 'subset'",
    "[design]\nkind = 'sobol'\npoints = 0",
    "[design]\nkind = 'points'\ncells = [[-1]]",
]
for text in bad:
    text = text if text.startswith(("name", "nmae")) else 'name = "t"\n' + text
    assert not is_taken(text), f"the program takes {text!r}"
    assert complaints(text), f"the schema takes {text!r}"
print(f"the schema: {len(good)} sweeps fit, {len(bad)} mistakes do not, as the program says")
