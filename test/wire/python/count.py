"""One line per check, and the sum."""


class Count:
    def __init__(self, client):
        self.client, self.passed, self.failed = client, 0, 0

    def check(self, what, good, why=""):
        if good:
            self.passed += 1
            print("ok  %s: %s" % (self.client, what), flush=True)
        else:
            self.failed += 1
            print("FAIL %s: %s: %s" % (self.client, what, why), flush=True)
        return good

    def equal(self, what, got, wanted):
        return self.check(what, got == wanted, "%.300r, not %.300r" % (got, wanted))

    def part(self, name, function, *arguments):
        """Runs one part; what it throws is its failure and ends that part only."""
        try:
            return function(*arguments)
        except Exception as why:
            self.check(name, False, "%s: %s" % (type(why).__name__, why))
            return None
