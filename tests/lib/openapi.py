# SPDX-License-Identifier: Apache-2.0
"""Whether real exchanges are as an OpenAPI file says, and the file is all there is.

openapi.py FILE ROUTES EXCHANGES: ROUTES has a path template a line, of what is
served; each line of EXCHANGES is a JSON object with method, target, status,
type, sent (and sent_type) and got. An operation that no exchange shows, a path
on one side only, a status, a type or a body that is not described: each is a
line of output, and the exit status is 1.
"""
import json
import re
import sys
from urllib.parse import urlsplit

import jsonschema
import yaml

METHODS = ("get", "put", "post", "delete")
faults = []


def plain(node):
    """JSON Schema has no `nullable`, and its own word for what follows from it."""
    if isinstance(node, list):
        return [plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {key: plain(value) for key, value in node.items() if key != "nullable"}
    return {"anyOf": [made, {"type": "null"}]} if node.get("nullable") else made


def resolve(spec, node):
    while "$ref" in node:
        place = spec
        for name in node["$ref"].lstrip("#/").split("/"):
            place = place[name]
        node = place
    return node


def check_body(spec, what, contents, kind, text):
    kind = (kind or "").split(";")[0]
    if kind not in contents:
        faults.append(f"{what}: the type '{kind}' is not described")
        return
    if "json" not in kind:
        return
    schema = dict(contents[kind]["schema"], components=spec["components"])
    validator = jsonschema.Draft7Validator(schema)
    for error in validator.iter_errors(json.loads(text)):
        place = "/".join(str(step) for step in error.absolute_path)
        faults.append(f"{what}: {place}: {error.message[:200]}")


def check_exchange(spec, paths, exchange, seen):
    path = urlsplit(exchange["target"]).path
    method = exchange["method"].lower()
    what = f"{exchange['method']} {path} {exchange['status']}"
    # a literal segment wins over one in braces
    names = sorted((n for n in paths if paths[n].fullmatch(path)), key=lambda n: n.count("{"))
    operation = spec["paths"][names[0]].get(method) if names else None
    if operation is None:
        faults.append(f"{what}: is not described")
        return
    seen.add((names[0], method))
    answer = operation["responses"].get(str(exchange["status"]))
    if exchange["status"] == 401:       # what `security` says of each of them
        answer = {"$ref": "#/components/responses/Error"}
    if answer is None:
        faults.append(f"{what}: the status is not described")
        return
    check_body(spec, what, resolve(spec, answer)["content"], exchange["type"], exchange["got"])
    if exchange.get("sent") and 200 <= exchange["status"] < 300:
        body = resolve(spec, operation["requestBody"])
        check_body(spec, what + " body", body["content"],
                   exchange.get("sent_type") or "application/json", exchange["sent"])


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        spec = plain(yaml.safe_load(file))
    with open(sys.argv[2], encoding="utf-8") as file:
        served = set(file.read().split())
    described = set(spec["paths"])
    for path in sorted(served ^ described):
        faults.append(f"{path}: {'served' if path in served else 'described'} only")
    paths = {name: re.compile(re.sub(r"\{[a-z]+\}", "[^/]+", name)) for name in described}
    seen = set()
    with open(sys.argv[3], encoding="utf-8") as file:
        for line in file:
            check_exchange(spec, paths, json.loads(line), seen)
    for name, item in spec["paths"].items():
        for method in METHODS:
            if method in item and (name, method) not in seen:
                faults.append(f"{method.upper()} {name}: no exchange shows it")
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


sys.exit(main())
