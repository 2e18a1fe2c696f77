"""emit_tables.py: the C tables of a model: shapes, patterns, operations, errors; and the thunks to the handlers."""

from emit_header import constants, entry_type, element_type, handler, output_type, tabled
from model import PLANES, SCOPES, member_name, snake

PLACES = {"httpLabel": "SHAPE_IN_PATH", "httpQuery": "SHAPE_IN_QUERY", "httpHeader": "SHAPE_IN_HEADER",
          "httpPayload": "SHAPE_IN_PAYLOAD"}  # fmt: skip


def quoted(text):
    """A C string literal; hex escapes are closed so that no digit can join them."""
    out = []
    for byte in text.encode():
        char = chr(byte)
        if char in '"\\':
            out.append("\\" + char)
        elif 32 <= byte < 127 and char != "?":
            out.append(char)
        else:
            out.append(f"\\{byte:03o}")
    return '"' + "".join(out) + '"'


def string(text):
    """An initialiser for a str; STR() is an expression and may not stand in every initialiser."""
    return f"{{ .at = {quoted(text)}, .size = {len(text.encode())} }}"


def wrapped(values, indent="    "):
    lines, line = [], indent
    for value in values:
        if len(line) + len(value) + 2 > 116:
            lines.append(line.rstrip())
            line = indent
        line += value + ", "
    return lines + [line.rstrip()]


def numbers(kind, name, values):
    return [f"static const {kind} {name}[] = {{"] + wrapped([str(value) for value in values]) + ["};"]


def patterns(model):
    lines = []
    for number, ((text, _), automaton) in enumerate(model.automata.items()):
        name = f"pattern_{number}"
        ascii_classes = [automaton.class_of(code) for code in range(128)]
        beyond = [(0x80, automaton.class_of(0x80))] + [b for b in automaton.breaks if b[0] > 0x80]
        lines += ["", f"/* {text.replace('*/', '* /').replace('/*', '/ *')} */"]
        lines += numbers("uint16_t", name + "_next", [state for row in automaton.next for state in row])
        lines += numbers("uint8_t", name + "_accepts", [int(accepts) for accepts in automaton.accepts])
        lines += numbers("uint16_t", name + "_ascii", ascii_classes)
        lines.append(f"static const struct pattern_break {name}_beyond[] = {{")
        lines += wrapped([f"{{ {first}, {kind} }}" for first, kind in beyond]) + ["};"]
        lines += [f"static const struct shape_pattern {name} = {{", f"    .text = {string(text)},"]
        lines += [f"    .next = {name}_next, .accepts = {name}_accepts, .ascii = {name}_ascii,"]
        lines += [f"    .beyond = {name}_beyond, .beyond_count = {len(beyond)},"]
        lines += [f"    .class_count = {automaton.class_count}, .start = {automaton.start},", "};"]
    return lines


def constraint_fields(model, traits):
    fields = []
    bounds = traits.get("length") or traits.get("range") or {}
    for bound in ("min", "max"):
        if bound in bounds:
            fields.append(f".has_{bound} = true, .{bound} = {bounds[bound]}")
    automaton = model.automaton(traits)
    if automaton:
        fields.append(f".pattern = &{automaton}")
    return fields


def scalar(model, shape, name, kind, traits, storage, wire_name):
    lines = [f"{storage}const struct shape {name} = {{"]
    lines.append(f"    .name = {string(wire_name)}, .kind = SHAPE_{kind.upper()},")
    lines.append(f"    .size = sizeof({element_type(model, shape).strip()}),")
    lines += [f"    {field}," for field in constraint_fields(model, traits)]
    return lines


def enum_tables(model, shape):
    name = model.shape_name(shape.name)
    values = [member.value for member in shape.members]
    printed = shape.traits.get("printOrder", [])
    printed = printed + [value for value in values if value not in printed]
    lines = [f"static const str {name}_names[] = {{"] + [f"    {string(value)}," for value in values] + ["};"]
    lines += [f"static const struct shape_enum {name}_values = {{"]
    lines.append(f"    .names = {name}_names, .count = {len(values)},")
    lines.append(f"    .set = {string('[' + ', '.join(printed) + ']')},")
    lines += ["};"] + scalar(model, shape.name, name, "enum", {}, "", shape.name)
    return lines + [f"    .values = &{name}_values,", "};"]


def target_shape(model, owner, member):
    """The table of a member's target; one of its own if the member adds constraints."""
    if any(trait in member.traits for trait in ("length", "range", "pattern")):
        return f"{model.type_name(owner.name)}_{member_name(member.name)}_shape"
    return model.shape_name(member.target)


def own_shapes(model, owner):
    lines = []
    for member in model.body_members(owner):
        name = target_shape(model, owner, member)
        if name != model.shape_name(member.target):
            kind = model.kind_of(member.target)
            traits = model.constraints(model.shapes.get(member.target), member)
            if kind in ("list", "map", "structure", "enum"):
                model.fail(member, "constraints on a member are for texts and numbers")
            lines += scalar(model, member.target, name, kind, traits, "static ", member.target) + ["};"]
    return lines


def collection(model, shape):
    name = model.shape_name(shape.name)
    struct = f"struct {model.type_name(shape.name)}"
    lines = own_shapes(model, shape)
    lines += [f"const struct shape {name} = {{", f"    .name = {string(shape.name)},"]
    lines.append(f"    .kind = SHAPE_{shape.kind.upper()}, .size = sizeof({struct}),")
    if shape.kind == "map":
        entry = entry_type(model, shape).strip()
        lines.append(f"    .key = &{target_shape(model, shape, shape.members[0])},")
        lines.append(f"    .entry_size = sizeof({entry}), .value_offset = offsetof({entry}, value),")
    else:
        lines.append(f"    .entry_size = sizeof({element_type(model, shape.members[0].target).strip()}),")
    lines.append(f"    .element = &{target_shape(model, shape, shape.members[-1])},")
    lines += [f"    {field}," for field in constraint_fields(model, shape.traits)]
    return lines + ["};"]


def member_row(model, owner, member):
    wire = member.traits.get("jsonName", member.name)
    fields = [f".name = {string(wire)}", f".path = {string(member.name[0].lower() + member.name[1:])}"]
    fields.append(f".shape = &{target_shape(model, owner, member)}")
    fields.append(f".offset = offsetof(struct {model.type_name(owner.name)}, {member_name(member.name)})")
    if "required" in member.traits:
        fields.append(".required = true")
    for trait, place in PLACES.items():
        if trait in member.traits:
            value = member.traits[trait]
            fields.append(f".place = {place}")
            fields.append(f".place_name = {string(wire if value is True else value)}")
    return ["    { " + ",\n      ".join([", ".join(fields[:2]), ", ".join(fields[2:])]) + " },"]


def structure(model, shape):
    name = model.shape_name(shape.name)
    members = model.body_members(shape)
    lines = own_shapes(model, shape)
    if members:
        lines.append(f"static const struct shape_member {name}_members[] = {{")
        for member in members:
            lines += member_row(model, shape, member)
        lines.append("};")
    order = model.error_order(shape)
    if order:
        lines += numbers("uint16_t", name + "_order", order)
    lines += [f"const struct shape {name} = {{", f"    .name = {string(shape.name)}, .kind = SHAPE_STRUCTURE,"]
    lines.append(f"    .size = sizeof(struct {model.type_name(shape.name)}),")
    if members:
        lines.append(f"    .members = {name}_members, .member_count = {len(members)},")
    if order:
        lines.append(f"    .error_order = {name}_order,")
    return lines + ["};"]


def empty_output(model, operation):
    name = output_type(model, operation)
    return ["", f"static const struct shape {name}_shape = {{", f"    .name = {string(operation.name + 'Output')},",
            f"    .kind = SHAPE_STRUCTURE, .size = sizeof(struct {name}),", "};"]  # fmt: skip


def shapes(model):
    lines = []
    for shape in tabled(model):
        lines.append("")
        if shape.kind == "enum":
            lines += enum_tables(model, shape)
        elif shape.kind in ("list", "map"):
            lines += collection(model, shape)
        elif shape.kind in ("structure", "union"):
            lines += structure(model, shape)
        else:
            name, kind = model.shape_name(shape.name), model.kind_of(shape.name)
            lines += scalar(model, shape.name, name, kind, shape.traits, "", shape.name) + ["};"]
    return lines


def operation_row(model, index, operation):
    stem = snake(operation.name)
    lines = [f"    {{ .name = {string(operation.name)}, .index = {index},"]
    lines.append(f"      .input = &{model.shape_name(operation.properties['input'])},")
    lines.append(f"      .output = &{output_type(model, operation)}_shape,")
    if "output" in operation.properties:
        lines.append("      .has_output = true,")
    if model.events_of(operation):
        lines.append(f"      .events = &{model.shape_name(model.events_of(operation))},")
    lines.append(f"      .plane = {PLANES[operation.traits.get('plane', 'none')]},")
    rate = operation.traits.get("rate")
    if rate:
        lines.append(f"      .rate = {{ .per_second = {rate['perSecond']}, .scope = {SCOPES[rate['scope']]}, "
                     f".err = ERR_{rate['err']} }},")  # fmt: skip
    lines.append(f"      .resources = {stem}_resources, .resource_count = {len(model.resources(operation))},")
    if operation.properties.get("errors"):
        lines.append(f"      .errors = {stem}_errors, .error_count = {len(operation.properties['errors'])},")
    http = operation.traits.get("http")
    if http:
        lines.append(f"      .http_method = {string(http['method'])}, .http_uri = {string(http['uri'])},")
        lines.append(f"      .http_status = {http.get('code', 200)},")
    return lines + ["    },"]


def operations(model):
    lines = []
    for operation in model.operations:
        stem = snake(operation.name)
        if "output" not in operation.properties:
            lines += empty_output(model, operation)
        rows = [f"{{ {kind}, {member} }}" for kind, member in model.resources(operation)]
        lines += ["", f"static const struct operation_resource {stem}_resources[] = {{ {', '.join(rows)} }};"]
        errors = ["ERR_" + model.shapes[name].traits["err"] for name in operation.properties.get("errors", [])]
        if errors:
            lines += [f"static const enum err {stem}_errors[] = {{"] + wrapped(errors) + ["};"]
    lines += ["", "static const struct operation operations[] = {"]
    for index, operation in enumerate(model.operations):
        lines += operation_row(model, index, operation)
    return lines + ["};"]


def service(model):
    if not model.service:
        return []
    lines = operations(model) + ["", "static const struct service_error errors[] = {"]
    for error in model.service_errors():
        name = error.traits.get("wireName", error.name)
        lines.append(f"    {{ .err = ERR_{error.traits['err']}, .name = {string(name)}, "
                     f".status = {error.traits['httpError']} }},")  # fmt: skip
    given = model.service
    lines += ["};", "", f"const struct service {snake(given.name)}_service = {{"]
    lines.append(f"    .name = {string(given.name)}, .version = {string(given.properties.get('version', ''))},")
    lines.append(f"    .target_prefix = {string(given.traits.get('targetPrefix', ''))},")
    lines.append(f"    .signing_name = {string(given.traits.get('signingName', ''))},")
    lines.append(f"    .operations = operations, .operation_count = {len(model.operations)},")
    return lines + [f"    .errors = errors, .error_count = {len(model.service_errors())},", "};"]


def tables(model, source):
    body = shapes(model) + service(model)
    lines = [f"/* Generated from {source}. */", f'#include "{model.stem}_model.h"', "", '#include "shape/pattern.h"']
    return "\n".join(lines + patterns(model) + body) + "\n"


def calls(model, source):
    lines = [f"/* Generated from {source}. */", f'#include "{model.stem}_model.h"']
    if not model.service:
        return "\n".join(lines) + "\n"
    for operation in model.operations:
        name = model.operation_prefix + snake(operation.name)
        lines += ["", f"static enum err call_{name}(struct rq *rq, const void *in, void *out)", "{"]
        lines += [f"    return {name}(rq, in, out);", "}"]
    stem = snake(model.service.name)
    lines += ["", f"operation_call *const {stem}_calls[{stem.upper()}_OPERATION_COUNT] = {{"]
    lines += [f"    call_{model.operation_prefix}{snake(operation.name)}," for operation in model.operations]
    return "\n".join(lines + ["};"]) + "\n"
