#!/usr/bin/env python3
"""leat_gen.py MODEL OUTDIR: makes C of a model (see model/README.md).

Writes <name>_model.h, <name>_model.c, <name>_calls.c, <name>.dict and <name>.md into OUTDIR, where <name> is the
model's file name. Nothing is written if the model has a fault.
"""

import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import emit_header  # noqa: E402
import emit_tables  # noqa: E402
import emit_text  # noqa: E402
from model import Model  # noqa: E402
from parse import ModelError, parse  # noqa: E402


def main(model_path, out_dir):
    path = Path(model_path)
    source = f"{path.parent.name}/{path.name}"
    try:
        model = Model(parse(path.read_text(encoding="utf-8"), str(path)), path.stem)
        files = {
            f"{path.stem}_model.h": emit_header.header(model, source),
            f"{path.stem}_model.c": emit_tables.tables(model, source),
            f"{path.stem}_calls.c": emit_tables.calls(model, source),
            f"{path.stem}.dict": emit_text.dictionary(model, source),
            f"{path.stem}.md": emit_text.page(model, source),
        }
    except ModelError as error:
        sys.exit(str(error))
    for name, text in files.items():
        (Path(out_dir) / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
