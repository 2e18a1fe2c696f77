/* policy_parts.h: a policy in memory, shared by its parser (policy_parse.c) and its judge (policy.c,
 * policy_condition.c, policy_pattern.c). For these only. */
#pragma once

#include "auth/policy.h"

struct policy_value {
    struct policy_value *next;
    str text; /* compiled by pattern_compile where a pattern may stand */
};

enum policy_relation {
    RELATION_STRING_EQUALS,
    RELATION_STRING_EQUALS_NOCASE,
    RELATION_STRING_LIKE,
    RELATION_NUMBER_EQUALS,
    RELATION_NUMBER_LESS,
    RELATION_NUMBER_LESS_EQUAL,
    RELATION_NUMBER_GREATER,
    RELATION_NUMBER_GREATER_EQUAL,
    RELATION_DATE_EQUALS,
    RELATION_DATE_LESS,
    RELATION_DATE_LESS_EQUAL,
    RELATION_DATE_GREATER,
    RELATION_DATE_GREATER_EQUAL,
    RELATION_BOOL,
    RELATION_IP_ADDRESS,
    RELATION_ARN,
    RELATION_NULL
};

enum policy_quantifier { QUANTIFIER_NONE, QUANTIFIER_ANY, QUANTIFIER_ALL };

struct policy_condition {
    struct policy_condition *next;
    enum policy_relation relation;
    enum policy_quantifier quantifier;
    bool negated, if_exists;
    str key;
    struct policy_value *values;
};

struct policy_statement {
    struct policy_statement *next;
    bool deny, not_action, not_resource;
    struct policy_value *actions, *resources;
    struct policy_value *principals; /* "*", account ids and ARNs; resource policies only */
    struct policy_condition *conditions;
};

struct policy {
    struct policy_statement *statements;
};

/* The question with the texts that are made on demand. */
struct policy_context {
    const struct policy_question *question;
    char now_text[DATE_TEXT_MAX], epoch_text[24];
};

/* ---- policy_pattern.c ---- */

/* Compile in place: wildcards (if `wild`) and variables (if `variables`) become marks that no text holds, ${*}, ${?}
 * and ${$} become themselves. MALFORMED on a control character, an open or an empty variable. */
must_use enum err pattern_compile(str *text, bool wild, bool variables);

/* Does the whole of `text` follow the compiled pattern? A variable that the request does not have matches nothing. */
bool pattern_match(str pattern, str text, bool nocase, struct policy_context *context);

/* The same for ARNs: the first five parts between colons each by itself. */
bool pattern_match_arn(str pattern, str arn, struct policy_context *context);

bool pattern_has_variables(str pattern);

/* ---- policy_condition.c ---- */

/* The relation that stands for a name such as "ForAnyValue:StringNotLikeIfExists"; MALFORMED if none does. Sets
 * relation, quantifier, negated and if_exists. */
must_use enum err condition_relation(str name, struct policy_condition *condition);

/* MALFORMED if a value (not yet compiled) cannot be read by the relation. */
must_use enum err condition_check_value(enum policy_relation relation, str value);

/* The value of a single-valued key; false if the request does not have it. */
bool condition_key(struct policy_context *context, str key, str *ret_value);

bool condition_holds(struct policy_context *context, const struct policy_condition *condition);
