#!/usr/bin/env python3
"""Prints a CycloneDX 1.6 bill of materials of the program `souk`, as JSON.

    config/deploy/sbom.py > souk.cdx.json
    config/deploy/sbom.py --target aarch64-unknown-linux-gnu > souk.cdx.json

It calls cargo, reads the checksums from Cargo.lock, and needs only Python. The same sources give the same text.
Linked crates have the scope `required`; crates that are only used to compile, such as derive macros, have the
scope `excluded`.
"""

import argparse
import json
import re
import subprocess
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REGISTRY = "registry+https://github.com/rust-lang/crates.io-index"


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--target", default=host(), help="the platform, by default this one")
    target = arguments.parse_args().target
    metadata = json.loads(
        cargo("metadata", "--format-version=1", "--locked", f"--filter-platform={target}")
    )
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    shop = next(it["id"] for it in metadata["packages"] if it["name"] == "souk" and not it["source"])
    compiled = names_of_tree(target, "normal,build")
    linked = names_of_tree(target, "normal,no-proc-macro")
    reached = reach(shop, nodes, packages, compiled)
    checksums = read_checksums()
    components = [
        component(packages[it], checksums, name(packages[it]) in linked) for it in reached if it != shop
    ]
    bill = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": component(packages[shop], checksums, True) | {"type": "application"},
            "properties": [{"name": "cargo:target", "value": target}],
        },
        "components": sorted(components, key=lambda it: it["bom-ref"]),
        "dependencies": sorted(
            (dependency(packages[it], reached[it], packages) for it in reached), key=lambda it: it["ref"]
        ),
    }
    text = json.dumps(bill, sort_keys=True)
    bill["serialNumber"] = uuid.uuid5(uuid.NAMESPACE_URL, text).urn
    print(json.dumps(bill, indent=2))


def cargo(*arguments):
    return subprocess.run(["cargo", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def host():
    said = subprocess.run(["rustc", "-vV"], check=True, stdout=subprocess.PIPE, text=True).stdout
    return re.search(r"^host: (.+)$", said, re.MULTILINE)[1]


def names_of_tree(target, edges):
    """The crates that `cargo tree` lists; it resolves features more exactly than the metadata."""
    tree = cargo("tree", "--locked", "--package=souk", f"--target={target}", f"--edges={edges}", "--prefix=none")
    return {" ".join(line.split()[:2]) for line in tree.splitlines() if line}


def name(package):
    return f"{package['name']} v{package['version']}"


def reach(shop, nodes, packages, compiled):
    """Every package that is compiled into the program, each with the packages it depends on."""
    reached, waiting = {}, [shop]
    while waiting:
        package = waiting.pop()
        if package in reached:
            continue
        needed = {
            dependency["pkg"]
            for dependency in nodes[package]["deps"]
            if any(kind["kind"] != "dev" for kind in dependency["dep_kinds"])
            and name(packages[dependency["pkg"]]) in compiled
        }
        reached[package] = needed
        waiting.extend(needed)
    return reached


def read_checksums():
    entries = (ROOT / "Cargo.lock").read_text().split("[[package]]")[1:]
    field = lambda entry, key: (re.search(rf'^{key} = "(.+)"$', entry, re.MULTILINE) or [None, None])[1]
    return {(field(it, "name"), field(it, "version")): field(it, "checksum") for it in entries}


def reference(package):
    if package["source"] == REGISTRY:
        return f"pkg:cargo/{package['name']}@{package['version']}"
    return f"{package['name']}@{package['version']}"


def component(package, checksums, is_linked):
    described = {
        "type": "library",
        "bom-ref": reference(package),
        "name": package["name"],
        "version": package["version"],
        "scope": "required" if is_linked else "excluded",
        # Older crates write a slash for "or".
        "licenses": [{"expression": re.sub(r"\s*/\s*", " OR ", package["license"])}],
    }
    if package["description"]:
        described["description"] = " ".join(package["description"].split())
    if package["source"] == REGISTRY:
        described["purl"] = reference(package)
    checksum = checksums[package["name"], package["version"]]
    if checksum:
        described["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if package["repository"]:
        described["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return described


def dependency(package, needed, packages):
    return {"ref": reference(package), "dependsOn": sorted(reference(packages[it]) for it in needed)}


if __name__ == "__main__":
    main()
