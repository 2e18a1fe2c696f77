/* vault_name.c: what key ids, aliases and ARNs look like. */
#include <assert.h>
#include <stdio.h>

#include "vault/vault_parts.h"

static const char arn_start[] = "arn:aws:kms:";

/* Letters, digits and the characters of `more`, and at least one of these. */
static bool only(str text, const char *more)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            (c == 0 || strchr(more, c) == NULL))
            return false;
    }
    return text.size > 0;
}

bool vault_is_key_id(str id)
{
    bool regions = str_starts(id, STR("mrk-"));

    for (size_t i = regions ? 4 : 0; i < id.size; i++) {
        bool dash = !regions && (i == 8 || i == 13 || i == 18 || i == 23);
        char c = id.at[i];

        if (dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
            return false;
    }
    return id.size == VAULT_ID_CHARS;
}

bool vault_is_alias(str alias)
{
    str prefix = STR("alias/");

    return str_starts(alias, prefix) && alias.size <= ALIAS_BYTES_MAX &&
           only(str_slice(alias, prefix.size, alias.size), "/_-");
}

bool vault_is_place(str region, str account)
{
    return region.size <= 32 && only(region, "-") && account.size == 12 && only(account, "");
}

bool vault_split_arn(str arn, str *ret_region, str *ret_account, str *ret_rest)
{
    str rest = str_slice(arn, sizeof(arn_start) - 1, arn.size);

    if (!str_starts(arn, str_of(arn_start)))
        return false;
    *ret_region = str_cut(&rest, ':');
    *ret_account = str_cut(&rest, ':');
    *ret_rest = rest;
    return str_present(rest) && vault_is_place(*ret_region, *ret_account);
}

bool vault_is_key_arn(str arn)
{
    str region, account, rest, prefix = STR("key/");

    return vault_split_arn(arn, &region, &account, &rest) && str_starts(rest, prefix) &&
           vault_is_key_id(str_slice(rest, prefix.size, rest.size));
}

str vault_make_arn(struct arn_text *text, str region, str account, const char *kind, str name)
{
    int size = snprintf(text->at, sizeof(text->at), "%s%.*s:%.*s:%s%.*s", arn_start, STR_ARG(region),
                        STR_ARG(account), kind, STR_ARG(name));

    assert(size > 0 && (size_t)size < sizeof(text->at));
    return str_bytes(text->at, (size_t)size);
}
