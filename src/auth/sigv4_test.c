/* sigv4_test.c: signatures made by others are accepted, altered ones are not, and every refusal has its exact text. */
#include "auth/sigv4.c"

#include "auth/sigv4_vectors.h"
#include "unit.h"

#define KEYS                                                                                                           \
    "\"accessKeyId\": \"AKIDEXAMPLE\", \"secretAccessKey\": \"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY\""
#define TOKEN "FwoGZXIvYXdzEXAMPLE//token+with=odd/characters=="
#define NOW "20260101T001500Z"

static const char plain_users[] = "{\"users\": [{\"name\": \"example\", " KEYS ", \"administrator\": true}]}";
static const char token_users[] = "{\"users\": [{" KEYS ", \"sessionToken\": \"" TOKEN
                                  "\", \"expiration\": \"2026-01-01T01:00:00Z\"}]}";

/* What a test needs, and what came of the last verification. */
struct fixture {
    struct sigv4 *sigv4;
    struct credentials *plain, *token;
    struct arena arena;
    struct sigv4_rules rules;
    struct identity identity;
    str sentence;
};

static ms at(const char *text)
{
    ms when = 0;

    CHECK(date_parse(str_of(text), &when) == OK);
    return when;
}

static void begin_with(struct fixture *fixture, struct sigv4_bounds bounds)
{
    *fixture = (struct fixture){ 0 };
    arena_init(&fixture->arena, 1 << 20);
    CHECK(sigv4_create(bounds, 7, &fixture->sigv4) == OK);
    CHECK(credentials_parse(str_of(plain_users), STR("123456789012"), (struct credentials_bounds){ 1 << 16, 10 }, 7,
                            &fixture->arena, &fixture->plain, &fixture->sentence) == OK);
    CHECK(credentials_parse(str_of(token_users), STR("123456789012"), (struct credentials_bounds){ 1 << 16, 10 }, 7,
                            &fixture->arena, &fixture->token, &fixture->sentence) == OK);
    fixture->rules = (struct sigv4_rules){ .credentials = fixture->plain, .open_account = STR("000000000000"),
                                           .skew_max = 300000 };
}

static void begin_test(struct fixture *fixture)
{
    begin_with(fixture, (struct sigv4_bounds){ .cached_keys_max = 16, .canonical_bytes_max = 1 << 16 });
}

static void end_test(struct fixture *fixture)
{
    credentials_give(fixture->plain);
    credentials_give(fixture->token);
    sigv4_destroy(fixture->sigv4);
    arena_deinit(&fixture->arena);
}

static enum err verify(struct fixture *fixture, const struct sigv4_request *request, const char *now)
{
    fixture->sentence = (str){ 0 };
    return sigv4_verify(fixture->sigv4, &fixture->rules, request, at(now), &fixture->arena, &fixture->identity,
                        &fixture->sentence);
}

static const struct vector *vector_named(const char *name)
{
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
        if (strcmp(vectors[i].name, name) == 0)
            return &vectors[i];
    assert(false);
    return NULL;
}

static void use_credentials_of(struct fixture *fixture, const struct vector *vector)
{
    fixture->rules.credentials = strstr(vector->name, "token") ? fixture->token : fixture->plain;
}

/* A request with the usual headers and that Authorization. */
static struct sigv4_request signed_with(struct sigv4_header headers[3], const char *authorization)
{
    headers[0] = (struct sigv4_header){ STR("Host"), STR("localhost") };
    headers[1] = (struct sigv4_header){ STR("X-Amz-Date"), STR(NOW) };
    headers[2] = (struct sigv4_header){ STR("Authorization"), str_of(authorization) };
    return (struct sigv4_request){ .method = STR("POST"), .path = STR("/"), .headers = headers, .header_count = 3 };
}

static void expect_refusal(struct fixture *fixture, const char *authorization, enum err err, const char *sentence)
{
    struct sigv4_header headers[3];
    struct sigv4_request request = signed_with(headers, authorization);

    CHECK_INT(verify(fixture, &request, NOW), err);
    CHECK_STR(fixture->sentence, sentence);
}

static void expect_query_refusal(struct fixture *fixture, const char *query, enum err err, const char *sentence)
{
    struct sigv4_header host = { STR("Host"), STR("localhost") };
    struct sigv4_request request = { .method = STR("GET"), .path = STR("/"), .query = str_of(query),
                                     .headers = &host, .header_count = 1 };

    CHECK_INT(verify(fixture, &request, NOW), err);
    CHECK_STR(fixture->sentence, sentence);
}

#define CREDENTIAL "Credential=AKIDEXAMPLE/20260101/us-east-1/kinesis/aws4_request"

TEST("signatures made by others are accepted, the first time and from the cache")
{
    struct fixture fixture;

    begin_test(&fixture);
    for (size_t i = 0; i < 2 * sizeof(vectors) / sizeof(vectors[0]); i++) {
        const struct vector *vector = &vectors[i / 2];

        use_credentials_of(&fixture, vector);
        if (!CHECK(verify(&fixture, &vector->request, vector->now) == OK))
            printf("    %s: %.*s\n", vector->name, STR_ARG(fixture.sentence));
        CHECK_STR(fixture.identity.access_key, "AKIDEXAMPLE");
        CHECK(fixture.identity.verified);
    }
    end_test(&fixture);
}

TEST("a request that was altered in any part is refused")
{
    struct fixture fixture;

    begin_test(&fixture);
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        const struct vector *vector = &vectors[i];
        struct sigv4_request other = vector->request;

        use_credentials_of(&fixture, vector);
        other.method = STR("PUTT");
        CHECK_INT(verify(&fixture, &other, vector->now), ERR_INVALID_SIGNATURE);
        CHECK_STR(fixture.sentence, mismatch);
        other = vector->request;
        other.path = STR("/other");
        CHECK_INT(verify(&fixture, &other, vector->now), ERR_INVALID_SIGNATURE);
        other = vector->request;
        other.query = arena_fmt(&fixture.arena, "%.*s&more=1", STR_ARG(other.query));
        CHECK_INT(verify(&fixture, &other, vector->now), ERR_INVALID_SIGNATURE);
        other = vector->request;
        other.body = STR("another body");
        if (other.body_unread || strstr(vector->name, "unsigned") || strstr(vector->name, "s3 presigned"))
            continue;
        CHECK_INT(verify(&fixture, &other, vector->now), ERR_INVALID_SIGNATURE);
    }
    end_test(&fixture);
}

TEST("who signed, in which region, for which service")
{
    struct fixture fixture;

    begin_test(&fixture);
    CHECK(verify(&fixture, &vector_named("botocore, PutRecord")->request, NOW) == OK);
    CHECK_STR(str_of(fixture.identity.account), "123456789012");
    CHECK_STR(fixture.identity.principal_arn, "arn:aws:iam::123456789012:user/example");
    CHECK_STR(fixture.identity.user_name, "example");
    CHECK_STR(fixture.identity.region, "eu-west-1");
    CHECK_STR(fixture.identity.service, "kinesis");
    CHECK(fixture.identity.administrator);
    CHECK(verify(&fixture, &vector_named("botocore, presigned")->request, NOW) == OK);
    CHECK_STR(fixture.identity.region, "eu-west-1");
    CHECK_STR(fixture.identity.service, "kinesisvideo");
    end_test(&fixture);
}

TEST("a request without a signature")
{
    struct fixture fixture;
    struct sigv4_header headers[3];
    struct sigv4_request request = signed_with(headers, "");

    begin_test(&fixture);
    request.header_count = 2;
    CHECK_INT(verify(&fixture, &request, NOW), ERR_MISSING_TOKEN);
    CHECK_STR(fixture.sentence, "Missing Authentication Token");
    expect_refusal(&fixture, "", ERR_MISSING_TOKEN, "Missing Authentication Token");
    expect_query_refusal(&fixture, "X-Amz-Signature=abc", ERR_MISSING_TOKEN, "Missing Authentication Token");
    end_test(&fixture);
}

TEST("a signature in the header and in the query")
{
    struct fixture fixture;
    struct sigv4_header headers[3];
    struct sigv4_request request = signed_with(headers, "AWS4-HMAC-SHA256 Signature=a");

    begin_test(&fixture);
    request.query = STR("X-Amz-Algorithm");
    CHECK_INT(verify(&fixture, &request, NOW), ERR_INVALID_SIGNATURE);
    CHECK_STR(fixture.sentence,
              "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.");
    end_test(&fixture);
}

TEST("a header form with parts missing: one sentence per part, then the value")
{
    struct fixture fixture;
    struct sigv4_header headers[3];
    struct sigv4_request request = signed_with(headers, "AWS4-");

    begin_test(&fixture);
    headers[1] = headers[2];
    request.header_count = 2;
    CHECK_INT(verify(&fixture, &request, NOW), ERR_INCOMPLETE_SIGNATURE);
    CHECK_STR(fixture.sentence, "Authorization header requires 'Credential' parameter. "
                                "Authorization header requires 'Signature' parameter. "
                                "Authorization header requires 'SignedHeaders' parameter. "
                                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
                                "Authorization=AWS4-");
    expect_refusal(&fixture, "Bearer abc", ERR_INCOMPLETE_SIGNATURE,
                   "Authorization header requires 'Credential' parameter. "
                   "Authorization header requires 'Signature' parameter. "
                   "Authorization header requires 'SignedHeaders' parameter. Authorization=Bearer abc");
    expect_refusal(&fixture, "AWS4-HMAC-SHA256 Signature=b Credential=a", ERR_INCOMPLETE_SIGNATURE,
                   "Authorization header requires 'SignedHeaders' parameter. "
                   "Authorization=AWS4-HMAC-SHA256 Signature=b Credential=a");
    expect_refusal(&fixture, "AWS4-HMAC-SHA256 Signature=b,SignedHeaders=a,Credential", ERR_INCOMPLETE_SIGNATURE,
                   "Authorization header requires 'Credential' parameter. "
                   "Authorization=AWS4-HMAC-SHA256 Signature=b,SignedHeaders=a,Credential");
    expect_refusal(&fixture, "AWS4-HMAC-SHA256 Signature=, SignedHeaders=a, Credential=c", ERR_INCOMPLETE_SIGNATURE,
                   "Authorization header requires 'Signature' parameter. "
                   "Authorization=AWS4-HMAC-SHA256 Signature=, SignedHeaders=a, Credential=c");
    end_test(&fixture);
}

TEST("a query form with parts missing: one sentence per part, then the advice")
{
    struct fixture fixture;

    begin_test(&fixture);
    expect_query_refusal(&fixture, "X-Amz-Algorithm", ERR_INCOMPLETE_SIGNATURE,
                         "AWS query-string parameters must include 'X-Amz-Algorithm'. "
                         "AWS query-string parameters must include 'X-Amz-Credential'. "
                         "AWS query-string parameters must include 'X-Amz-Signature'. "
                         "AWS query-string parameters must include 'X-Amz-SignedHeaders'. "
                         "AWS query-string parameters must include 'X-Amz-Date'. "
                         "Re-examine the query-string parameters.");
    expect_query_refusal(&fixture, "X-Amz-Algorithm=a&X-Amz-Credential=b&X-Amz-SignedHeaders=d&X-Amz-Date=e",
                         ERR_INCOMPLETE_SIGNATURE,
                         "AWS query-string parameters must include 'X-Amz-Signature'. "
                         "Re-examine the query-string parameters.");
    expect_query_refusal(&fixture,
                         "X-Amz-Algorithm=a&X-Amz-Credential=b&X-Amz-SignedHeaders=d&X-Amz-Date=e&X-Amz-Signature=f&"
                         "X-Amz-Expires=604801",
                         ERR_INCOMPLETE_SIGNATURE,
                         "X-Amz-Expires must be a number of seconds between 1 and 604800. "
                         "Re-examine the query-string parameters.");
    end_test(&fixture);
}

TEST("a credential, an algorithm or a date that cannot be read")
{
    struct fixture fixture;
    struct sigv4_header headers[3];
    struct sigv4_request request =
        signed_with(headers, "AWS4-HMAC-SHA256 " CREDENTIAL ", SignedHeaders=host, Signature=a");

    begin_test(&fixture);
    expect_refusal(&fixture, "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=a",
                   ERR_INCOMPLETE_SIGNATURE,
                   "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
                   "got 'a/b/c'");
    expect_refusal(&fixture, "AWS4-HMAC-SHA256 Credential=a/b/c/d/e/f, SignedHeaders=host, Signature=a",
                   ERR_INCOMPLETE_SIGNATURE,
                   "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
                   "got 'a/b/c/d/e/f'");
    expect_refusal(&fixture, "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=a",
                   ERR_INVALID_SIGNATURE,
                   "Credential should be scoped with a valid terminator: 'aws4_request', not 'e'.");
    expect_refusal(&fixture, "AWS4-HMAC-SHA512 " CREDENTIAL ", SignedHeaders=host, Signature=a",
                   ERR_INCOMPLETE_SIGNATURE, "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512'.");
    expect_refusal(&fixture,
                   "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20251231/us-east-1/kinesis/aws4_request, "
                   "SignedHeaders=host, Signature=a",
                   ERR_INVALID_SIGNATURE,
                   "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
                   "'20251231' != '20260101', from '20260101T001500Z'.");
    expect_refusal(&fixture, "AWS4-HMAC-SHA256 " CREDENTIAL ", SignedHeaders=x-amz-date, Signature=a",
                   ERR_INVALID_SIGNATURE,
                   "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
    headers[1].value = STR("2026-01-01");
    CHECK_INT(verify(&fixture, &request, NOW), ERR_INCOMPLETE_SIGNATURE);
    CHECK_STR(fixture.sentence, "Date must be in ISO-8601 'basic format'. Got '2026-01-01'. "
                                "See http://en.wikipedia.org/wiki/ISO_8601");
    end_test(&fixture);
}

TEST("an unknown key, a wrong token, a missing one, one too many, an expired one")
{
    const struct vector *with_token = vector_named("botocore, session token");
    const struct vector *without = vector_named("botocore, PutRecord");
    struct sigv4_header headers[6];
    struct sigv4_request request = with_token->request;
    struct fixture fixture;

    begin_test(&fixture);
    expect_refusal(&fixture,
                   "AWS4-HMAC-SHA256 Credential=NOBODY/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host, "
                   "Signature=a",
                   ERR_UNRECOGNIZED_CLIENT, "The security token included in the request is invalid.");
    CHECK_INT(verify(&fixture, &with_token->request, NOW), ERR_UNRECOGNIZED_CLIENT);
    CHECK_STR(fixture.sentence, "The security token included in the request is invalid.");
    fixture.rules.credentials = fixture.token;
    CHECK_INT(verify(&fixture, &without->request, NOW), ERR_UNRECOGNIZED_CLIENT);
    memcpy(headers, request.headers, sizeof(headers));
    request.headers = headers;
    headers[4].value = STR("another token");
    CHECK_INT(verify(&fixture, &request, NOW), ERR_UNRECOGNIZED_CLIENT);
    CHECK_INT(verify(&fixture, &with_token->request, "20260101T010000Z"), ERR_EXPIRED_TOKEN);
    CHECK_STR(fixture.sentence, "The security token included in the request is expired");
    end_test(&fixture);
}

TEST("a clock that is more than five minutes off, either way")
{
    const struct vector *vector = vector_named("botocore, PutRecord");
    struct fixture fixture;

    begin_test(&fixture);
    CHECK(verify(&fixture, &vector->request, "20260101T002000Z") == OK);
    CHECK_INT(verify(&fixture, &vector->request, "20260101T002001Z"), ERR_INVALID_SIGNATURE);
    CHECK_STR(fixture.sentence,
              "Signature expired: 20260101T001500Z is now earlier than 20260101T001501Z (20260101T002001Z - 5 min.)");
    CHECK(verify(&fixture, &vector->request, "20260101T001000Z") == OK);
    CHECK_INT(verify(&fixture, &vector->request, "20260101T000959Z"), ERR_INVALID_SIGNATURE);
    CHECK_STR(fixture.sentence, "Signature not yet current: 20260101T001500Z is still later than 20260101T001459Z "
                                "(20260101T000959Z + 5 min.)");
    end_test(&fixture);
}

TEST("a presigned request lives as long as it says")
{
    const struct vector *vector = vector_named("botocore, presigned");
    struct fixture fixture;

    begin_test(&fixture);
    CHECK(verify(&fixture, &vector->request, "20260101T001959Z") == OK);
    CHECK_INT(verify(&fixture, &vector->request, "20260101T002000Z"), ERR_INVALID_SIGNATURE);
    CHECK_STR(fixture.sentence,
              "Signature expired: 20260101T001500Z is now earlier than 20260101T001501Z (20260101T002000Z - 299 sec.)");
    vector = vector_named("botocore, s3 presigned");
    CHECK(verify(&fixture, &vector->request, "20260101T011500Z") == OK);
    CHECK_INT(verify(&fixture, &vector->request, "20260101T011501Z"), ERR_INVALID_SIGNATURE);
    CHECK_STR(fixture.sentence,
              "Signature expired: 20260101T001500Z is now earlier than 20260101T001501Z (20260101T011501Z - 60 min.)");
    end_test(&fixture);
}

TEST("a body that is not what x-amz-content-sha256 says")
{
    const struct vector *vector = vector_named("botocore, s3");
    struct sigv4_request request = vector->request;
    struct fixture fixture;

    begin_test(&fixture);
    request.body = STR("hellO");
    CHECK_INT(verify(&fixture, &request, NOW), ERR_INVALID_SIGNATURE);
    CHECK_STR(fixture.sentence, "The provided 'x-amz-content-sha256' header does not match what was computed.");
    end_test(&fixture);
}

TEST("in open mode every well-formed signature is accepted, and the others get the usual texts")
{
    struct fixture fixture;
    struct sigv4_header headers[3];
    struct sigv4_request request =
        signed_with(headers, "AWS4-HMAC-SHA256 Credential=test/x/eu-north-1/firehose/aws4_request, SignedHeaders=a, "
                             "Signature=b");

    begin_test(&fixture);
    fixture.rules.credentials = NULL;
    headers[1].value = STR("any day");
    CHECK(verify(&fixture, &request, NOW) == OK);
    CHECK_STR(str_of(fixture.identity.account), "000000000000");
    CHECK_STR(fixture.identity.principal_arn, "arn:aws:iam::000000000000:root");
    CHECK_STR(fixture.identity.region, "eu-north-1");
    CHECK_STR(fixture.identity.service, "firehose");
    CHECK(fixture.identity.administrator && !fixture.identity.verified);
    headers[2].value = STR("AWS4-HMAC-SHA256 Credential=210987654321/x/r/s/aws4_request, SignedHeaders=a, Signature=b");
    CHECK(verify(&fixture, &request, NOW) == OK);
    CHECK_STR(str_of(fixture.identity.account), "210987654321");
    headers[2].value = STR("AWS4-HMAC-SHA256 Credential=a, Signature=b");
    CHECK_INT(verify(&fixture, &request, NOW), ERR_INCOMPLETE_SIGNATURE);
    CHECK_STR(fixture.sentence, "Authorization header requires 'SignedHeaders' parameter. "
                                "Authorization=AWS4-HMAC-SHA256 Credential=a, Signature=b");
    headers[2].value = STR("");
    CHECK_INT(verify(&fixture, &request, NOW), ERR_MISSING_TOKEN);
    end_test(&fixture);
}

static const struct sigv4_signer example = {
    .access_key = { "AKIDEXAMPLE", 11 },
    .secret_key = { "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", 40 },
    .region = { "eu-west-1", 9 },
    .service = { "kinesis", 7 },
};

TEST("signing gives what botocore gives")
{
    const struct vector *vector = vector_named("botocore, PutRecord");
    struct sigv4_request request = vector->request;
    struct sigv4_signer signer = example;
    struct sigv4_signed signed_;
    struct fixture fixture;

    begin_test(&fixture);
    request.header_count = 4; /* without X-Amz-Date and Authorization */
    CHECK(sigv4_sign(fixture.sigv4, &signer, &request, at(NOW), &fixture.arena, &signed_) == OK);
    CHECK(str_eq(signed_.authorization, vector->request.headers[5].value));
    CHECK_STR(signed_.amz_date, NOW);
    CHECK(!str_present(signed_.security_token) && !str_present(signed_.content_sha256));

    vector = vector_named("botocore, session token");
    request = vector->request;
    request.header_count = 3;
    signer.session_token = STR(TOKEN);
    CHECK(sigv4_sign(fixture.sigv4, &signer, &request, at(NOW), &fixture.arena, &signed_) == OK);
    CHECK(str_eq(signed_.authorization, vector->request.headers[5].value));
    CHECK_STR(signed_.security_token, TOKEN);

    vector = vector_named("botocore, s3");
    request = vector->request;
    request.header_count = 1;
    signer.session_token = (str){ 0 };
    signer.service = STR("s3");
    CHECK(sigv4_sign(fixture.sigv4, &signer, &request, at(NOW), &fixture.arena, &signed_) == OK);
    CHECK(str_eq(signed_.authorization, vector->request.headers[3].value));
    CHECK_STR(signed_.content_sha256, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    end_test(&fixture);
}

TEST("presigning gives what botocore gives")
{
    const struct vector *vector = vector_named("botocore, presigned");
    struct sigv4_request request = vector->request;
    struct sigv4_signer signer = example;
    struct fixture fixture;
    str query;

    begin_test(&fixture);
    request.query = STR("X-Amz-ChannelARN=arn%3Aaws%3Akinesisvideo%3Aeu-west-1%3A123456789012%3Achannel%2Fdemo%2F1&"
                        "X-Amz-ClientId=me");
    signer.service = STR("kinesisvideo");
    CHECK(sigv4_presign(fixture.sigv4, &signer, &request, at(NOW), 299, &fixture.arena, &query) == OK);
    CHECK(str_eq(query, vector->request.query));

    vector = vector_named("botocore, presigned with a token");
    request.query = (str){ 0 };
    signer.service = STR("sts");
    signer.session_token = STR(TOKEN);
    CHECK(sigv4_presign(fixture.sigv4, &signer, &request, at(NOW), 60, &fixture.arena, &query) == OK);
    CHECK(str_eq(query, vector->request.query));

    vector = vector_named("botocore, s3 presigned");
    request = vector->request;
    request.query = STR("response-content-type=text%2Fplain");
    signer.service = STR("s3");
    signer.session_token = (str){ 0 };
    CHECK(sigv4_presign(fixture.sigv4, &signer, &request, at(NOW), 3600, &fixture.arena, &query) == OK);
    CHECK(str_eq(query, vector->request.query));
    end_test(&fixture);
}

TEST("a request without a host cannot be signed")
{
    struct sigv4_header header = { STR("Content-Type"), STR("x") };
    struct sigv4_request request = { .method = STR("POST"), .path = STR("/"), .headers = &header, .header_count = 1 };
    struct sigv4_signed signed_;
    struct fixture fixture;

    begin_test(&fixture);
    CHECK_INT(sigv4_sign(fixture.sigv4, &example, &request, at(NOW), &fixture.arena, &signed_), ERR_MALFORMED);
    end_test(&fixture);
}

TEST("the bounds: a long canonical request, many signed headers, many parameters, a small arena")
{
    const struct vector *vector = vector_named("botocore, PutRecord");
    static char names[300], parameters[2100];
    struct sigv4_header headers[3];
    struct sigv4_request request;
    struct fixture fixture;
    struct arena small;
    struct identity identity;
    str sentence;

    begin_with(&fixture, (struct sigv4_bounds){ .cached_keys_max = 0, .canonical_bytes_max = 64 });
    CHECK_INT(verify(&fixture, &vector->request, NOW), ERR_TOO_LARGE);
    end_test(&fixture);

    begin_test(&fixture);
    memset(names, ';', sizeof(names) - 1);
    request = signed_with(headers, "");
    headers[2].value = arena_fmt(&fixture.arena, "AWS4-HMAC-SHA256 " CREDENTIAL ", SignedHeaders=host%s, Signature=a",
                                 names);
    CHECK_INT(verify(&fixture, &request, NOW), ERR_TOO_LARGE);
    memset(parameters, '&', sizeof(parameters) - 1);
    request = vector->request;
    request.query = str_of(parameters);
    CHECK_INT(verify(&fixture, &request, NOW), ERR_TOO_LARGE);

    arena_init(&small, 1);
    CHECK_INT(sigv4_verify(fixture.sigv4, &fixture.rules, &vector_named("botocore, odd query")->request, at(NOW),
                           &small, &identity, &sentence),
              ERR_NO_MEMORY);
    arena_deinit(&small);
    end_test(&fixture);
}

TEST("keys that were kept are found again, and the least recently used gives way")
{
    struct signing_keys keys;
    struct signing_scope scopes[9];
    char regions[9][2] = { 0 };
    struct digest_key key;
    uint8_t mac[DIGEST_BYTES], found_mac[DIGEST_BYTES];
    size_t found = 0;

    CHECK(signing_keys_init(&keys, 7, 1) == OK);
    CHECK_INT(keys.slot_count, 4);
    for (size_t i = 0; i < 9; i++) {
        regions[i][0] = (char)('a' + i);
        scopes[i] = (struct signing_scope){ STR("secret"), STR("20260101"), str_of(regions[i]), STR("kinesis") };
        digest_key_init(&key, str_of(regions[i]));
        digest_hmac(&key, STR("text"), mac);
        signing_keys_keep(&keys, &scopes[i], &key);
        CHECK(signing_keys_find(&keys, &scopes[i]));
        digest_hmac(signing_keys_find(&keys, &scopes[i]), STR("text"), found_mac);
        CHECK(memcmp(mac, found_mac, sizeof(mac)) == 0);
    }
    for (size_t i = 0; i < 9; i++)
        found += signing_keys_find(&keys, &scopes[i]) != NULL;
    CHECK_INT(found, 4);
    CHECK(signing_keys_find(&keys, &scopes[8]) && !signing_keys_find(&keys, &scopes[0]));
    scopes[8].secret = STR("changed");
    CHECK(!signing_keys_find(&keys, &scopes[8]));
    signing_keys_deinit(&keys);
}

TEST("a signature that does not match leaves no key behind")
{
    const struct vector *vector = vector_named("botocore, PutRecord");
    struct sigv4_request other = vector->request;
    struct fixture fixture;

    begin_test(&fixture);
    other.method = STR("GET");
    CHECK_INT(verify(&fixture, &other, NOW), ERR_INVALID_SIGNATURE);
    for (size_t i = 0; i < fixture.sigv4->keys.slot_count; i += 4)
        CHECK(fixture.sigv4->keys.clock == 0);
    CHECK(verify(&fixture, &vector->request, NOW) == OK);
    CHECK(fixture.sigv4->keys.clock == 1);
    end_test(&fixture);
}

UNIT_MAIN
