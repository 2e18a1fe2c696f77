"""emit_text.py: what people and fuzzers read: the reference page and the dictionary."""

from model import PRELUDE


def constraint_text(model, target, member):
    shape = model.shapes.get(target)
    traits = model.constraints(shape, member)
    parts = []
    for trait, word in (("length", "length"), ("range", "value")):
        bounds = traits.get(trait)
        if bounds:
            low, high = bounds.get("min"), bounds.get("max")
            parts.append(f"{word} {low}–{high}" if low is not None and high is not None
                         else f"{word} ≥ {low}" if high is None else f"{word} ≤ {high}")  # fmt: skip
    if "pattern" in traits:
        parts.append("`" + traits["pattern"].replace("|", "\\|") + "`")
    if shape and shape.kind == "enum":
        parts.append(" ".join(f"`{m.value}`" for m in shape.members))
    return "; ".join(parts)


def members_table(model, shape):
    lines = ["| member | type | | |", "| --- | --- | --- | --- |"]
    for member in model.body_members(shape):
        kind = member.target
        if kind not in PRELUDE and model.kind_of(kind) == "structure":
            kind = f"[{kind}](#{kind.lower()})"
        need = "required" if "required" in member.traits else ""
        lines.append(f"| {member.name} | {kind} | {need} | {constraint_text(model, member.target, member)} |")
    return lines + [""] if len(lines) > 2 else ["Nothing.", ""]


def operation_text(model, operation):
    lines = [f"### {operation.name}", "", operation.doc or "", ""]
    rate = operation.traits.get("rate")
    facts = [f"Plane: {operation.traits.get('plane', 'none')}."]
    if rate:
        facts.append(f"At most {rate['perSecond']} calls a second per {rate['scope']}.")
    lines += [" ".join(facts), "", "Input:", ""]
    lines += members_table(model, model.shapes[operation.properties["input"]])
    output = operation.properties.get("output")
    lines += ["Output:", ""] + (members_table(model, model.shapes[output]) if output else ["An empty body.", ""])
    errors = operation.properties.get("errors", [])
    return lines + (["Errors: " + ", ".join(errors) + ".", ""] if errors else [])


def page(model, source):
    title = model.service.name if model.service else model.stem
    lines = [f"<!-- Generated from {source}. -->", f"# {title}", ""]
    if model.operations:
        lines += ["## Operations", ""]
    for operation in model.operations:
        lines += operation_text(model, operation)
    lines += ["## Structures", ""]
    for shape in model.data_shapes("structure", "union"):
        if shape.name not in model.in_out:
            lines += [f"### {shape.name}", ""] + ([shape.doc, ""] if shape.doc else []) + members_table(model, shape)
    if model.service:
        lines += ["## Errors", "", "| name | status |", "| --- | --- |"]
        for error in model.service_errors():
            lines.append(f"| {error.traits.get('wireName', error.name)} | {error.traits['httpError']} |")
    return "\n".join(lines) + "\n"


def dictionary(model, source):
    words = {operation.name for operation in model.operations}
    for shape in model.shapes.values():
        if shape.kind == "enum":
            words |= {member.value for member in shape.members}
        elif shape.kind in ("structure", "union"):
            words |= {member.traits.get("jsonName", member.name) for member in shape.members}
    lines = [f"# Generated from {source}."]
    for word in sorted(words):
        lines.append('"' + "".join(c if c.isalnum() or c in "_-. " else f"\\x{ord(c):02X}" for c in word) + '"')
    return "\n".join(lines) + "\n"
