/* policy.c: may this caller do that?
 *
 *   a deny anywhere                                   denied
 *   the caller's own account: an identity-based or a resource-based allow
 *   another account's resource: both                  allowed
 *   else                                              denied
 *
 * A resource policy that names an account as such delegates: across accounts that is its allow, within the account
 * the identity-based policies still decide. In open mode nobody's account is known for sure, so no resource is
 * another account's. */
#include "auth/policy.h"

#include <assert.h>

#include "auth/policy_parts.h"

enum effect {
    EFFECT_NONE,
    EFFECT_DELEGATE, /* allowed to the account as such */
    EFFECT_ALLOW,
    EFFECT_DENY
};

static bool any_matches(const struct policy_value *values, str text, bool nocase, struct policy_context *context)
{
    for (; values; values = values->next)
        if (pattern_match(values->text, text, nocase, context))
            return true;
    return false;
}

static bool applies(const struct policy_statement *statement, struct policy_context *context)
{
    const struct policy_question *q = context->question;

    if (any_matches(statement->actions, q->action, /* nocase= */ true, context) == statement->not_action ||
        any_matches(statement->resources, q->resource, /* nocase= */ false, context) == statement->not_resource)
        return false;
    for (const struct policy_condition *condition = statement->conditions; condition; condition = condition->next)
        if (!condition_holds(context, condition))
            return false;
    return true;
}

/* arn:aws:iam::123456789012:root stands for the account. */
static bool names_account(str principal, str account)
{
    str prefix = STR("arn:aws:iam::"), root = STR(":root");

    if (str_eq(principal, account))
        return true;
    return str_starts(principal, prefix) && str_ends(principal, root) &&
           principal.size == prefix.size + account.size + root.size &&
           str_eq(str_slice(principal, prefix.size, prefix.size + account.size), account);
}

/* ALLOW if somebody like the caller is named, DELEGATE if only the account is. */
static enum effect names_caller(const struct policy_value *principals, const struct identity *identity)
{
    enum effect effect = EFFECT_NONE;

    for (; principals; principals = principals->next) {
        if (str_eq(principals->text, STR("*")) || str_eq(principals->text, identity->principal_arn))
            return EFFECT_ALLOW;
        if (names_account(principals->text, str_of(identity->account)))
            effect = EFFECT_DELEGATE;
    }
    return effect;
}

static enum effect judge(const struct policy *policy, enum policy_kind kind, struct policy_context *context)
{
    enum effect effect = EFFECT_NONE;

    for (const struct policy_statement *statement = policy->statements; statement; statement = statement->next) {
        enum effect named = kind == POLICY_IDENTITY
                                ? EFFECT_ALLOW
                                : names_caller(statement->principals, context->question->identity);

        if (named == EFFECT_NONE || !applies(statement, context))
            continue;
        if (statement->deny)
            return EFFECT_DENY;
        if (named > effect)
            effect = named;
    }
    return effect;
}

static enum effect judge_identity(struct policy_context *context)
{
    const struct identity *identity = context->question->identity;
    enum effect effect = identity->administrator ? EFFECT_ALLOW : EFFECT_NONE;

    for (size_t i = 0; i < identity->policy_count && effect != EFFECT_DENY; i++) {
        enum effect one = judge(identity->policies[i], POLICY_IDENTITY, context);

        if (one > effect)
            effect = one;
    }
    return effect;
}

enum policy_verdict policy_judge(const struct policy_question *question, const struct policy *resource_policy)
{
    struct policy_context context = { .question = question };
    str account = str_of(question->identity->account);
    bool foreign = question->identity->verified && str_present(question->resource_account) &&
                   !str_eq(question->resource_account, account);
    enum effect identity = judge_identity(&context);
    enum effect resource = resource_policy ? judge(resource_policy, POLICY_RESOURCE, &context) : EFFECT_NONE;

    if (identity == EFFECT_DENY)
        return POLICY_DENIED_BY_IDENTITY;
    if (resource == EFFECT_DENY)
        return POLICY_DENIED_BY_RESOURCE;
    if (!foreign)
        return identity == EFFECT_ALLOW || resource == EFFECT_ALLOW ? POLICY_ALLOWED : POLICY_NO_IDENTITY_ALLOW;
    if (identity != EFFECT_ALLOW)
        return POLICY_NO_IDENTITY_ALLOW;
    return resource == EFFECT_NONE ? POLICY_NO_RESOURCE_ALLOW : POLICY_ALLOWED;
}

str policy_denial(const struct policy_question *question, enum policy_verdict verdict, struct arena *arena)
{
    str action = question->action;
    str start = arena_fmt(arena, "User: %.*s is not authorized to perform: %.*s on resource: %.*s",
                          STR_ARG(question->identity->principal_arn), STR_ARG(action), STR_ARG(question->resource));

    assert(verdict != POLICY_ALLOWED);
    if (!str_present(start))
        return start;
    switch (verdict) {
    case POLICY_DENIED_BY_IDENTITY:
        return arena_fmt(arena, "%.*s with an explicit deny in an identity-based policy", STR_ARG(start));
    case POLICY_DENIED_BY_RESOURCE:
        return arena_fmt(arena, "%.*s with an explicit deny in a resource-based policy", STR_ARG(start));
    case POLICY_NO_IDENTITY_ALLOW:
        return arena_fmt(arena, "%.*s because no identity-based policy allows the %.*s action", STR_ARG(start),
                         STR_ARG(action));
    case POLICY_NO_RESOURCE_ALLOW:
        return arena_fmt(arena, "%.*s because no resource-based policy allows the %.*s action", STR_ARG(start),
                         STR_ARG(action));
    case POLICY_ALLOWED:
        break;
    }
    return start;
}
