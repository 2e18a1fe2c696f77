/* policy_parse.c: from JSON to a policy in memory.
 *
 * The text is copied into the arena once, and all texts of the policy are views of that copy. Version decides whether
 * variables are expanded and may stand behind the statements, so these are read second. */
#include <assert.h>

#include "auth/policy_parts.h"
#include "codec/json.h"

enum { DEPTH_MAX = 12, VALUE_BYTES_MAX = 2048 };

struct parser {
    struct json json;
    struct arena *arena;
    enum policy_kind kind;
    size_t statements_left, values_left;
    size_t statement; /* the number of the present one, from 1 */
    bool variables;
    str *ret_sentence;
};

static enum err refuse(struct parser *parser, const char *format, ...) __attribute__((format(printf, 2, 3)));

static enum err refuse(struct parser *parser, const char *format, ...)
{
    va_list args;
    str reason;

    va_start(args, format);
    reason = arena_vfmt(parser->arena, format, args);
    va_end(args);
    if (parser->statement && str_present(reason))
        reason = arena_fmt(parser->arena, "Statement %zu: %.*s", parser->statement, STR_ARG(reason));
    if (!str_present(reason))
        return ERR_NO_MEMORY;
    *parser->ret_sentence = reason;
    return ERR_MALFORMED;
}

static enum err next(struct parser *parser, struct json_token *ret_token)
{
    enum err err = json_next(&parser->json, ret_token);

    return err == ERR_MALFORMED ? refuse(parser, "The policy is not valid JSON.") : err;
}

static enum err next_string(struct parser *parser, str what, str *ret_text)
{
    struct json_token token;

    TRY(next(parser, &token));
    if (token.kind != JSON_STRING)
        return refuse(parser, "%.*s must be a string.", STR_ARG(what));
    *ret_text = token.text;
    return OK;
}

/* One more value at the end of a list whose last link is `*tail`. */
static enum err add_value(struct parser *parser, str text, struct policy_value ***tail)
{
    struct policy_value *value;

    if (parser->values_left == 0)
        return refuse(parser, "The policy holds too many values.");
    if (text.size > VALUE_BYTES_MAX)
        return refuse(parser, "A value is longer than %d bytes.", VALUE_BYTES_MAX);
    value = ARENA_NEW(parser->arena, struct policy_value);
    if (value == NULL)
        return ERR_NO_MEMORY;
    parser->values_left--;
    value->text = text;
    **tail = value;
    *tail = &value->next;
    return OK;
}

/* A string or a list of strings; booleans and numbers count as their text. Not empty. */
static enum err read_values(struct parser *parser, str what, struct policy_value **ret_values)
{
    struct policy_value *values = NULL, **tail = &values;
    struct json_token token;
    bool list = false;

    do {
        TRY(next(parser, &token));
        switch (token.kind) {
        case JSON_ARRAY_BEGIN:
            if (list)
                return refuse(parser, "%.*s must be a string or a list of strings.", STR_ARG(what));
            list = true;
            break;
        case JSON_ARRAY_END:
            list = false;
            break;
        case JSON_STRING:
        case JSON_NUMBER:
            TRY(add_value(parser, token.text, &tail));
            break;
        case JSON_TRUE:
        case JSON_FALSE:
            token.text = arena_str(parser->arena, token.kind == JSON_TRUE ? STR("true") : STR("false"));
            if (!str_present(token.text))
                return ERR_NO_MEMORY;
            TRY(add_value(parser, token.text, &tail));
            break;
        default:
            return refuse(parser, "%.*s must be a string or a list of strings.", STR_ARG(what));
        }
    } while (list);
    if (values == NULL)
        return refuse(parser, "%.*s must not be empty.", STR_ARG(what));
    *ret_values = values;
    return OK;
}

static enum err compile(struct parser *parser, struct policy_value *value, bool wild, bool variables)
{
    if (value->text.size == 0 || pattern_compile(&value->text, wild, variables) == OK)
        return OK;
    return refuse(parser, "'%.*s' holds a control character or a broken variable.", STR_ARG(value->text));
}

static enum err read_actions(struct parser *parser, str key, struct policy_value **ret_actions)
{
    TRY(read_values(parser, key, ret_actions));
    for (struct policy_value *value = *ret_actions; value; value = value->next) {
        size_t colon = str_index(value->text, ':');

        if (!str_eq(value->text, STR("*")) && (colon == 0 || colon + 1 >= value->text.size))
            return refuse(parser, "'%.*s' is no action: expected 'service:Operation' or '*'.", STR_ARG(value->text));
        TRY(compile(parser, value, /* wild= */ true, /* variables= */ false));
    }
    return OK;
}

static enum err read_resources(struct parser *parser, str key, struct policy_value **ret_resources)
{
    TRY(read_values(parser, key, ret_resources));
    for (struct policy_value *value = *ret_resources; value; value = value->next) {
        if (!str_eq(value->text, STR("*")) && !str_starts(value->text, STR("arn:")))
            return refuse(parser, "'%.*s' is no resource: expected an ARN or '*'.", STR_ARG(value->text));
        TRY(compile(parser, value, /* wild= */ true, parser->variables));
    }
    return OK;
}

static bool is_digits(str text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
    return true;
}

static enum err check_principal(struct parser *parser, str text)
{
    if (str_eq(text, STR("*")) || (text.size == ACCOUNT_DIGITS && is_digits(text)))
        return OK;
    if (!str_starts(text, STR("arn:")) || str_index(text, '*') < text.size || str_index(text, '?') < text.size)
        return refuse(parser, "'%.*s' is no principal: expected '*', an account id or an ARN without wildcards.",
                      STR_ARG(text));
    return OK;
}

/* "*" or {"AWS": ...}. Services, federated and canonical users are understood, and nobody here is one of them. */
static enum err read_principal(struct parser *parser, struct policy_value **ret_principals)
{
    struct policy_value *all = NULL, **tail = &all, *values;
    struct json_token token;

    TRY(next(parser, &token));
    if (token.kind == JSON_STRING && str_eq(token.text, STR("*"))) {
        TRY(add_value(parser, token.text, &tail));
        *ret_principals = all;
        return OK;
    }
    if (token.kind != JSON_OBJECT_BEGIN)
        return refuse(parser, "Principal must be '*' or an object.");
    for (;;) {
        TRY(next(parser, &token));
        if (token.kind == JSON_OBJECT_END)
            break;
        assert(token.kind == JSON_KEY);
        TRY(read_values(parser, STR("Principal"), &values));
        if (str_eq(token.text, STR("AWS"))) {
            *tail = values;
            for (; *tail; tail = &(*tail)->next)
                TRY(check_principal(parser, (*tail)->text));
        } else if (!str_eq(token.text, STR("Service")) && !str_eq(token.text, STR("Federated")) &&
                   !str_eq(token.text, STR("CanonicalUser"))) {
            return refuse(parser, "'%.*s' is no kind of principal.", STR_ARG(token.text));
        }
    }
    *ret_principals = all;
    return OK;
}

static bool is_like(enum policy_relation relation)
{
    return relation == RELATION_STRING_LIKE || relation == RELATION_ARN;
}

static enum err compile_condition(struct parser *parser, const struct policy_condition *condition)
{
    for (struct policy_value *value = condition->values; value; value = value->next) {
        if (condition_check_value(condition->relation, value->text) != OK)
            return refuse(parser, "'%.*s' is no value for a condition on '%.*s'.", STR_ARG(value->text),
                          STR_ARG(condition->key));
        TRY(compile(parser, value, is_like(condition->relation), parser->variables));
    }
    return OK;
}

/* {"StringEquals": {"aws:username": "x"}, ...} */
static enum err read_conditions(struct parser *parser, struct policy_condition **ret_conditions)
{
    struct policy_condition *conditions = NULL, **tail = &conditions, head = { 0 };
    struct json_token token;
    unsigned depth = 1;

    TRY(next(parser, &token));
    if (token.kind != JSON_OBJECT_BEGIN)
        return refuse(parser, "Condition must be an object.");
    while (depth) {
        TRY(next(parser, &token));
        if (token.kind == JSON_OBJECT_END) {
            depth--;
        } else if (depth == 1) {
            if (condition_relation(token.text, &head) != OK)
                return refuse(parser, "'%.*s' is no condition operator.", STR_ARG(token.text));
            TRY(next(parser, &token));
            if (token.kind != JSON_OBJECT_BEGIN)
                return refuse(parser, "A condition operator must hold an object of keys and values.");
            depth++;
        } else {
            struct policy_condition *condition = ARENA_NEW(parser->arena, struct policy_condition);

            if (condition == NULL)
                return ERR_NO_MEMORY;
            *condition = head;
            condition->key = token.text;
            TRY(read_values(parser, token.text, &condition->values));
            TRY(compile_condition(parser, condition));
            *tail = condition;
            tail = &condition->next;
        }
    }
    *ret_conditions = conditions;
    return OK;
}

struct seen {
    bool effect, action, resource, principal, condition;
};

static enum err once(struct parser *parser, bool *seen, const char *what)
{
    if (*seen)
        return refuse(parser, "%s is given twice.", what);
    *seen = true;
    return OK;
}

static enum err read_effect(struct parser *parser, bool *ret_deny)
{
    str effect = { 0 };

    TRY(next_string(parser, STR("Effect"), &effect));
    *ret_deny = str_eq(effect, STR("Deny"));
    if (!*ret_deny && !str_eq(effect, STR("Allow")))
        return refuse(parser, "Effect must be 'Allow' or 'Deny', not '%.*s'.", STR_ARG(effect));
    return OK;
}

static enum err read_member(struct parser *parser, str key, struct policy_statement *statement, struct seen *seen)
{
    str sid;

    if (str_eq(key, STR("Sid")))
        return next_string(parser, key, &sid);
    if (str_eq(key, STR("Effect"))) {
        TRY(once(parser, &seen->effect, "Effect"));
        return read_effect(parser, &statement->deny);
    }
    if (str_eq(key, STR("Action")) || str_eq(key, STR("NotAction"))) {
        TRY(once(parser, &seen->action, "Action or NotAction"));
        statement->not_action = str_eq(key, STR("NotAction"));
        return read_actions(parser, key, &statement->actions);
    }
    if (str_eq(key, STR("Resource")) || str_eq(key, STR("NotResource"))) {
        TRY(once(parser, &seen->resource, "Resource or NotResource"));
        statement->not_resource = str_eq(key, STR("NotResource"));
        return read_resources(parser, key, &statement->resources);
    }
    if (str_eq(key, STR("Principal"))) {
        TRY(once(parser, &seen->principal, "Principal"));
        if (parser->kind == POLICY_IDENTITY)
            return refuse(parser, "Principal does not belong into an identity-based policy.");
        return read_principal(parser, &statement->principals);
    }
    if (str_eq(key, STR("Condition"))) {
        TRY(once(parser, &seen->condition, "Condition"));
        return read_conditions(parser, &statement->conditions);
    }
    if (str_eq(key, STR("NotPrincipal")))
        return refuse(parser, "NotPrincipal is not supported.");
    return refuse(parser, "'%.*s' is no element of a statement.", STR_ARG(key));
}

/* One statement, whose opening brace has been read. */
static enum err read_statement(struct parser *parser, struct policy_statement **ret_statement)
{
    struct policy_statement *statement = ARENA_NEW(parser->arena, struct policy_statement);
    struct json_token token;
    struct seen seen = { 0 };

    if (statement == NULL)
        return ERR_NO_MEMORY;
    parser->statement++;
    if (parser->statements_left-- == 0)
        return refuse(parser, "The policy holds too many statements.");
    for (;;) {
        TRY(next(parser, &token));
        if (token.kind == JSON_OBJECT_END)
            break;
        TRY(read_member(parser, token.text, statement, &seen));
    }
    if (!seen.effect)
        return refuse(parser, "Effect is missing.");
    if (!seen.action)
        return refuse(parser, "Action or NotAction is missing.");
    if (!seen.resource)
        return refuse(parser, "Resource or NotResource is missing.");
    if (parser->kind == POLICY_RESOURCE && !seen.principal)
        return refuse(parser, "Principal is missing.");
    *ret_statement = statement;
    return OK;
}

static enum err read_statements(struct parser *parser, str text, struct policy *policy)
{
    struct policy_statement **tail = &policy->statements;
    struct json_token token;
    bool list;

    json_init(&parser->json, (char *)text.at, text.size, DEPTH_MAX);
    TRY(next(parser, &token));
    list = token.kind == JSON_ARRAY_BEGIN;
    if (list)
        TRY(next(parser, &token));
    while (token.kind == JSON_OBJECT_BEGIN) {
        TRY(read_statement(parser, tail));
        tail = &(*tail)->next;
        TRY(next(parser, &token));
    }
    parser->statement = 0;
    if (token.kind == (list ? JSON_ARRAY_END : JSON_END))
        return policy->statements ? OK : refuse(parser, "Statement must not be empty.");
    return refuse(parser, "Statement must be an object or a list of objects.");
}

/* The outer object: which version, and where the statements stand. */
static enum err read_document(struct parser *parser, str *ret_statements)
{
    struct json_token token;
    str version = { 0 }, id;

    *ret_statements = (str){ 0 };
    TRY(next(parser, &token));
    if (token.kind != JSON_OBJECT_BEGIN)
        return refuse(parser, "The policy must be a JSON object.");
    for (;;) {
        TRY(next(parser, &token));
        if (token.kind == JSON_OBJECT_END)
            break;
        if (str_eq(token.text, STR("Version"))) {
            TRY(next_string(parser, token.text, &version));
        } else if (str_eq(token.text, STR("Id"))) {
            TRY(next_string(parser, token.text, &id));
        } else if (str_eq(token.text, STR("Statement"))) {
            if (str_present(*ret_statements))
                return refuse(parser, "Statement is given twice.");
            if (json_raw(&parser->json, ret_statements) != OK)
                return refuse(parser, "The policy is not valid JSON.");
        } else {
            return refuse(parser, "'%.*s' is no element of a policy.", STR_ARG(token.text));
        }
    }
    TRY(next(parser, &token));
    if (str_present(version) && !str_eq(version, STR("2012-10-17")) && !str_eq(version, STR("2008-10-17")))
        return refuse(parser, "Version must be '2012-10-17' or '2008-10-17', not '%.*s'.", STR_ARG(version));
    if (!str_present(*ret_statements))
        return refuse(parser, "Statement is missing.");
    parser->variables = str_eq(version, STR("2012-10-17"));
    return OK;
}

enum err policy_parse(str text, enum policy_kind kind, struct policy_bounds bounds, struct arena *arena,
                      struct policy **ret_policy, str *ret_sentence)
{
    struct parser parser = { .arena = arena, .kind = kind, .statements_left = bounds.statements_max,
                             .values_left = bounds.values_max, .ret_sentence = ret_sentence };
    struct policy *policy;
    str copy, statements;

    if (text.size > bounds.bytes_max) {
        enum err err = refuse(&parser, "The policy is longer than %zu bytes.", bounds.bytes_max);

        return err == ERR_MALFORMED ? ERR_TOO_LARGE : err;
    }
    policy = ARENA_NEW(arena, struct policy);
    copy = arena_str(arena, str_present(text) ? text : STR(""));
    if (policy == NULL || !str_present(copy))
        return ERR_NO_MEMORY;
    json_init(&parser.json, (char *)copy.at, copy.size, DEPTH_MAX);
    TRY(read_document(&parser, &statements));
    TRY(read_statements(&parser, statements, policy));
    *ret_policy = policy;
    return OK;
}
