/* credentials_test.c: who is in the set, what is refused, and that a set outlives a reload. */
#include "auth/credentials.c"

#include "unit.h"

static const struct credentials_bounds bounds = { .bytes_max = 4096, .users_max = 3 };

#define KEYS "\"accessKeyId\":\"AK\",\"secretAccessKey\":\"SK\""
#define USER(more) "{\"users\":[{" KEYS more "}]}"

static struct credentials *parse(struct arena *arena, const char *text)
{
    struct credentials *set = NULL;
    str sentence = { 0 };

    CHECK_INT(credentials_parse(str_of(text), STR("000000000000"), bounds, 1, arena, &set, &sentence), OK);
    if (set == NULL)
        printf("    %.*s\n", STR_ARG(sentence));
    assert(set);
    return set;
}

static void expect_refusal(const char *text, const char *expected)
{
    struct credentials *set = NULL;
    struct arena arena;
    str sentence = { 0 };

    arena_init(&arena, 1 << 16);
    CHECK_INT(credentials_parse(str_of(text), STR("000000000000"), bounds, 1, &arena, &set, &sentence),
              ERR_MALFORMED);
    CHECK_STR(sentence, expected);
    arena_deinit(&arena);
}

TEST("users are found by access key, with what they may do")
{
    struct arena arena;
    struct credentials *set;
    const struct user *user;

    arena_init(&arena, 1 << 16);
    set = parse(&arena, "{\"users\":[{" KEYS ",\"name\":\"app\",\"account\":\"123456789012\",\"policies\":["
                        "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"kinesis:*\",\"Resource\":\"*\"}} , "
                        "{\"Statement\":{\"Effect\":\"Deny\",\"Action\":\"s3:*\",\"Resource\":\"*\"}}]},"
                        "{\"accessKeyId\":\"B\",\"secretAccessKey\":\"a\\/b\",\"administrator\":true},"
                        "{\"accessKeyId\":\"C\",\"secretAccessKey\":\"c\",\"sessionToken\":\"t\",\"expiration\":"
                        "\"2026-01-01T00:00:00Z\",\"principalArn\":\"arn:aws:sts::1:assumed-role/r/s\"}]}");
    CHECK_INT(credentials_count(set), 3);
    user = credentials_find(set, STR("AK"));
    CHECK(user && user->policy_count == 2 && !user->administrator);
    CHECK_STR(user->secret_key, "SK");
    CHECK_STR(user->account, "123456789012");
    CHECK_STR(user->principal_arn, "arn:aws:iam::123456789012:user/app");
    CHECK(!str_present(user->session_token));
    user = credentials_find(set, STR("B"));
    CHECK(user && user->administrator);
    CHECK_STR(user->secret_key, "a/b");
    CHECK_STR(user->principal_arn, "arn:aws:iam::000000000000:user/B");
    user = credentials_find(set, STR("C"));
    CHECK(user && user->expires_at == 1767225600000);
    CHECK_STR(user->session_token, "t");
    CHECK_STR(user->principal_arn, "arn:aws:sts::1:assumed-role/r/s");
    CHECK(credentials_find(set, STR("D")) == NULL);
    credentials_give(set);
    arena_deinit(&arena);
}

TEST("a set lives until the last reference is given back")
{
    struct arena arena;
    struct credentials *set, *held;

    arena_init(&arena, 1 << 16);
    set = parse(&arena, USER(""));
    held = credentials_take(set);
    credentials_give(set);
    CHECK_STR(credentials_find(held, STR("AK"))->secret_key, "SK");
    credentials_give(held);
    credentials_give(NULL);
    arena_deinit(&arena);
}

TEST("mistakes are refused with the place and a sentence")
{
    expect_refusal("", "The credentials are not valid JSON.");
    expect_refusal("[]", "The credentials must be a JSON object.");
    expect_refusal("{}", "There are no users.");
    expect_refusal("{\"users\":[]}", "There are no users.");
    expect_refusal("{\"user\":[]}", "'user' is no key of the credentials.");
    expect_refusal("{\"users\":{}}", "users must be a list.");
    expect_refusal("{\"users\":[1]}", "users must be a list of objects.");
    expect_refusal(USER(",\"acount\":\"1\""), "users[0]: 'acount' is no key of a user.");
    expect_refusal(USER(",\"account\":\"123\""), "users[0]: account must be given, as 12 digits.");
    expect_refusal(USER(",\"account\":123456789012"), "users[0]: account must be a string that is not empty.");
    expect_refusal(USER(",\"account\":\"1234567890123\""), "users[0]: account is longer than 12 bytes.");
    expect_refusal(USER(",\"name\":\"a/b\""),
                   "users[0]: name holds spaces, slashes, commas or other odd characters.");
    expect_refusal(USER(",\"administrator\":1"), "users[0]: administrator must be true or false.");
    expect_refusal(USER(",\"secretAccessKey\":\"x\""), "users[0]: secretAccessKey is given twice.");
    expect_refusal(USER(",\"principalArn\":\"bob\""), "users[0]: principalArn must be an ARN, not 'bob'.");
    expect_refusal(USER(",\"expiration\":\"2026-01-01T00:00:00Z\""),
                   "users[0]: expiration is for session tokens, and there is no sessionToken.");
    expect_refusal(USER(",\"sessionToken\":\"t\",\"expiration\":\"tomorrow\""),
                   "users[0]: expiration must be a date such as '2026-12-31T23:59:59Z', not 'tomorrow'.");
    expect_refusal(USER(",\"policies\":{}"), "users[0]: policies must be a list of policy documents.");
    expect_refusal(USER(",\"policies\":[{\"Statement\":[]}]"),
                   "users[0]: policies[0]: Statement must not be empty.");
    expect_refusal(USER(",\"policies\":[\"x\"]"), "users[0]: policies[0]: The policy must be a JSON object.");
    expect_refusal("{\"users\":[{\"accessKeyId\":\"a b\",\"secretAccessKey\":\"s\"}]}",
                   "users[0]: accessKeyId is missing or holds spaces, slashes, commas or other odd characters.");
    expect_refusal("{\"users\":[{\"accessKeyId\":\"a\"}]}", "users[0]: secretAccessKey is missing.");
    expect_refusal("{\"users\":[{" KEYS "},{" KEYS "}]}", "users[1]: accessKeyId 'AK' is another user's already.");
    expect_refusal("{\"users\":[{\"accessKeyId\":\"a\",\"secretAccessKey\":\"s\"},{\"accessKeyId\":\"b\","
                   "\"secretAccessKey\":\"s\"},{\"accessKeyId\":\"c\",\"secretAccessKey\":\"s\"},{}]}",
                   "users[3]: There are too many users.");
}

TEST("a text beyond the bound is refused")
{
    struct credentials_bounds small = { .bytes_max = 10, .users_max = 1 };
    struct credentials *set = NULL;
    struct arena arena;
    str sentence = { 0 };

    arena_init(&arena, 1 << 16);
    CHECK_INT(credentials_parse(str_of(USER("")), STR("000000000000"), small, 1, &arena, &set, &sentence),
              ERR_TOO_LARGE);
    CHECK_STR(sentence, "The credentials are longer than 10 bytes.");
    arena_deinit(&arena);
}

UNIT_MAIN
