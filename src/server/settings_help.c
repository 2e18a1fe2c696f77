/* settings_help.c: the table of settings for people: help, manual page, example file. */
#include "server/settings.h"

enum { HELP_WIDTH = 100 };

/* The words of `text` in lines that begin with `prefix` and end before HELP_WIDTH. */
static void wrapped(struct buf *to, str prefix, str text)
{
    size_t column = 0;

    while (str_present(text)) {
        str word = str_cut(&text, ' ');

        if (column > 0 && column + 1 + word.size > HELP_WIDTH) {
            buf_byte(to, '\n');
            column = 0;
        }
        buf_append(to, column == 0 ? prefix : STR(" "));
        buf_append(to, word);
        column += word.size + (column == 0 ? prefix.size : 1);
    }
    buf_byte(to, '\n');
}

/* "default 64MiB, 1MiB to 1TiB, LEAT_TAIL_BYTES" */
static void facts(struct buf *to, const struct setting *row)
{
    char variable[SETTING_NAME_MAX];

    setting_variable(row, variable);
    if (row->fallback && row->type != SETTING_FLAG)
        buf_fmt(to, "default %s, ", row->fallback);
    if (row->min)
        buf_fmt(to, "%s to %s, ", row->min, row->max);
    if (row->type == SETTING_LIST)
        buf_fmt(to, "may be repeated, ");
    buf_fmt(to, "%s", variable);
    if (row->type == SETTING_LIST)
        buf_fmt(to, "=%s,...", row->value);
}

void settings_help(struct buf *to)
{
    size_t count;
    const struct setting *row = settings_rows(&count);

    for (; count > 0; row++, count--) {
        char name[SETTING_NAME_MAX];

        if (row->type == SETTING_GROUP) {
            buf_fmt(to, "\n%s\n", row->manual);
            continue;
        }
        setting_name(row, name);
        buf_fmt(to, "  --%s%s%s  (", name, row->value ? " " : "", row->value ? row->value : "");
        facts(to, row);
        buf_fmt(to, ")\n");
        wrapped(to, STR("      "), str_of(row->manual));
    }
}

/* roff takes '-' for a hyphen, '\' for its own, and a line that begins with '.' or ''' for a request. */
static void roff(struct buf *to, const char *text)
{
    for (const char *at = text; *at; at++) {
        if (at == text && (*at == '.' || *at == '\''))
            buf_append(to, STR("\\&"));
        if (*at == '-')
            buf_append(to, STR("\\-"));
        else if (*at == '\\')
            buf_append(to, STR("\\e"));
        else
            buf_byte(to, *at);
    }
}

void settings_manual(struct buf *to)
{
    size_t count;
    const struct setting *row = settings_rows(&count);

    for (; count > 0; row++, count--) {
        struct buf line;
        char name[SETTING_NAME_MAX];

        if (row->type == SETTING_GROUP) {
            buf_fmt(to, ".SS %s\n", row->manual);
            continue;
        }
        setting_name(row, name);
        buf_fmt(to, ".TP\n\\fB\\-\\-");
        roff(to, name);
        buf_fmt(to, "\\fR \\fI");
        roff(to, row->value ? row->value : "");
        buf_fmt(to, "\\fR\n");
        roff(to, row->manual);
        buf_init(&line, 1024);
        facts(&line, row);
        buf_byte(&line, 0);
        buf_fmt(to, "\n(");
        roff(to, line.err == OK ? line.at : "");
        buf_fmt(to, ")\n");
        buf_deinit(&line);
    }
}

void settings_example(struct buf *to)
{
    size_t count;
    const struct setting *row = settings_rows(&count);

    buf_fmt(to, "# Configuration of Leat: NAME = VALUE lines, read by leat serve --config FILE.\n"
                "# Flags and LEAT_ variables are stronger. Every line here shows the default.\n");
    for (; count > 0; row++, count--) {
        char name[SETTING_NAME_MAX];

        if (row->type == SETTING_GROUP) {
            buf_fmt(to, "\n# ---- %s ----\n", row->manual);
            continue;
        }
        setting_name(row, name);
        buf_byte(to, '\n');
        wrapped(to, STR("# "), str_of(row->manual));
        buf_fmt(to, "#%s = %s\n", name, row->fallback ? row->fallback : row->value);
    }
}
