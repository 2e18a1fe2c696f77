/* sigv4_bench.c: nanoseconds of CPU per verification of a request as SDKs send it, by the size of its body. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "auth/credentials.h"
#include "auth/sigv4.h"

static int64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void expect(enum err err)
{
    if (err == OK)
        return;
    fprintf(stderr, "%s\n", err_sentence(err));
    exit(1);
}

static void bench(struct sigv4 *sigv4, const struct sigv4_rules *rules, const struct sigv4_request *request, ms now,
                  unsigned rounds)
{
    struct arena arena;
    struct identity identity;
    int64_t start;
    str sentence;

    arena_init(&arena, 1 << 20);
    start = now_ns();
    for (unsigned i = 0; i < rounds; i++) {
        expect(sigv4_verify(sigv4, rules, request, now, &arena, &identity, &sentence));
        arena_reset(&arena);
    }
    printf("body %6zu bytes: %lld ns per verification\n", request->body.size,
           (long long)((now_ns() - start) / rounds));
    arena_deinit(&arena);
}

int main(void)
{
    static const char users[] =
        "{\"users\": [{\"accessKeyId\": \"AKIDEXAMPLE\", \"secretAccessKey\": \"secret\", \"administrator\": true}]}";
    static char body[100000];
    const size_t sizes[] = { 0, 100, 1500, 100000 };
    const struct sigv4_signer signer = { .access_key = STR("AKIDEXAMPLE"), .secret_key = STR("secret"),
                                         .region = STR("eu-west-1"), .service = STR("kinesis") };
    struct sigv4_header headers[] = {
        { STR("Host"), STR("localhost:4567") },
        { STR("Accept-Encoding"), STR("identity") },
        { STR("X-Amz-Target"), STR("Kinesis_20131202.PutRecord") },
        { STR("Content-Type"), STR("application/x-amz-json-1.1") },
        { STR("User-Agent"), STR("Boto3/1.43.11 md/Botocore#1.43.11 ua/2.1 os/linux lang/python#3.11") },
        { STR("Content-Length"), STR("1500") },
        { STR("X-Amz-Date"), { 0 } },
        { STR("Authorization"), { 0 } },
    };
    struct sigv4_request request = { .method = STR("POST"), .path = STR("/"), .headers = headers, .header_count = 6 };
    struct sigv4_rules rules = { .open_account = STR("000000000000"), .skew_max = 300000 };
    struct credentials *credentials;
    struct sigv4_signed signed_;
    struct sigv4 *sigv4;
    struct arena arena;
    ms now = 1767226500000;
    str sentence;

    arena_init(&arena, 1 << 20);
    memset(body, 'x', sizeof(body));
    expect(sigv4_create((struct sigv4_bounds){ 64, 1 << 16 }, 7, &sigv4));
    expect(credentials_parse(str_of(users), STR("123456789012"), (struct credentials_bounds){ 4096, 10 }, 7, &arena,
                             &credentials, &sentence));
    rules.credentials = credentials;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        request.body = str_bytes(body, sizes[i]);
        request.header_count = 6;
        expect(sigv4_sign(sigv4, &signer, &request, now, &arena, &signed_));
        headers[6].value = signed_.amz_date;
        headers[7].value = signed_.authorization;
        request.header_count = 8;
        bench(sigv4, &rules, &request, now, sizes[i] > 10000 ? 20000 : 200000);
    }
    credentials_give(credentials);
    sigv4_destroy(sigv4);
    arena_deinit(&arena);
    return 0;
}
