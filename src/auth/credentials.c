/* credentials.c: the users of a credentials text.
 *
 * The text is copied once; secrets are views of that copy and exist nowhere else, so that wiping it wipes them all.
 * Everything else (users, policies) lives in the set's arena. */
#include "auth/credentials.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "auth/policy.h"
#include "base/map.h"
#include "codec/json.h"

enum { DEPTH_MAX = 16, NAME_MAX_BYTES = 128, SECRET_MAX_BYTES = 256, POLICIES_MAX = 32, ARENA_BASE = 64 << 10 };

static const struct policy_bounds policy_bounds = { .bytes_max = 32 << 10, .statements_max = 200, .values_max = 4000 };

struct entry {
    struct map_node node;
    struct user user;
};

struct credentials {
    atomic_size_t references;
    struct arena arena;
    struct map by_key;
    char *text;
    size_t text_size;
};

struct reader {
    struct json json;
    struct credentials *set;
    struct arena *arena; /* for the sentence */
    str default_account;
    size_t users_left, user; /* the number of the present user, from 1 */
    str *ret_sentence;
};

static enum err refuse(struct reader *reader, const char *format, ...) __attribute__((format(printf, 2, 3)));

static enum err refuse(struct reader *reader, const char *format, ...)
{
    va_list args;
    str reason;

    va_start(args, format);
    reason = arena_vfmt(reader->arena, format, args);
    va_end(args);
    if (reader->user && str_present(reason))
        reason = arena_fmt(reader->arena, "users[%zu]: %.*s", reader->user - 1, STR_ARG(reason));
    if (!str_present(reason))
        return ERR_NO_MEMORY;
    *reader->ret_sentence = reason;
    return ERR_MALFORMED;
}

static enum err next(struct reader *reader, struct json_token *ret_token)
{
    enum err err = json_next(&reader->json, ret_token);

    return err == ERR_MALFORMED ? refuse(reader, "The credentials are not valid JSON.") : err;
}

static bool is_digits(str text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
    return true;
}

/* Printable and without what separates the parts of an Authorization header or an ARN. */
static bool is_plain(str text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] <= ' ' || text.at[i] > '~' || strchr("/,=\"\\", text.at[i]))
            return false;
    return text.size > 0;
}

/* The text of a key: present, bounded, given once. */
static enum err read_text(struct reader *reader, str key, size_t size_max, str *text)
{
    struct json_token token;

    TRY(next(reader, &token));
    if (token.kind != JSON_STRING || token.text.size == 0)
        return refuse(reader, "%.*s must be a string that is not empty.", STR_ARG(key));
    if (token.text.size > size_max)
        return refuse(reader, "%.*s is longer than %zu bytes.", STR_ARG(key), size_max);
    if (str_present(*text))
        return refuse(reader, "%.*s is given twice.", STR_ARG(key));
    *text = token.text;
    return OK;
}

static enum err read_expiration(struct reader *reader, struct user *user)
{
    str text = { 0 };

    TRY(read_text(reader, STR("expiration"), DATE_TEXT_MAX, &text));
    if (date_parse(text, &user->expires_at) != OK || user->expires_at <= 0)
        return refuse(reader, "expiration must be a date such as '2026-12-31T23:59:59Z', not '%.*s'.", STR_ARG(text));
    return OK;
}

static enum err read_administrator(struct reader *reader, struct user *user)
{
    struct json_token token;

    TRY(next(reader, &token));
    if (token.kind != JSON_TRUE && token.kind != JSON_FALSE)
        return refuse(reader, "administrator must be true or false.");
    user->administrator = token.kind == JSON_TRUE;
    return OK;
}

static enum err read_policy(struct reader *reader, str text, size_t index, struct policy **ret_policy)
{
    str reason = { 0 };
    enum err err = policy_parse(text, POLICY_IDENTITY, policy_bounds, &reader->set->arena, ret_policy, &reason);

    if (err != ERR_MALFORMED && err != ERR_TOO_LARGE)
        return err;
    return refuse(reader, "policies[%zu]: %.*s", index, STR_ARG(reason));
}

/* The next element of the inside of a list that is known to follow the grammar; absent behind the last. */
static str next_element(str *rest)
{
    struct json json;
    str element;

    while (rest->size && strchr(" \t\r\n,", rest->at[0]))
        *rest = str_slice(*rest, 1, rest->size);
    if (rest->size == 0)
        return (str){ 0 };
    json_init(&json, (char *)rest->at, rest->size, DEPTH_MAX);
    if (json_raw(&json, &element) != OK)
        return (str){ 0 };
    *rest = str_slice(*rest, (size_t)(element.at + element.size - rest->at), rest->size);
    return element;
}

static enum err read_policies(struct reader *reader, struct user *user)
{
    const struct policy **policies;
    str list, element;

    if (user->policies)
        return refuse(reader, "policies is given twice.");
    policies = arena_array(&reader->set->arena, POLICIES_MAX, sizeof(*policies));
    if (policies == NULL)
        return ERR_NO_MEMORY;
    user->policies = policies;
    if (json_raw(&reader->json, &list) != OK)
        return refuse(reader, "The credentials are not valid JSON.");
    if (list.at[0] != '[')
        return refuse(reader, "policies must be a list of policy documents.");
    list = str_slice(list, 1, list.size - 1);
    while (str_present(element = next_element(&list))) {
        struct policy *policy;

        if (user->policy_count == POLICIES_MAX)
            return refuse(reader, "policies holds more than %d documents.", POLICIES_MAX);
        TRY(read_policy(reader, element, user->policy_count, &policy));
        policies[user->policy_count++] = policy;
    }
    return OK;
}

static enum err read_member(struct reader *reader, str key, struct user *user)
{
    const struct {
        str key;
        str *text;
        size_t size_max;
    } texts[] = {
        { STR("name"), &user->name, NAME_MAX_BYTES },
        { STR("accessKeyId"), &user->access_key, NAME_MAX_BYTES },
        { STR("secretAccessKey"), &user->secret_key, SECRET_MAX_BYTES },
        { STR("sessionToken"), &user->session_token, 8192 },
        { STR("account"), &user->account, ACCOUNT_DIGITS },
        { STR("principalArn"), &user->principal_arn, 2048 },
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (str_eq(key, texts[i].key))
            return read_text(reader, key, texts[i].size_max, texts[i].text);
    if (str_eq(key, STR("expiration")))
        return read_expiration(reader, user);
    if (str_eq(key, STR("administrator")))
        return read_administrator(reader, user);
    if (str_eq(key, STR("policies")))
        return read_policies(reader, user);
    return refuse(reader, "'%.*s' is no key of a user.", STR_ARG(key));
}

static enum err complete_user(struct reader *reader, struct user *user)
{
    if (!is_plain(user->access_key))
        return refuse(reader, "accessKeyId is missing or holds spaces, slashes, commas or other odd characters.");
    if (!str_present(user->secret_key))
        return refuse(reader, "secretAccessKey is missing.");
    if (user->expires_at && !str_present(user->session_token))
        return refuse(reader, "expiration is for session tokens, and there is no sessionToken.");
    if (!str_present(user->account))
        user->account = arena_str(&reader->set->arena, reader->default_account);
    if (!str_present(user->account) && str_present(reader->default_account))
        return ERR_NO_MEMORY;
    if (user->account.size != ACCOUNT_DIGITS || !is_digits(user->account))
        return refuse(reader, "account must be given, as 12 digits.");
    if (!str_present(user->name))
        user->name = user->access_key;
    if (!is_plain(user->name))
        return refuse(reader, "name holds spaces, slashes, commas or other odd characters.");
    if (str_present(user->principal_arn) && !str_starts(user->principal_arn, STR("arn:")))
        return refuse(reader, "principalArn must be an ARN, not '%.*s'.", STR_ARG(user->principal_arn));
    if (!str_present(user->principal_arn))
        user->principal_arn = arena_fmt(&reader->set->arena, "arn:aws:iam::%.*s:user/%.*s", STR_ARG(user->account),
                                        STR_ARG(user->name));
    return str_present(user->principal_arn) ? OK : ERR_NO_MEMORY;
}

/* One user, whose opening brace has been read. */
static enum err read_user(struct reader *reader)
{
    struct entry *entry = ARENA_NEW(&reader->set->arena, struct entry);
    struct json_token token;
    enum err err;

    if (entry == NULL)
        return ERR_NO_MEMORY;
    reader->user++;
    if (reader->users_left-- == 0)
        return refuse(reader, "There are too many users.");
    for (;;) {
        TRY(next(reader, &token));
        if (token.kind == JSON_OBJECT_END)
            break;
        TRY(read_member(reader, token.text, &entry->user));
    }
    TRY(complete_user(reader, &entry->user));
    err = map_add(&reader->set->by_key, &entry->node, entry->user.access_key);
    return err == ERR_EXISTS ? refuse(reader, "accessKeyId '%.*s' is another user's already.",
                                      STR_ARG(entry->user.access_key))
                             : err;
}

static enum err read_users(struct reader *reader)
{
    struct json_token token;

    TRY(next(reader, &token));
    if (token.kind != JSON_ARRAY_BEGIN)
        return refuse(reader, "users must be a list.");
    for (;;) {
        TRY(next(reader, &token));
        if (token.kind == JSON_ARRAY_END)
            break;
        if (token.kind != JSON_OBJECT_BEGIN)
            return refuse(reader, "users must be a list of objects.");
        TRY(read_user(reader));
    }
    reader->user = 0;
    return OK;
}

static enum err read_document(struct reader *reader)
{
    struct json_token token;

    TRY(next(reader, &token));
    if (token.kind != JSON_OBJECT_BEGIN)
        return refuse(reader, "The credentials must be a JSON object.");
    for (;;) {
        TRY(next(reader, &token));
        if (token.kind == JSON_OBJECT_END)
            break;
        if (!str_eq(token.text, STR("users")))
            return refuse(reader, "'%.*s' is no key of the credentials.", STR_ARG(token.text));
        TRY(read_users(reader));
    }
    TRY(next(reader, &token));
    assert(token.kind == JSON_END);
    return reader->set->by_key.count ? OK : refuse(reader, "There are no users.");
}

static void destroy(struct credentials *set)
{
    if (set->text)
        OPENSSL_cleanse(set->text, set->text_size);
    free(set->text);
    map_deinit(&set->by_key);
    arena_deinit(&set->arena);
    free(set);
}

enum err credentials_parse(str text, str default_account, struct credentials_bounds bounds, uint64_t seed,
                           struct arena *arena, struct credentials **ret_credentials, str *ret_sentence)
{
    struct reader reader = { .arena = arena, .default_account = default_account, .users_left = bounds.users_max,
                             .ret_sentence = ret_sentence };
    struct credentials *set;
    enum err err;

    if (text.size > bounds.bytes_max) {
        err = refuse(&reader, "The credentials are longer than %zu bytes.", bounds.bytes_max);
        return err == ERR_MALFORMED ? ERR_TOO_LARGE : err;
    }
    set = calloc(1, sizeof(*set));
    if (set == NULL)
        return ERR_NO_MEMORY;
    atomic_init(&set->references, 1);
    arena_init(&set->arena, ARENA_BASE + 64 * bounds.bytes_max);
    map_init(&set->by_key, seed);
    set->text = malloc(text.size + 1);
    if (set->text == NULL) {
        destroy(set);
        return ERR_NO_MEMORY;
    }
    set->text_size = text.size + 1;
    if (text.size)
        memcpy(set->text, text.at, text.size);
    set->text[text.size] = 0;
    reader.set = set;
    json_init(&reader.json, set->text, text.size, DEPTH_MAX);
    err = read_document(&reader);
    if (err != OK) {
        destroy(set);
        return err;
    }
    *ret_credentials = set;
    return OK;
}

struct credentials *credentials_take(struct credentials *credentials)
{
    size_t before = atomic_fetch_add_explicit(&credentials->references, 1, memory_order_relaxed);

    assert(before > 0);
    return credentials;
}

void credentials_give(struct credentials *credentials)
{
    if (credentials && atomic_fetch_sub_explicit(&credentials->references, 1, memory_order_acq_rel) == 1)
        destroy(credentials);
}

const struct user *credentials_find(const struct credentials *credentials, str access_key)
{
    struct map_node *node = map_find(&credentials->by_key, access_key);

    return node ? &((const struct entry *)(const void *)((const char *)node - offsetof(struct entry, node)))->user
                : NULL;
}

size_t credentials_count(const struct credentials *credentials)
{
    return credentials->by_key.count;
}
