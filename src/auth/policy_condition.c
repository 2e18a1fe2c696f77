/* policy_condition.c: the Condition element: relations, keys and what a missing key means. */
#include <arpa/inet.h>
#include <stdio.h>

#include "auth/policy_parts.h"
#include "codec/number.h"

static const struct {
    const char *name;
    enum policy_relation relation;
    bool negated;
} relations[] = {
    { "StringEquals", RELATION_STRING_EQUALS, false },
    { "StringNotEquals", RELATION_STRING_EQUALS, true },
    { "StringEqualsIgnoreCase", RELATION_STRING_EQUALS_NOCASE, false },
    { "StringNotEqualsIgnoreCase", RELATION_STRING_EQUALS_NOCASE, true },
    { "StringLike", RELATION_STRING_LIKE, false },
    { "StringNotLike", RELATION_STRING_LIKE, true },
    { "NumericEquals", RELATION_NUMBER_EQUALS, false },
    { "NumericNotEquals", RELATION_NUMBER_EQUALS, true },
    { "NumericLessThan", RELATION_NUMBER_LESS, false },
    { "NumericLessThanEquals", RELATION_NUMBER_LESS_EQUAL, false },
    { "NumericGreaterThan", RELATION_NUMBER_GREATER, false },
    { "NumericGreaterThanEquals", RELATION_NUMBER_GREATER_EQUAL, false },
    { "DateEquals", RELATION_DATE_EQUALS, false },
    { "DateNotEquals", RELATION_DATE_EQUALS, true },
    { "DateLessThan", RELATION_DATE_LESS, false },
    { "DateLessThanEquals", RELATION_DATE_LESS_EQUAL, false },
    { "DateGreaterThan", RELATION_DATE_GREATER, false },
    { "DateGreaterThanEquals", RELATION_DATE_GREATER_EQUAL, false },
    { "Bool", RELATION_BOOL, false },
    { "IpAddress", RELATION_IP_ADDRESS, false },
    { "NotIpAddress", RELATION_IP_ADDRESS, true },
    { "ArnEquals", RELATION_ARN, false },
    { "ArnNotEquals", RELATION_ARN, true },
    { "ArnLike", RELATION_ARN, false },
    { "ArnNotLike", RELATION_ARN, true },
    { "Null", RELATION_NULL, false },
};

static bool strip_start(str *text, str prefix)
{
    if (!str_starts(*text, prefix))
        return false;
    *text = str_slice(*text, prefix.size, text->size);
    return true;
}

enum err condition_relation(str name, struct policy_condition *condition)
{
    condition->quantifier = strip_start(&name, STR("ForAnyValue:"))    ? QUANTIFIER_ANY
                            : strip_start(&name, STR("ForAllValues:")) ? QUANTIFIER_ALL
                                                                       : QUANTIFIER_NONE;
    condition->if_exists = str_ends(name, STR("IfExists"));
    if (condition->if_exists)
        name.size -= strlen("IfExists");
    for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]); i++) {
        if (!str_eq(name, str_of(relations[i].name)))
            continue;
        condition->relation = relations[i].relation;
        condition->negated = relations[i].negated;
        return condition->relation == RELATION_NULL && condition->if_exists ? ERR_MALFORMED : OK;
    }
    return ERR_MALFORMED;
}

/* An ISO date with or without a time, or seconds since 1970. */
static enum err read_date(str text, ms *ret_at)
{
    char whole[DATE_TEXT_MAX];

    if (number_check(text)) {
        *ret_at = number_milliseconds(text);
        return OK;
    }
    if (text.size != 10)
        return date_parse(text, ret_at);
    (void)snprintf(whole, sizeof(whole), "%.*sT00:00:00Z", STR_ARG(text));
    return date_parse(str_of(whole), ret_at);
}

struct address {
    uint8_t bytes[16];
    unsigned bits; /* of the address: 32 or 128 */
    unsigned prefix;
};

/* "10.0.0.0/8", "::1"; an IPv4 address within IPv6 is an IPv4 address. */
static enum err read_address(str text, struct address *ret_address)
{
    static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
    struct address address = { 0 };
    char host[INET6_ADDRSTRLEN] = { 0 };
    str prefix = text, start = str_cut(&prefix, '/');
    uint64_t number;

    if (start.size == 0 || start.size >= sizeof(host))
        return ERR_MALFORMED;
    memcpy(host, start.at, start.size);
    address.bits = str_index(start, ':') < start.size ? 128 : 32;
    if (inet_pton(address.bits == 32 ? AF_INET : AF_INET6, host, address.bytes) != 1)
        return ERR_MALFORMED;
    number = address.bits;
    if (str_present(prefix) && (str_u64(prefix, &number) != OK || number > address.bits))
        return ERR_MALFORMED;
    address.prefix = (unsigned)number;
    if (address.bits == 128 && address.prefix >= 96 && memcmp(address.bytes, mapped, sizeof(mapped)) == 0) {
        memmove(address.bytes, address.bytes + 12, 4);
        address.bits = 32;
        address.prefix -= 96;
    }
    *ret_address = address;
    return OK;
}

static bool address_within(const struct address *address, const struct address *range)
{
    unsigned whole = range->prefix / 8, rest = range->prefix % 8;

    if (address->bits != range->bits || memcmp(address->bytes, range->bytes, whole) != 0)
        return false;
    return rest == 0 || ((address->bytes[whole] ^ range->bytes[whole]) >> (8 - rest)) == 0;
}

static bool is_bool(str text)
{
    return str_eq_nocase(text, STR("true")) || str_eq_nocase(text, STR("false"));
}

enum err condition_check_value(enum policy_relation relation, str value)
{
    struct address address;
    ms at;

    switch (relation) {
    case RELATION_NUMBER_EQUALS:
    case RELATION_NUMBER_LESS:
    case RELATION_NUMBER_LESS_EQUAL:
    case RELATION_NUMBER_GREATER:
    case RELATION_NUMBER_GREATER_EQUAL:
        return number_check(value) ? OK : ERR_MALFORMED;
    case RELATION_DATE_EQUALS:
    case RELATION_DATE_LESS:
    case RELATION_DATE_LESS_EQUAL:
    case RELATION_DATE_GREATER:
    case RELATION_DATE_GREATER_EQUAL:
        return read_date(value, &at);
    case RELATION_BOOL:
    case RELATION_NULL:
        return is_bool(value) ? OK : ERR_MALFORMED;
    case RELATION_IP_ADDRESS:
        return read_address(value, &address);
    case RELATION_STRING_EQUALS:
    case RELATION_STRING_EQUALS_NOCASE:
    case RELATION_STRING_LIKE:
    case RELATION_ARN:
        break;
    }
    return OK;
}

static bool number_holds(enum policy_relation relation, double asked, double value)
{
    switch (relation) {
    case RELATION_NUMBER_LESS:
    case RELATION_DATE_LESS:
        return asked < value;
    case RELATION_NUMBER_LESS_EQUAL:
    case RELATION_DATE_LESS_EQUAL:
        return asked <= value;
    case RELATION_NUMBER_GREATER:
    case RELATION_DATE_GREATER:
        return asked > value;
    case RELATION_NUMBER_GREATER_EQUAL:
    case RELATION_DATE_GREATER_EQUAL:
        return asked >= value;
    default:
        return asked >= value && asked <= value;
    }
}

/* Before negation: does the request's value stand in that relation to the policy's? */
static bool value_holds(struct policy_context *context, enum policy_relation relation, str asked, str value)
{
    struct address address, range;
    ms asked_at, at;

    switch (relation) {
    case RELATION_STRING_EQUALS:
    case RELATION_STRING_LIKE:
        return pattern_match(value, asked, /* nocase= */ false, context);
    case RELATION_STRING_EQUALS_NOCASE:
        return pattern_match(value, asked, /* nocase= */ true, context);
    case RELATION_ARN:
        return pattern_match_arn(value, asked, context);
    case RELATION_BOOL:
        return str_eq_nocase(asked, value);
    case RELATION_IP_ADDRESS:
        return read_address(asked, &address) == OK && read_address(value, &range) == OK &&
               address_within(&address, &range);
    case RELATION_NUMBER_EQUALS:
    case RELATION_NUMBER_LESS:
    case RELATION_NUMBER_LESS_EQUAL:
    case RELATION_NUMBER_GREATER:
    case RELATION_NUMBER_GREATER_EQUAL:
        return number_check(asked) && number_holds(relation, number_double(asked), number_double(value));
    default:
        return read_date(asked, &asked_at) == OK && read_date(value, &at) == OK &&
               number_holds(relation, (double)asked_at, (double)at);
    }
}

static bool find_tag(const struct policy_tag *tags, size_t count, str key, str *ret_value)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(tags[i].key, key)) {
            *ret_value = tags[i].value;
            return true;
        }
    }
    return false;
}

static str epoch_text(struct policy_context *context)
{
    (void)snprintf(context->epoch_text, sizeof(context->epoch_text), "%lld",
                   (long long)(context->question->now / 1000));
    return str_of(context->epoch_text);
}

static str now_text(struct policy_context *context)
{
    return str_bytes(context->now_text, date_format_iso(context->question->now, context->now_text));
}

bool condition_key(struct policy_context *context, str key, str *ret_value)
{
    const struct policy_question *q = context->question;
    const str resource_tag = STR("aws:ResourceTag/"), request_tag = STR("aws:RequestTag/");
    str value = { 0 };

    if (str_eq_nocase(str_slice(key, 0, resource_tag.size), resource_tag))
        return find_tag(q->resource_tags, q->resource_tag_count, str_slice(key, resource_tag.size, key.size),
                        ret_value);
    if (str_eq_nocase(str_slice(key, 0, request_tag.size), request_tag))
        return find_tag(q->request_tags, q->request_tag_count, str_slice(key, request_tag.size, key.size), ret_value);
    if (str_eq_nocase(key, STR("aws:PrincipalArn")))
        value = q->identity->principal_arn;
    else if (str_eq_nocase(key, STR("aws:PrincipalAccount")))
        value = str_of(q->identity->account);
    else if (str_eq_nocase(key, STR("aws:ResourceAccount")))
        value = str_present(q->resource_account) ? q->resource_account : str_of(q->identity->account);
    else if (str_eq_nocase(key, STR("aws:username")))
        value = q->identity->user_name;
    else if (str_eq_nocase(key, STR("aws:SourceIp")))
        value = q->source_ip;
    else if (str_eq_nocase(key, STR("aws:CurrentTime")))
        value = now_text(context);
    else if (str_eq_nocase(key, STR("aws:EpochTime")))
        value = epoch_text(context);
    else if (str_eq_nocase(key, STR("aws:SecureTransport")))
        value = q->secure_transport ? STR("true") : STR("false");
    else if (str_eq_nocase(key, STR("aws:UserAgent")))
        value = q->user_agent;
    else if (str_eq_nocase(key, STR("aws:RequestedRegion")))
        value = q->identity->region;
    *ret_value = value;
    return str_present(value);
}

static bool any_value_holds(struct policy_context *context, const struct policy_condition *condition, str asked)
{
    for (const struct policy_value *value = condition->values; value; value = value->next)
        if (value_holds(context, condition->relation, asked, value->text))
            return true;
    return false;
}

/* aws:TagKeys, the one key with many values: ALL holds when there is none, the others need one that holds. */
static bool tag_keys_hold(struct policy_context *context, const struct policy_condition *condition)
{
    const struct policy_question *q = context->question;
    bool all = condition->quantifier == QUANTIFIER_ALL;

    for (size_t i = 0; i < q->request_tag_count; i++) {
        bool holds = any_value_holds(context, condition, q->request_tags[i].key) != condition->negated;

        if (holds != all)
            return holds;
    }
    return all;
}

bool condition_holds(struct policy_context *context, const struct policy_condition *condition)
{
    bool many = str_eq_nocase(condition->key, STR("aws:TagKeys"));
    str asked = { 0 };
    bool present = many ? context->question->request_tag_count > 0 : condition_key(context, condition->key, &asked);

    if (condition->relation == RELATION_NULL) {
        for (const struct policy_value *value = condition->values; value; value = value->next)
            if (str_eq_nocase(value->text, STR("true")) != present)
                return true;
        return false;
    }
    if (!present)
        return condition->if_exists || condition->quantifier == QUANTIFIER_ALL ||
               (condition->negated && condition->quantifier == QUANTIFIER_NONE);
    if (many)
        return tag_keys_hold(context, condition);
    return any_value_holds(context, condition, asked) != condition->negated;
}
