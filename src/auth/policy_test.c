/* policy_test.c: truth tables of IAM policies. */
#include "auth/policy.c"

#include "unit.h"

static const struct policy_bounds bounds = { .bytes_max = 4096, .statements_max = 4, .values_max = 20 };

#define BOB "arn:aws:iam::111122223333:user/bob"
#define ORDERS "arn:aws:kinesis:eu-west-1:111122223333:stream/orders"

/* A policy of one statement; `rest` follows "Effect": "Allow", */
#define ALLOW(rest) "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\"," rest "}}"
#define DENY(rest) "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\"," rest "}]}"
#define ANY "\"Action\":\"*\",\"Resource\":\"*\""
#define WHEN(condition) ALLOW(ANY ",\"Condition\":{" condition "}")

static struct policy *parse(struct arena *arena, const char *text, enum policy_kind kind)
{
    struct policy *policy = NULL;
    str sentence = { 0 };

    if (text && policy_parse(str_of(text), kind, bounds, arena, &policy, &sentence) != OK)
        printf("    %s: %.*s\n", text, STR_ARG(sentence));
    CHECK(text == NULL || policy);
    return policy;
}

static const struct policy_tag resource_tags[] = { { { "team", 4 }, { "blue", 4 } } };
static const struct policy_tag request_tags[] = { { { "cost", 4 }, { "12", 2 } }, { { "env", 3 }, { "prod", 4 } } };

static struct identity bob = {
    .account = "111122223333",
    .principal_arn = { BOB, sizeof(BOB) - 1 },
    .user_name = { "bob", 3 },
    .region = { "eu-west-1", 9 },
    .service = { "kinesis", 7 },
    .verified = true,
};

static struct policy_question usual(void)
{
    return (struct policy_question){
        .identity = &bob, .action = STR("kinesis:PutRecord"), .resource = STR(ORDERS),
        .resource_account = STR("111122223333"), .source_ip = STR("10.1.2.3"), .user_agent = STR("aws-cli/2.1"),
        .now = 1767226500000, /* 2026-01-01T00:15:00Z */
        .resource_tags = resource_tags, .resource_tag_count = 1,
        .request_tags = request_tags, .request_tag_count = 2,
    };
}

static enum policy_verdict judge_texts(struct policy_question question, const char *identity_text,
                                       const char *resource_text)
{
    struct identity caller = *question.identity;
    const struct policy *policy;
    const struct policy *resource;
    enum policy_verdict verdict;
    struct arena arena;

    arena_init(&arena, 1 << 20);
    policy = parse(&arena, identity_text, POLICY_IDENTITY);
    resource = parse(&arena, resource_text, POLICY_RESOURCE);
    caller.policies = &policy;
    caller.policy_count = identity_text ? 1 : 0;
    question.identity = &caller;
    verdict = policy_judge(&question, resource);
    arena_deinit(&arena);
    return verdict;
}

static bool allowed(const char *text)
{
    return judge_texts(usual(), text, NULL) == POLICY_ALLOWED;
}

static bool condition(const char *inside)
{
    char text[1024];

    (void)snprintf(text, sizeof(text), WHEN("%s"), inside);
    return allowed(text);
}

TEST("nothing is allowed by itself, and an administrator may do everything")
{
    struct policy_question question = usual();
    struct identity administrator = bob;

    CHECK_INT(judge_texts(question, NULL, NULL), POLICY_NO_IDENTITY_ALLOW);
    administrator.administrator = true;
    question.identity = &administrator;
    CHECK_INT(judge_texts(question, NULL, NULL), POLICY_ALLOWED);
    CHECK_INT(judge_texts(question, DENY(ANY), NULL), POLICY_DENIED_BY_IDENTITY);
}

TEST("actions: case does not matter, stars and question marks do")
{
    CHECK(allowed(ALLOW("\"Action\":\"kinesis:PutRecord\",\"Resource\":\"*\"")));
    CHECK(allowed(ALLOW("\"Action\":\"KINESIS:putrecord\",\"Resource\":\"*\"")));
    CHECK(allowed(ALLOW("\"Action\":[\"s3:*\",\"kinesis:Put*\"],\"Resource\":\"*\"")));
    CHECK(allowed(ALLOW("\"Action\":\"kinesis:PutRecor?\",\"Resource\":\"*\"")));
    CHECK(!allowed(ALLOW("\"Action\":\"kinesis:PutRecord?\",\"Resource\":\"*\"")));
    CHECK(!allowed(ALLOW("\"Action\":\"kinesis:PutRecords\",\"Resource\":\"*\"")));
    CHECK(!allowed(ALLOW("\"Action\":\"kinesis:Get*\",\"Resource\":\"*\"")));
    CHECK(!allowed(ALLOW("\"NotAction\":\"kinesis:Put*\",\"Resource\":\"*\"")));
    CHECK(allowed(ALLOW("\"NotAction\":[\"s3:*\",\"kinesis:Get*\"],\"Resource\":\"*\"")));
}

TEST("resources: case matters, wildcards span the parts of an ARN")
{
    CHECK(allowed(ALLOW("\"Action\":\"*\",\"Resource\":\"" ORDERS "\"")));
    CHECK(allowed(ALLOW("\"Action\":\"*\",\"Resource\":\"arn:aws:kinesis:*:*:stream/ord*\"")));
    CHECK(allowed(ALLOW("\"Action\":\"*\",\"Resource\":\"arn:aws:kinesis:*orders\"")));
    CHECK(allowed(ALLOW("\"Action\":\"*\",\"Resource\":\"arn:*:*e*:eu*st*1*:*/o*d*r*s\"")));
    CHECK(!allowed(ALLOW("\"Action\":\"*\",\"Resource\":\"arn:aws:kinesis:*:*:stream/Orders\"")));
    CHECK(!allowed(ALLOW("\"Action\":\"*\",\"Resource\":\"" ORDERS "2\"")));
    CHECK(!allowed(ALLOW("\"Action\":\"*\",\"NotResource\":\"arn:aws:kinesis:*\"")));
    CHECK(allowed(ALLOW("\"Action\":\"*\",\"NotResource\":\"arn:aws:s3:*\"")));
}

TEST("a deny wins over every allow, in either kind of policy")
{
    struct policy_question question = usual();

    CHECK_INT(judge_texts(question,
                          "{\"Statement\":[{\"Effect\":\"Allow\"," ANY "},{\"Effect\":\"Deny\",\"Action\":"
                          "\"kinesis:Put*\",\"Resource\":\"*\"}]}",
                          NULL),
              POLICY_DENIED_BY_IDENTITY);
    CHECK_INT(judge_texts(question, ALLOW(ANY), DENY("\"Principal\":\"*\"," ANY)), POLICY_DENIED_BY_RESOURCE);
    CHECK_INT(judge_texts(question, ALLOW(ANY), DENY("\"Principal\":{\"AWS\":\"111122223333\"}," ANY)),
              POLICY_DENIED_BY_RESOURCE);
    CHECK_INT(judge_texts(question, ALLOW(ANY), DENY("\"Principal\":{\"AWS\":\"999999999999\"}," ANY)),
              POLICY_ALLOWED);
}

TEST("within an account a resource policy suffices, unless it only names the account")
{
    struct policy_question question = usual();

    CHECK_INT(judge_texts(question, NULL, ALLOW("\"Principal\":{\"AWS\":\"" BOB "\"}," ANY)), POLICY_ALLOWED);
    CHECK_INT(judge_texts(question, NULL, ALLOW("\"Principal\":\"*\"," ANY)), POLICY_ALLOWED);
    CHECK_INT(judge_texts(question, NULL, ALLOW("\"Principal\":{\"AWS\":[\"*\"]}," ANY)), POLICY_ALLOWED);
    CHECK_INT(judge_texts(question, NULL, ALLOW("\"Principal\":{\"AWS\":\"111122223333\"}," ANY)),
              POLICY_NO_IDENTITY_ALLOW);
    CHECK_INT(judge_texts(question, NULL, ALLOW("\"Principal\":{\"AWS\":\"" BOB "by\"}," ANY)),
              POLICY_NO_IDENTITY_ALLOW);
    CHECK_INT(judge_texts(question, NULL, ALLOW("\"Principal\":{\"Service\":\"kinesis.amazonaws.com\"}," ANY)),
              POLICY_NO_IDENTITY_ALLOW);
}

TEST("across accounts both sides must allow")
{
    struct policy_question question = usual();

    question.resource_account = STR("999999999999");
    CHECK_INT(judge_texts(question, ALLOW(ANY), NULL), POLICY_NO_RESOURCE_ALLOW);
    CHECK_INT(judge_texts(question, NULL, ALLOW("\"Principal\":{\"AWS\":\"" BOB "\"}," ANY)),
              POLICY_NO_IDENTITY_ALLOW);
    CHECK_INT(judge_texts(question, ALLOW(ANY), ALLOW("\"Principal\":{\"AWS\":\"" BOB "\"}," ANY)), POLICY_ALLOWED);
    CHECK_INT(judge_texts(question, ALLOW(ANY),
                          ALLOW("\"Principal\":{\"AWS\":\"arn:aws:iam::111122223333:root\"}," ANY)),
              POLICY_ALLOWED);
    CHECK_INT(judge_texts(question, ALLOW(ANY),
                          ALLOW("\"Principal\":{\"AWS\":\"arn:aws:iam::999999999999:root\"}," ANY)),
              POLICY_NO_RESOURCE_ALLOW);
}

TEST("string conditions")
{
    CHECK(condition("\"StringEquals\":{\"aws:username\":\"bob\"}"));
    CHECK(condition("\"StringEquals\":{\"AWS:UserName\":[\"eve\",\"bob\"]}"));
    CHECK(!condition("\"StringEquals\":{\"aws:username\":\"Bob\"}"));
    CHECK(!condition("\"StringEquals\":{\"aws:username\":\"b*\"}"));
    CHECK(condition("\"StringNotEquals\":{\"aws:username\":[\"eve\",\"al\"]}"));
    CHECK(!condition("\"StringNotEquals\":{\"aws:username\":[\"eve\",\"bob\"]}"));
    CHECK(condition("\"StringEqualsIgnoreCase\":{\"aws:username\":\"BOB\"}"));
    CHECK(!condition("\"StringNotEqualsIgnoreCase\":{\"aws:username\":\"BOB\"}"));
    CHECK(condition("\"StringLike\":{\"aws:UserAgent\":\"aws-cli/*\"}"));
    CHECK(!condition("\"StringNotLike\":{\"aws:UserAgent\":\"aws-?li/*\"}"));
    CHECK(condition("\"StringEquals\":{\"aws:RequestedRegion\":\"eu-west-1\"}"));
    CHECK(condition("\"StringEquals\":{\"aws:PrincipalAccount\":\"111122223333\",\"aws:username\":\"bob\"}"));
    CHECK(!condition("\"StringEquals\":{\"aws:PrincipalAccount\":\"111122223333\",\"aws:username\":\"eve\"}"));
    CHECK(!condition("\"StringEquals\":{\"aws:username\":\"bob\"},\"StringLike\":{\"aws:username\":\"e*\"}"));
}

TEST("conditions on numbers, dates, booleans, addresses and ARNs")
{
    CHECK(condition("\"NumericLessThan\":{\"aws:EpochTime\":1767226501}"));
    CHECK(!condition("\"NumericLessThan\":{\"aws:EpochTime\":\"1767226500\"}"));
    CHECK(condition("\"NumericLessThanEquals\":{\"aws:EpochTime\":\"1767226500\"}"));
    CHECK(condition("\"NumericGreaterThan\":{\"aws:EpochTime\":1.5}"));
    CHECK(condition("\"NumericEquals\":{\"aws:RequestTag/cost\":\"12.0\"}"));
    CHECK(!condition("\"NumericNotEquals\":{\"aws:RequestTag/cost\":12}"));
    CHECK(condition("\"DateGreaterThan\":{\"aws:CurrentTime\":\"2026-01-01T00:14:59Z\"}"));
    CHECK(condition("\"DateGreaterThanEquals\":{\"aws:CurrentTime\":\"2026-01-01\"}"));
    CHECK(!condition("\"DateLessThan\":{\"aws:CurrentTime\":\"2026-01-01T00:15:00Z\"}"));
    CHECK(condition("\"DateEquals\":{\"aws:EpochTime\":\"2026-01-01T00:15:00Z\"}"));
    CHECK(condition("\"Bool\":{\"aws:SecureTransport\":false}"));
    CHECK(!condition("\"Bool\":{\"aws:SecureTransport\":\"true\"}"));
    CHECK(condition("\"IpAddress\":{\"aws:SourceIp\":[\"192.168.0.0/16\",\"10.0.0.0/8\"]}"));
    CHECK(condition("\"IpAddress\":{\"aws:SourceIp\":\"10.1.2.3\"}"));
    CHECK(!condition("\"IpAddress\":{\"aws:SourceIp\":\"10.1.2.4/31\"}"));
    CHECK(condition("\"IpAddress\":{\"aws:SourceIp\":\"10.1.2.2/31\"}"));
    CHECK(condition("\"IpAddress\":{\"aws:SourceIp\":\"::ffff:10.0.0.0/104\"}"));
    CHECK(!condition("\"IpAddress\":{\"aws:SourceIp\":\"::/0\"}"));
    CHECK(!condition("\"NotIpAddress\":{\"aws:SourceIp\":\"0.0.0.0/0\"}"));
    CHECK(condition("\"ArnEquals\":{\"aws:PrincipalArn\":\"arn:aws:iam::*:user/b?b\"}"));
    CHECK(!condition("\"ArnLike\":{\"aws:PrincipalArn\":\"arn:aws:*:user/bob\"}"));
    CHECK(condition("\"ArnLike\":{\"aws:PrincipalArn\":\"*\"}"));
    CHECK(!condition("\"ArnNotLike\":{\"aws:PrincipalArn\":\"arn:aws:iam::*:user/*\"}"));
}

TEST("a key that the request does not have")
{
    CHECK(!condition("\"StringEquals\":{\"aws:Nothing\":\"x\"}"));
    CHECK(condition("\"StringNotEquals\":{\"aws:Nothing\":\"x\"}"));
    CHECK(condition("\"StringEqualsIfExists\":{\"aws:Nothing\":\"x\"}"));
    CHECK(!condition("\"StringEqualsIfExists\":{\"aws:username\":\"x\"}"));
    CHECK(condition("\"ForAllValues:StringEquals\":{\"aws:Nothing\":\"x\"}"));
    CHECK(!condition("\"ForAnyValue:StringNotEquals\":{\"aws:Nothing\":\"x\"}"));
    CHECK(condition("\"Null\":{\"aws:Nothing\":\"true\"}"));
    CHECK(!condition("\"Null\":{\"aws:Nothing\":\"false\"}"));
    CHECK(condition("\"Null\":{\"aws:username\":false}"));
    CHECK(!condition("\"Null\":{\"aws:username\":true}"));
}

TEST("tags of the resource and of the request")
{
    CHECK(condition("\"StringEquals\":{\"aws:ResourceTag/team\":\"blue\"}"));
    CHECK(!condition("\"StringEquals\":{\"aws:ResourceTag/Team\":\"blue\"}"));
    CHECK(condition("\"StringEquals\":{\"aws:RequestTag/env\":\"prod\"}"));
    CHECK(condition("\"ForAllValues:StringEquals\":{\"aws:TagKeys\":[\"env\",\"cost\",\"more\"]}"));
    CHECK(!condition("\"ForAllValues:StringEquals\":{\"aws:TagKeys\":[\"env\"]}"));
    CHECK(condition("\"ForAnyValue:StringEquals\":{\"aws:TagKeys\":[\"env\"]}"));
    CHECK(!condition("\"ForAnyValue:StringEquals\":{\"aws:TagKeys\":[\"x\"]}"));
    CHECK(condition("\"ForAllValues:StringNotLike\":{\"aws:TagKeys\":\"x*\"}"));
    CHECK(!condition("\"ForAllValues:StringNotLike\":{\"aws:TagKeys\":\"e*\"}"));
    CHECK(!condition("\"Null\":{\"aws:TagKeys\":\"true\"}"));
}

TEST("policy variables, their defaults, and the literal wildcards")
{
    struct policy_question question = usual();
    const char *own = ALLOW("\"Action\":\"*\",\"Resource\":\"arn:aws:kinesis:*:*:stream/${aws:username}-*\"");
    const char *old = "{\"Version\":\"2008-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\","
                      "\"Resource\":\"arn:aws:kinesis:*:*:stream/${aws:username}-*\"}}";
    struct identity star = bob;

    question.resource = STR("arn:aws:kinesis:eu-west-1:111122223333:stream/bob-7");
    CHECK_INT(judge_texts(question, own, NULL), POLICY_ALLOWED);
    CHECK_INT(judge_texts(question, old, NULL), POLICY_NO_IDENTITY_ALLOW);
    question.resource = STR("arn:aws:kinesis:eu-west-1:111122223333:stream/eve-7");
    CHECK_INT(judge_texts(question, own, NULL), POLICY_NO_IDENTITY_ALLOW);
    star.user_name = STR("*");
    question.identity = &star;
    CHECK_INT(judge_texts(question, own, NULL), POLICY_NO_IDENTITY_ALLOW);
    CHECK(condition("\"StringLike\":{\"aws:username\":\"${aws:username}\"}"));
    CHECK(condition("\"StringEquals\":{\"aws:username\":\"${aws:Nothing, 'bob'}\"}"));
    CHECK(!condition("\"StringEquals\":{\"aws:username\":\"${aws:Nothing}\"}"));
    CHECK(!condition("\"StringLike\":{\"aws:username\":\"b${*}b\"}"));
    CHECK(condition("\"ArnLike\":{\"aws:PrincipalArn\":"
                    "\"arn:aws:iam::${aws:PrincipalAccount}:user/${aws:username}\"}"));
}

/* The sentence with which a policy is refused. */
static void expect_malformed(const char *text, enum policy_kind kind, const char *expected)
{
    struct policy *policy = NULL;
    str sentence = { 0 };
    struct arena arena;

    arena_init(&arena, 1 << 20);
    CHECK_INT(policy_parse(str_of(text), kind, bounds, &arena, &policy, &sentence), ERR_MALFORMED);
    CHECK_STR(sentence, expected);
    arena_deinit(&arena);
}

TEST("malformed policies are refused with a sentence")
{
    expect_malformed("", POLICY_IDENTITY, "The policy is not valid JSON.");
    expect_malformed("{} x", POLICY_IDENTITY, "The policy is not valid JSON.");
    expect_malformed("[]", POLICY_IDENTITY, "The policy must be a JSON object.");
    expect_malformed("{}", POLICY_IDENTITY, "Statement is missing.");
    expect_malformed("{\"Statement\":[]}", POLICY_IDENTITY, "Statement must not be empty.");
    expect_malformed("{\"Statement\":7}", POLICY_IDENTITY, "Statement must be an object or a list of objects.");
    expect_malformed("{\"Version\":\"2013-01-01\",\"Statement\":[]}", POLICY_IDENTITY,
                     "Version must be '2012-10-17' or '2008-10-17', not '2013-01-01'.");
    expect_malformed("{\"Statment\":[]}", POLICY_IDENTITY, "'Statment' is no element of a policy.");
    expect_malformed(ALLOW("\"Acton\":\"*\""), POLICY_IDENTITY, "Statement 1: 'Acton' is no element of a statement.");
    expect_malformed(ALLOW("\"Action\":\"*\""), POLICY_IDENTITY, "Statement 1: Resource or NotResource is missing.");
    expect_malformed(ALLOW("\"Resource\":\"*\""), POLICY_IDENTITY, "Statement 1: Action or NotAction is missing.");
    expect_malformed(ALLOW(ANY ",\"NotAction\":\"*\""), POLICY_IDENTITY,
                     "Statement 1: Action or NotAction is given twice.");
    expect_malformed("{\"Statement\":{" ANY "}}", POLICY_IDENTITY, "Statement 1: Effect is missing.");
    expect_malformed("{\"Statement\":{\"Effect\":\"allow\"," ANY "}}", POLICY_IDENTITY,
                     "Statement 1: Effect must be 'Allow' or 'Deny', not 'allow'.");
    expect_malformed(ALLOW("\"Action\":\"PutRecord\",\"Resource\":\"*\""), POLICY_IDENTITY,
                     "Statement 1: 'PutRecord' is no action: expected 'service:Operation' or '*'.");
    expect_malformed(ALLOW("\"Action\":[],\"Resource\":\"*\""), POLICY_IDENTITY,
                     "Statement 1: Action must not be empty.");
    expect_malformed(ALLOW("\"Action\":\"*\",\"Resource\":\"orders\""), POLICY_IDENTITY,
                     "Statement 1: 'orders' is no resource: expected an ARN or '*'.");
    expect_malformed(ALLOW("\"Action\":\"*\",\"Resource\":\"arn:${oops\""), POLICY_IDENTITY,
                     "Statement 1: 'arn:${oops' holds a control character or a broken variable.");
    expect_malformed(ALLOW("\"Principal\":\"*\"," ANY), POLICY_IDENTITY,
                     "Statement 1: Principal does not belong into an identity-based policy.");
    expect_malformed(ALLOW(ANY), POLICY_RESOURCE, "Statement 1: Principal is missing.");
    expect_malformed(ALLOW("\"NotPrincipal\":\"*\"," ANY), POLICY_RESOURCE,
                     "Statement 1: NotPrincipal is not supported.");
    expect_malformed(ALLOW("\"Principal\":{\"AWS\":\"arn:aws:iam::*:root\"}," ANY), POLICY_RESOURCE,
                     "Statement 1: 'arn:aws:iam::*:root' is no principal: expected '*', an account id or an ARN "
                     "without wildcards.");
    expect_malformed(ALLOW("\"Principal\":{\"Everyone\":\"*\"}," ANY), POLICY_RESOURCE,
                     "Statement 1: 'Everyone' is no kind of principal.");
    expect_malformed(WHEN("\"StringIs\":{\"a\":\"b\"}"), POLICY_IDENTITY,
                     "Statement 1: 'StringIs' is no condition operator.");
    expect_malformed(WHEN("\"IpAddress\":{\"aws:SourceIp\":\"10.0.0.0/33\"}"), POLICY_IDENTITY,
                     "Statement 1: '10.0.0.0/33' is no value for a condition on 'aws:SourceIp'.");
    expect_malformed(WHEN("\"Bool\":{\"aws:SecureTransport\":\"yes\"}"), POLICY_IDENTITY,
                     "Statement 1: 'yes' is no value for a condition on 'aws:SecureTransport'.");
}

TEST("the bounds on statements, values and size")
{
    struct policy_bounds small = { .bytes_max = 64, .statements_max = 1, .values_max = 2 };
    const char *two = "{\"Statement\":[{\"Effect\":\"Deny\"," ANY "},{\"Effect\":\"Deny\"," ANY "}]}";
    struct policy *policy = NULL;
    str sentence = { 0 };
    struct arena arena;

    arena_init(&arena, 1 << 20);
    CHECK_INT(policy_parse(str_of(two), POLICY_IDENTITY, small, &arena, &policy, &sentence), ERR_TOO_LARGE);
    CHECK_STR(sentence, "The policy is longer than 64 bytes.");
    small.bytes_max = 1000;
    CHECK_INT(policy_parse(str_of(two), POLICY_IDENTITY, small, &arena, &policy, &sentence), ERR_MALFORMED);
    CHECK_STR(sentence, "Statement 2: The policy holds too many statements.");
    small.statements_max = 2;
    CHECK_INT(policy_parse(str_of(two), POLICY_IDENTITY, small, &arena, &policy, &sentence), ERR_MALFORMED);
    CHECK_STR(sentence, "Statement 2: The policy holds too many values.");
    small.values_max = 4;
    CHECK_INT(policy_parse(str_of(two), POLICY_IDENTITY, small, &arena, &policy, &sentence), OK);
    arena_deinit(&arena);
}

TEST("an arena that runs dry anywhere is NO_MEMORY")
{
    const char *text = WHEN("\"StringEquals\":{\"aws:username\":[\"a\",\"b\"]}");
    enum err err = ERR_NO_MEMORY;
    struct policy *policy;
    struct arena arena;
    str sentence;

    for (size_t bytes = 0; err == ERR_NO_MEMORY && bytes < 1 << 16; bytes += 64) {
        arena_init(&arena, bytes);
        err = policy_parse(str_of(text), POLICY_IDENTITY, bounds, &arena, &policy, &sentence);
        arena_deinit(&arena);
    }
    CHECK_INT(err, OK);
}

TEST("what a denied caller is told")
{
    struct policy_question question = usual();
    struct arena arena;

    arena_init(&arena, 1 << 16);
    CHECK_STR(policy_denial(&question, POLICY_NO_IDENTITY_ALLOW, &arena),
              "User: " BOB " is not authorized to perform: kinesis:PutRecord on resource: " ORDERS
              " because no identity-based policy allows the kinesis:PutRecord action");
    CHECK_STR(policy_denial(&question, POLICY_NO_RESOURCE_ALLOW, &arena),
              "User: " BOB " is not authorized to perform: kinesis:PutRecord on resource: " ORDERS
              " because no resource-based policy allows the kinesis:PutRecord action");
    CHECK_STR(policy_denial(&question, POLICY_DENIED_BY_IDENTITY, &arena),
              "User: " BOB " is not authorized to perform: kinesis:PutRecord on resource: " ORDERS
              " with an explicit deny in an identity-based policy");
    CHECK_STR(policy_denial(&question, POLICY_DENIED_BY_RESOURCE, &arena),
              "User: " BOB " is not authorized to perform: kinesis:PutRecord on resource: " ORDERS
              " with an explicit deny in a resource-based policy");
    arena_deinit(&arena);
}

UNIT_MAIN
