"""emit_header.py: the C header of a model: structs, constants, tables by name, handlers."""

from model import member_name, snake

TYPES = {
    "string": "str ", "blob": "str ", "integer": "struct opt_int ", "long": "struct opt_int ",
    "double": "struct opt_double ", "boolean": "struct opt_bool ", "timestamp": "struct opt_ms ",
    "enum": "struct enum_value ",
}  # fmt: skip


def element_type(model, target):
    """The C type of a list element or map value, with a space behind."""
    kind = model.kind_of(target)
    return TYPES.get(kind) or f"struct {model.type_name(target)} "


def member_type(model, target):
    return element_type(model, target) + ("*" if model.kind_of(target) == "structure" else "")


def entry_type(model, shape):
    """Of a map."""
    if model.kind_of(shape.members[1].target) in ("string", "blob"):
        return "struct map_entry "
    return f"struct {model.type_name(shape.name)}_entry "


def comment(doc):
    return [f"/* {doc} */"] if doc else []


def constants(model, shape):
    stem = model.constant_prefix + snake(shape.name).upper()
    return [f"{stem}_{member.name.upper()}" for member in shape.members]


def enums(model):
    lines = []
    for shape in model.data_shapes("enum"):
        lines += [""] + comment(shape.doc) + [f"enum {model.type_name(shape.name)} {{"]
        for number, name in enumerate(constants(model, shape), 1):
            lines.append(f"    {name} = {number},")
        lines.append("};")
    return lines


def collections(model):
    lines = []
    for shape in model.data_shapes("list", "map"):
        of = element_type(model, shape.members[0].target) if shape.kind == "list" else entry_type(model, shape)
        lines += [""] + comment(shape.doc)
        lines += [f"struct {model.type_name(shape.name)} {{", f"    {of}*at;", "    size_t count;", "    bool present;"]
        lines.append("};")
    return lines


def structures(model):
    lines = []
    for shape in model.data_shapes("structure", "union"):
        lines += [""] + comment(shape.doc) + [f"struct {model.type_name(shape.name)} {{"]
        members = model.body_members(shape)
        for member in members:
            lines += ["    " + line for line in comment(member.doc)]
            note = " /* required */" if "required" in member.traits else ""
            lines.append(f"    {member_type(model, member.target)}{member_name(member.name)};{note}")
        if not members:
            lines.append("    char none;")
        lines.append("};")
    for operation in model.operations:
        if "output" not in operation.properties:
            lines += ["", f"struct {output_type(model, operation)} {{", "    char none;", "};"]
    for shape in model.data_shapes("map"):
        if entry_type(model, shape) != "struct map_entry ":
            value = element_type(model, shape.members[1].target)
            lines += ["", f"{entry_type(model, shape)}{{", "    str key;", f"    {value}value;", "};"]
    return lines


def output_type(model, operation):
    name = operation.properties.get("output")
    return model.type_name(name) if name else model.operation_prefix + snake(operation.name) + "_output"


def handler(model, operation):
    name = model.operation_prefix + snake(operation.name)
    given = model.type_name(operation.properties["input"])
    return f"enum err {name}(struct rq *rq, const struct {given} *in, struct {output_type(model, operation)} *out)"


def service(model):
    if not model.service:
        return []
    stem = snake(model.service.name)
    upper = stem.upper()
    lines = ["", "/* The operations by their place in the service's table. */", f"enum {stem}_operation {{"]
    lines += [f"    {upper}_{snake(operation.name).upper()}," for operation in model.operations]
    lines += [f"    {upper}_OPERATION_COUNT", "};", ""]
    lines += [f"extern const struct service {stem}_service;", ""]
    lines += ["/* The handlers, behind one signature, in the same order. Whoever links this needs all of them. */"]
    lines += [f"extern operation_call *const {stem}_calls[{upper}_OPERATION_COUNT];"]
    for operation in model.operations:
        lines += [""] + comment(operation.doc) + [handler(model, operation) + ";"]
    return lines


def header(model, source):
    lines = [f"/* Generated from {source}. */", "#pragma once", "", '#include "shape/shape.h"', ""]
    for shape in model.data_shapes("structure", "union"):
        lines.append(f"struct {model.type_name(shape.name)};")
    for shape in model.data_shapes("map"):
        if entry_type(model, shape) != "struct map_entry ":
            lines.append(f"{entry_type(model, shape).strip()};")
    lines += enums(model) + collections(model) + structures(model) + [""]
    lines += [f"extern const struct shape {model.shape_name(shape.name)};" for shape in tabled(model)]
    return "\n".join(lines + service(model)) + "\n"


def tabled(model):
    kinds = ("structure", "union", "list", "map", "enum", "string", "blob", "integer", "long", "float", "double",
             "boolean", "timestamp")  # fmt: skip
    return model.data_shapes(*kinds)
