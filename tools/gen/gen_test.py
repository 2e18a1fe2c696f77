#!/usr/bin/env python3
"""gen_test.py: the generator refuses what it cannot mean, and its automata agree with Python's own matcher."""

import random
import re
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from emit_header import header  # noqa: E402
from emit_tables import calls, tables  # noqa: E402
from model import Model, snake  # noqa: E402
from parse import ModelError, parse  # noqa: E402
from pattern import Automaton, PatternError  # noqa: E402

HEAD = '$version: "2.0"\nnamespace a\n'


def model(text):
    return Model(parse(HEAD + text, "m.smithy"), "m")


class Names(unittest.TestCase):
    def test_members_become_snake_case(self):
        for name, expected in (
            ("StreamARN", "stream_arn"), ("MaxRecordSizeInKiB", "max_record_size_in_kib"), ("KMSKeyId", "kms_key_id"),
            ("WarmThroughputMiBps", "warm_throughput_mibps"), ("S3TablesConfiguration", "s3_tables_configuration"),
            ("message", "message"), ("HasMoreTags", "has_more_tags"),
        ):  # fmt: skip
            self.assertEqual(snake(name), expected)


class Refusals(unittest.TestCase):
    def refused(self, text, why):
        with self.assertRaisesRegex(ModelError, why):
            model(text)

    def test_faults_are_told_with_file_and_line(self):
        self.refused("structure S {\n  A: Nothing\n}", r"m.smithy:4: A: no shape Nothing")
        self.refused("resource R {}", "not in the subset")
        self.refused("structure S { A: String, A: String }", "given twice")
        self.refused("string S\nstring S", "defined twice")
        self.refused("@length(max: 2)\nstructure S {}", "does not belong")
        self.refused("@errorOrder([B])\nstructure S { A: String }", "no member")
        self.refused('@pattern("(a")\nstring S', "expected")
        self.refused('@pattern("(?<!a)b")\nstring S', "unknown kind of group")
        self.refused("list L { item: String }", "called member")
        self.refused("operation O { input: Missing }", "input must be a structure")
        self.refused("service S { operations: [O] }", "differ")

    def test_two_errors_for_one_kind(self):
        error = '@err("INTERNAL") @error("server") @httpError(500) structure %s { message: String }\n'
        self.refused(error % "A" + error % "B" + "service S { errors: [A, B] }", "stands for INTERNAL already")


class Plain(unittest.TestCase):
    def test_a_model_without_a_service_has_structs_and_no_handlers(self):
        made = model("structure S { A: String, L: L }\nlist L { member: S }")
        self.assertIn("struct l l;", header(made, "m"))
        self.assertNotIn("_service", header(made, "m") + tables(made, "m") + calls(made, "m"))

    def test_a_keyword_is_no_member(self):
        self.assertIn("str default_;", header(model("structure S { Default: String }"), "m"))


class Patterns(unittest.TestCase):
    PATTERNS = [
        r"[a-zA-Z0-9_.-]+", r"0|([1-9]\d{0,38})", r"arn:aws.*:kinesis:.*:\d{12}:.*stream/\S+",
        r"[a-z0-9]{20}-[a-z0-9]{3}",
        r"^(?!aws:)[a-z:]*$", r"^$|[a-z/_]+", r"(?:[A-Za-z0-9+\/]{4})*(?:[A-Za-z0-9+\/]{2}==|[A-Za-z0-9+\/]{3}=)?",
        r"a?b*c+(d|ef){2,3}", r"[^:]*x", r"\w+\s?\W", r"^(?=^\$)(?=^\S+$).*$",
    ]  # fmt: skip

    def test_they_match_what_python_matches(self):
        source = random.Random(7)
        seeds = ["", "0", "12", "a", "arn:aws:kinesis:r:123456789012:stream/x", "a" * 20 + "-abc", "aws:a", "QUJD",
                 "abcddef", "$.a", "a:x", "w !"]  # fmt: skip
        for pattern in self.PATTERNS:
            ours, theirs = Automaton(pattern), re.compile(pattern, re.ASCII)
            for _ in range(400):
                value = list(source.choice(seeds))
                for _ in range(source.randrange(4)):
                    at = source.randrange(len(value) + 1)
                    value[at:at] = source.choice("a0:$ \u00e9=/dex")
                    if source.random() < 0.5:
                        del value[source.randrange(len(value))]
                text = "".join(value)
                self.assertEqual(ours.matches(text), bool(theirs.fullmatch(text)), (pattern, text))

    def test_what_is_not_understood_is_refused(self):
        for pattern in ("(?<=a)b", "((?!a)b)+", "a^b", "*", "\\q"):
            with self.assertRaises(PatternError):
                Automaton(pattern)


if __name__ == "__main__":
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]))
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad} passed, {bad} failed")
    sys.exit(1 if bad else 0)
