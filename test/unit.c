#include "unit.h"

static struct unit_test *first, **last = &first;
static unsigned failed_checks;

void unit_add(struct unit_test *test)
{
    *last = test;
    last = &test->next;
}

bool unit_check(bool holds, const char *file, int line, const char *what)
{
    if (!holds) {
        failed_checks++;
        printf("  %s:%d: does not hold: %s\n", file, line, what);
    }
    return holds;
}

bool unit_check_str(str got, str expected, const char *file, int line, const char *what)
{
    if (str_eq(got, expected))
        return true;
    failed_checks++;
    printf("  %s:%d: %s\n    got      %.*s\n    expected %.*s\n", file, line, what, STR_ARG(got), STR_ARG(expected));
    return false;
}

bool unit_check_int(long long got, long long expected, const char *file, int line, const char *what)
{
    if (got == expected)
        return true;
    failed_checks++;
    printf("  %s:%d: %s\n    got      %lld\n    expected %lld\n", file, line, what, got, expected);
    return false;
}

int unit_main(int argc, char **argv)
{
    unsigned passed = 0, failed = 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    for (struct unit_test *test = first; test; test = test->next) {
        if (argc > 1 && strstr(test->name, argv[1]) == NULL)
            continue;
        failed_checks = 0;
        test->run();
        if (failed_checks)
            failed++;
        else
            passed++;
        printf("%s  %s\n", failed_checks ? "FAIL" : "ok  ", test->name);
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed ? 1 : 0;
}
