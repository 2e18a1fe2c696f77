/* unit.h: the whole test framework.
 *
 *   TEST("a torn tail is cut") { CHECK(x == y); CHECK_STR(got, "expected"); }
 *
 * Each TEST registers itself; UNIT_MAIN runs them in the order of the file, or those whose name holds the first
 * argument. A failed check prints where and what, and the test goes on. The last line reads "N passed, N failed". */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

struct unit_test {
    struct unit_test *next;
    const char *name;
    void (*run)(void);
};

void unit_add(struct unit_test *test);
bool unit_check(bool holds, const char *file, int line, const char *what);
bool unit_check_str(str got, str expected, const char *file, int line, const char *what);
bool unit_check_int(long long got, long long expected, const char *file, int line, const char *what);
int unit_main(int argc, char **argv);

/* A small seeded generator for tests with random input: xorshift64*. */
static inline uint64_t unit_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1du;
}

#define UNIT_NAME_(line, what) unit_##what##_##line
#define UNIT_NAME(line, what) UNIT_NAME_(line, what)
#define TEST(title)                                                                                                    \
    static void UNIT_NAME(__LINE__, run)(void);                                                                        \
    __attribute__((constructor)) static void UNIT_NAME(__LINE__, add)(void)                                            \
    {                                                                                                                  \
        static struct unit_test test = { .name = title, .run = UNIT_NAME(__LINE__, run) };                             \
        unit_add(&test);                                                                                               \
    }                                                                                                                  \
    static void UNIT_NAME(__LINE__, run)(void)

#define CHECK(x) unit_check((x), __FILE__, __LINE__, #x)
#define CHECK_STR(got, expected) unit_check_str((got), str_of(expected), __FILE__, __LINE__, #got)
#define CHECK_INT(got, expected) unit_check_int((long long)(got), (long long)(expected), __FILE__, __LINE__, #got)
#define UNIT_MAIN                                                                                                      \
    int main(int argc, char **argv)                                                                                    \
    {                                                                                                                  \
        return unit_main(argc, argv);                                                                                  \
    }
