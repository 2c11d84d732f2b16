"""usage: inspect_exports.py MOEC FOLDER: what `moec inspect` finds in the models of FOLDER against their fixture.json.

Ends with an error if a layer that the file has is not found, or is told wrongly.
"""
import concurrent.futures
import json
import os
import subprocess
import sys

# Not recognised in this version. A name goes as soon as its layers are found: then this test fails.
NOT_YET = set()
DTYPES = {"float32": "f32", "float16": "f16", "bfloat16": "bf16"}


def inspect(moec, folder):
    """The layers that moec tells, or an error."""
    done = subprocess.run([moec, "inspect", "--json", os.path.join(folder, "model.onnx")], capture_output=True,
                          text=True, timeout=120)
    if done.returncode:
        return f"exit code {done.returncode}: {done.stderr.strip()}"
    return json.loads(done.stdout)["moe_layers"]


def expected(fixture):
    for layer in fixture["moe_layers"]:
        yield dict(layer, shared=layer["shared"] is not None, dtype=DTYPES[fixture["dtype"]])


def check(moec, folder):
    """None, or what is wrong."""
    with open(os.path.join(folder, "fixture.json")) as file:
        wanted = list(expected(json.load(file)))
    found = inspect(moec, folder)
    if isinstance(found, str):
        return found
    names = [layer.pop("name") for layer in found]
    if len(set(names)) != len(names) or not all(names):
        return f"names of layers: {names}"
    if os.path.basename(folder) in NOT_YET:
        return f"is listed as not recognised, but has {found}" if found else None
    return None if found == wanted else f"expected {wanted}, found {found}"


def main(moec, root):
    folders = sorted(os.path.join(root, name) for name in os.listdir(root)
                     if os.path.exists(os.path.join(root, name, "fixture.json")))
    missing = NOT_YET - {os.path.basename(folder) for folder in folders}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda folder: check(moec, folder), folders))
    wrong = 0
    for folder, problem in zip(folders, results):
        if problem:
            wrong += 1
            print(f"{os.path.basename(folder)}: {problem}")
    print(f"{len(folders) - len(NOT_YET)} models with all layers, {len(NOT_YET)} not recognised in this version")
    if wrong or missing or not folders:
        sys.exit(f"{wrong} wrong; listed and not there: {sorted(missing)}")


main(*sys.argv[1:])
