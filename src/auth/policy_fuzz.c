/* policy_fuzz.c: any policy text, as both kinds, judged if it parses. */
#include <stdlib.h>

#include "auth/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(enum policy_kind kind, str text)
{
    struct policy_bounds bounds = { .bytes_max = 1 << 16, .statements_max = 50, .values_max = 500 };
    struct policy_tag tags[] = { { STR("env"), STR("prod") } };
    struct identity identity = { .account = "111122223333", .region = STR("eu-west-1"), .verified = true,
                                 .principal_arn = STR("arn:aws:iam::111122223333:user/bob"),
                                 .user_name = STR("bob") };
    struct policy_question question = { .identity = &identity, .action = STR("kinesis:PutRecord"),
                                        .resource = STR("arn:aws:kinesis:eu-west-1:111122223333:stream/orders"),
                                        .source_ip = STR("10.1.2.3"), .now = 1767226500000, .request_tags = tags,
                                        .request_tag_count = 1 };
    const struct policy *policies;
    struct policy *policy = NULL;
    str sentence = { 0 };
    struct arena arena;
    enum err err;

    arena_init(&arena, 8 << 20);
    err = policy_parse(text, kind, bounds, &arena, &policy, &sentence);
    if ((err == ERR_MALFORMED || err == ERR_TOO_LARGE) != str_present(sentence))
        abort();
    policies = policy;
    identity.policies = &policies;
    identity.policy_count = err == OK && kind == POLICY_IDENTITY ? 1 : 0;
    (void)policy_judge(&question, err == OK && kind == POLICY_RESOURCE ? policy : NULL);
    arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    run(POLICY_IDENTITY, str_bytes(data, size));
    run(POLICY_RESOURCE, str_bytes(data, size));
    return 0;
}
