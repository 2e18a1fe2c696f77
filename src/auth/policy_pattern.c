/* policy_pattern.c: texts with wildcards and variables.
 *
 * A compiled pattern uses bytes that a policy text may not hold:
 *
 *   \1  any run of characters      \3 name \5             the value of a request key
 *   \2  any one character          \3 name \4 text \5     the same, or `text` if the request does not have it
 *
 * A variable's value is matched as it stands: a star in it is a star. Matching keeps one place to return to (the last
 * star), so it allocates nothing and takes at most pattern times text steps. */
#include "auth/policy_parts.h"

enum { ANY_RUN = 1, ANY_ONE = 2, VARIABLE = 3, DEFAULT = 4, VARIABLE_END = 5 };

/* "${name}" or "${name, 'text'}" at `from`; returns the size of what was read, or 0. */
static size_t compile_variable(str from, char *to, size_t *ret_size)
{
    size_t size = str_index(from, '}') + 1, written = 0;
    str inside, name, fallback;

    if (size > from.size)
        return 0;
    inside = str_slice(from, 2, size - 1);
    if (inside.size == 1 && strchr("*?$", inside.at[0])) {
        to[0] = inside.at[0];
        *ret_size = 1;
        return size;
    }
    fallback = inside;
    name = str_trim(str_cut(&fallback, ','));
    fallback = str_trim(fallback);
    if (name.size == 0)
        return 0;
    if (str_present(fallback) && (fallback.size < 2 || fallback.at[0] != '\'' || !str_ends(fallback, STR("'"))))
        return 0;
    to[written++] = VARIABLE;
    memmove(to + written, name.at, name.size);
    written += name.size;
    if (str_present(fallback)) {
        fallback = str_slice(fallback, 1, fallback.size - 1);
        to[written++] = DEFAULT;
        memmove(to + written, fallback.at, fallback.size);
        written += fallback.size;
    }
    to[written++] = VARIABLE_END;
    *ret_size = written;
    return size;
}

enum err pattern_compile(str *text, bool wild, bool variables)
{
    char *to = (char *)text->at;
    size_t written = 0;

    for (size_t i = 0; i < text->size; i++)
        if ((unsigned char)text->at[i] < 0x20)
            return ERR_MALFORMED;
    for (size_t i = 0; i < text->size;) {
        char c = text->at[i];

        if (variables && str_starts(str_slice(*text, i, text->size), STR("${"))) {
            size_t size, used = compile_variable(str_slice(*text, i, text->size), to + written, &size);

            if (used == 0)
                return ERR_MALFORMED;
            written += size;
            i += used;
            continue;
        }
        to[written++] = wild && c == '*' ? ANY_RUN : wild && c == '?' ? ANY_ONE : c;
        i++;
    }
    text->size = written;
    return OK;
}

bool pattern_has_variables(str pattern)
{
    return str_index(pattern, VARIABLE) < pattern.size;
}

/* A place in a pattern; inside a variable, `value` is what is left of it. */
struct cursor {
    size_t at;
    str value;
};

/* The next literal byte or mark; -1 at the end, -2 if a variable has no value. */
static int cursor_next(struct cursor *cursor, str pattern, bool *ret_literal, struct policy_context *context)
{
    *ret_literal = true;
    while (cursor->value.size == 0) {
        str name, fallback;
        char c;

        if (cursor->at == pattern.size)
            return -1;
        c = pattern.at[cursor->at++];
        if (c != VARIABLE) {
            *ret_literal = c != ANY_RUN && c != ANY_ONE;
            return (unsigned char)c;
        }
        fallback = str_slice(pattern, cursor->at, pattern.size);
        fallback = str_slice(fallback, 0, str_index(fallback, VARIABLE_END));
        cursor->at += fallback.size + 1;
        name = str_cut(&fallback, DEFAULT);
        if (condition_key(context, name, &cursor->value))
            continue;
        if (!str_present(fallback))
            return -2;
        cursor->value = fallback;
    }
    cursor->value = str_slice(cursor->value, 1, cursor->value.size);
    return (unsigned char)cursor->value.at[-1];
}

static int lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

bool pattern_match(str pattern, str text, bool nocase, struct policy_context *context)
{
    struct cursor cursor = { 0 }, star = { 0 };
    size_t at = 0, star_at = 0;
    bool starred = false;

    for (;;) {
        bool literal;
        int c = cursor_next(&cursor, pattern, &literal, context);

        if (c == -2)
            return false;
        if (!literal && c == ANY_RUN) {
            starred = true;
            star = cursor;
            star_at = at;
            continue;
        }
        if (c == -1 && at == text.size)
            return true;
        if (c >= 0 && at < text.size) {
            int t = (unsigned char)text.at[at];

            if (!literal || (nocase ? lower(c) == lower(t) : c == t)) {
                at++;
                continue;
            }
        }
        if (!starred || star_at == text.size)
            return false;
        at = ++star_at;
        cursor = star;
    }
}

/* Cut a compiled pattern at its first colon outside of variables. */
static str cut_part(str *rest)
{
    str whole = *rest;
    bool variable = false;

    for (size_t i = 0; i < whole.size; i++) {
        variable = whole.at[i] == VARIABLE || (variable && whole.at[i] != VARIABLE_END);
        if (!variable && whole.at[i] == ':') {
            *rest = str_slice(whole, i + 1, whole.size);
            return str_slice(whole, 0, i);
        }
    }
    *rest = (str){ 0 };
    return whole;
}

bool pattern_match_arn(str pattern, str arn, struct policy_context *context)
{
    for (size_t part = 0; part < 5; part++) {
        str pattern_part = cut_part(&pattern), arn_part = str_cut(&arn, ':');

        if (!pattern_match(pattern_part, arn_part, /* nocase= */ false, context))
            return false;
        if (!str_present(pattern) || !str_present(arn))
            return str_present(pattern) == str_present(arn) || (part == 0 && str_eq(pattern_part, STR("\1")));
    }
    return pattern_match(pattern, arn, /* nocase= */ false, context);
}
