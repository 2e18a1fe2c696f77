#include "base/date.h"

#include <stdio.h>

enum { SECOND_MS = 1000, DAY_MS = 86400000 };

static const char weekday_names[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char month_names[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

/* Days since 1970-01-01. Years begin in March here, so that the leap day is the last of its year. */
static int64_t days_of_civil(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

struct date date_of(ms at)
{
    int64_t days = at / DAY_MS - (at % DAY_MS < 0);
    int64_t rest = at - days * DAY_MS;
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;

    return (struct date){
        .year = (int32_t)(year_of_era + era * 400 + (month <= 2)),
        .month = (uint8_t)month,
        .day = (uint8_t)(day_of_year - (153 * month_from_march + 2) / 5 + 1),
        .hour = (uint8_t)(rest / 3600000),
        .minute = (uint8_t)(rest / 60000 % 60),
        .second = (uint8_t)(rest / SECOND_MS % 60),
        .millisecond = (uint16_t)(rest % SECOND_MS),
        .weekday = (uint8_t)(((days % 7) + 11) % 7),
    };
}

ms date_ms(struct date date)
{
    int64_t days = days_of_civil(date.year, date.month, date.day);

    return days * DAY_MS + date.hour * 3600000ll + date.minute * 60000ll + date.second * 1000ll + date.millisecond;
}

/* `width` digits; returns what is behind them. */
static char *digits(char *to, int width, int number)
{
    for (int i = width - 1; i >= 0; i--, number /= 10)
        to[i] = (char)('0' + number % 10);
    return to + width;
}

static char *text(char *to, const char *from)
{
    size_t size = strlen(from);

    memcpy(to, from, size);
    return to + size;
}

/* "12:34:56" */
static char *clock_digits(char *to, struct date d)
{
    to = text(digits(to, 2, d.hour), ":");
    to = text(digits(to, 2, d.minute), ":");
    return digits(to, 2, d.second);
}

size_t date_format_basic(ms at, char ret_text[static DATE_TEXT_MAX])
{
    struct date d = date_of(at);

    return (size_t)snprintf(ret_text, DATE_TEXT_MAX, "%04d%02d%02dT%02d%02d%02dZ", d.year, d.month, d.day, d.hour,
                            d.minute, d.second);
}

size_t date_format_iso(ms at, char ret_text[static DATE_TEXT_MAX])
{
    struct date d = date_of(at);

    return (size_t)snprintf(ret_text, DATE_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", d.year, d.month, d.day,
                            d.hour, d.minute, d.second, d.millisecond);
}

size_t date_format_http(ms at, char ret_text[static DATE_TEXT_MAX])
{
    struct date d = date_of(at);
    char *to = text(text(ret_text, weekday_names[d.weekday]), ", ");

    to = text(digits(to, 2, d.day), " ");
    to = text(text(to, month_names[d.month - 1]), " ");
    to = text(digits(to, 4, d.year), " ");
    to = text(clock_digits(to, d), " GMT");
    *to = '\0';
    return (size_t)(to - ret_text);
}

size_t date_format_java(ms at, char ret_text[static DATE_TEXT_MAX])
{
    struct date d = date_of(at);

    return (size_t)snprintf(ret_text, DATE_TEXT_MAX, "%s %s %02d %02d:%02d:%02d UTC %04d", weekday_names[d.weekday],
                            month_names[d.month - 1], d.day, d.hour, d.minute, d.second, d.year);
}

enum field { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, NO_FIELD };

static enum field field_of(char c)
{
    switch (c) {
    case 'Y':
        return YEAR;
    case 'O':
        return MONTH;
    case 'D':
        return DAY;
    case 'h':
        return HOUR;
    case 'm':
        return MINUTE;
    case 's':
        return SECOND;
    default:
        return NO_FIELD;
    }
}

/* Matches `text` against `pattern`: 'Y' 'O' (month) 'D' 'h' 'm' 's' are digits of their field, 'N' letters of a month
 * name, '?' any letter; everything else stands for itself. */
static bool match(str text, const char *pattern, struct date *date)
{
    int fields[NO_FIELD] = { 0 };
    char month[4] = { 0 };
    size_t month_size = 0;

    if (text.size != strlen(pattern))
        return false;
    for (size_t i = 0; i < text.size; i++) {
        char p = pattern[i], c = text.at[i];
        enum field field = field_of(p);

        if (field != NO_FIELD) {
            if (c < '0' || c > '9')
                return false;
            fields[field] = fields[field] * 10 + (c - '0');
        } else if (p == 'N') {
            month[month_size++] = c;
        } else if (p != '?' && p != c) {
            return false;
        }
    }
    for (int i = 0; month_size && i < 12; i++)
        if (memcmp(month, month_names[i], 3) == 0)
            fields[MONTH] = i + 1;
    *date = (struct date){ .year = fields[YEAR],
                           .month = (uint8_t)fields[MONTH],
                           .day = (uint8_t)fields[DAY],
                           .hour = (uint8_t)fields[HOUR],
                           .minute = (uint8_t)fields[MINUTE],
                           .second = (uint8_t)fields[SECOND] };
    return true;
}

/* The millisecond of ".123Z" or of any other number of digits (the first three count). */
static bool fraction(str text, uint16_t *ret_millisecond)
{
    int value = 0, scale = 100;

    if (text.size < 3 || text.at[0] != '.' || text.at[text.size - 1] != 'Z')
        return false;
    for (size_t i = 1; i + 1 < text.size; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        value += scale * (text.at[i] - '0');
        scale /= 10;
    }
    *ret_millisecond = (uint16_t)value;
    return true;
}

enum err date_parse(str text, ms *ret_at)
{
    struct date date, back;
    uint16_t millisecond = 0;
    ms at;

    if (!match(text, "YYYYOODDThhmmssZ", &date) && !match(text, "YYYY-OO-DDThh:mm:ssZ", &date) &&
        !match(text, "???, DD NNN YYYY hh:mm:ss GMT", &date) &&
        !(match(str_slice(text, 0, 19), "YYYY-OO-DDThh:mm:ss", &date) &&
          fraction(str_slice(text, 19, text.size), &millisecond)))
        return ERR_MALFORMED;
    if (date.month < 1 || date.month > 12 || date.day < 1)
        return ERR_MALFORMED;
    date.millisecond = millisecond;
    at = date_ms(date);
    back = date_of(at);
    if (back.day != date.day || back.hour != date.hour || back.minute != date.minute || back.second != date.second)
        return ERR_MALFORMED;
    *ret_at = at;
    return OK;
}
